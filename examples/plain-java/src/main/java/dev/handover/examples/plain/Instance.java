package dev.handover.examples.plain;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.nio.file.Path;
import java.time.Duration;

/** One instance of the service: draws a ticket every 300 ms and says which, for as long as the process that started it lives. */
final class Instance {
    private Instance() {}

    /** Arguments: its name, ZooKeeper's address, the directory. */
    public static void main(String[] arguments) throws Exception {
        String name = arguments[0];
        try (HaNode node = HaNode.builder(NodeId.of(name))
                .configurationStore(ZooKeeperConfigurationStore.connect(arguments[1]))
                .transport(NettyTransport.listen("127.0.0.1", 0)) // any free port: the others learn it from ZooKeeper
                .dataDirectory(Path.of(arguments[2], name))
                .start()) {
            ReplicatedLog tickets = node.join(GroupId.of("tickets"), new TicketOffice());
            tickets.awaitInSync(Duration.ofMinutes(1)).get(); // it has what was drawn before
            ProcessHandle parent = ProcessHandle.current().parent().orElseThrow();
            while (parent.isAlive()) {
                byte[] ticket = tickets.submit(new byte[0]).get(10, SECONDS);
                NodeId leader = tickets.status().leader();
                System.out.println(name + " drew ticket " + new String(ticket, UTF_8) + "; leader " + leader);
                Thread.sleep(300);
            }
        }
    }
}
