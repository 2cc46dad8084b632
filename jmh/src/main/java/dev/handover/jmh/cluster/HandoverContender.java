package dev.handover.jmh.cluster;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.Command;
import dev.handover.replication.Consistency;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import java.time.Duration;
import java.util.List;

/** This project. */
final class HandoverContender implements Contender {
    private static final Duration WAIT = Duration.ofSeconds(60);

    @Override
    public String name() {
        return "handover";
    }

    @Override
    public String title() {
        return "Handover";
    }

    @Override
    public String version() {
        return "of this checkout";
    }

    @Override
    public List<String> settings() {
        return List.of(
                "all defaults; every replica in the in-sync set, so an answer means durable on all of them",
                "client: a frame over TCP to the leader's process, which submits to its replicated log",
                "ZooKeeper: one embedded server in the benchmark's own process");
    }

    @Override
    public boolean reads() {
        return true;
    }

    @Override
    public Server serve(Layout layout, int self) throws Exception {
        Ledger ledger = new Ledger();
        HaNode node = HaNode.builder(NodeId.of("n" + self))
                .configurationStore(ZooKeeperConfigurationStore.connect(layout.zooKeeper()))
                .transport(NettyTransport.listen(Layout.HOST, layout.port(self, 1)))
                .dataDirectory(layout.data(self))
                .start();
        ReplicatedLog log = node.join(GroupId.of("bench-" + layout.directory().getFileName()), new StateMachine() {
            @Override
            public byte[] apply(Command command) {
                long applied = ledger.apply(Ledger.number(command.payload(), 0));
                byte[] result = new byte[Long.BYTES];
                Ledger.putNumber(result, applied);
                return result;
            }
        });
        log.awaitInSync(WAIT).get();
        Front.listen(layout.port(self, 0), new Front.Backend() {
            @Override
            public boolean leads() {
                return log.status().role().leads();
            }

            @Override
            public void submit(byte[] command, Front.Answer answer) {
                log.submit(command).whenComplete(answer);
            }

            @Override
            public void read(Front.Answer answer) {
                log.read(Consistency.LINEARIZABLE, ledger::applied).whenComplete(answer);
            }
        });
        return new Server(() -> log.status().role().leads(), ledger);
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        return new FrontClient(layout, true);
    }
}
