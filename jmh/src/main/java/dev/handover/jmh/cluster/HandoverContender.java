package dev.handover.jmh.cluster;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.jmh.copies.Copies;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.Consistency;
import dev.handover.replication.HaNode;
import dev.handover.replication.InPlaceStateMachine;
import dev.handover.replication.ReplicatedLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;

/** This project; or the same with mutual TLS between the replicas, and without it between client and leader as ever. */
final class HandoverContender implements Contender {
    static final String NAME = "handover";
    static final String TLS = "handover-tls";
    private static final Duration WAIT = Duration.ofSeconds(60);

    private final boolean tls;

    HandoverContender() {
        this(false);
    }

    HandoverContender(boolean tls) {
        this.tls = tls;
    }

    static String node(int replica) {
        return "n" + replica;
    }

    @Override
    public String name() {
        return tls ? TLS : NAME;
    }

    @Override
    public String title() {
        return tls ? "Handover with TLS" : "Handover";
    }

    @Override
    public String version() {
        return "of this checkout";
    }

    @Override
    public List<String> settings() {
        return List.of(
                (tls ? "TLS between the replicas (mutual, the JDK's, EC certificates), else " : "")
                        + "all defaults; every replica in the in-sync set from the beginning of each row to its end, which is checked, so an answer means durable on all of them",
                "client: a frame over TCP to the leader's process, which submits to its replicated log",
                "ZooKeeper: one embedded server in the benchmark's own process");
    }

    @Override
    public boolean reads() {
        return true;
    }

    @Override
    public void prepare(Layout layout) throws IOException, InterruptedException {
        if (tls) {
            BenchmarkTls.make(layout);
        }
    }

    @Override
    public Server serve(Layout layout, int self) throws Exception {
        Ledger ledger = new Ledger();
        NettyTransport.Builder transport = NettyTransport.builder(Layout.HOST, layout.port(self, 1));
        if (tls) {
            transport.tls(BenchmarkTls.options(layout));
        }
        HaNode node = HaNode.builder(NodeId.of(node(self)))
                .configurationStore(ZooKeeperConfigurationStore.connect(layout.zooKeeper()))
                .transport(transport.build())
                .dataDirectory(layout.data(self))
                .start();
        ReplicatedLog log =
                node.join(GroupId.of("bench-" + layout.directory().getFileName()), new InPlaceStateMachine() {
                    @Override
                    public byte[] apply(long index, long epoch, long timestampMillis, ByteBuffer command) {
                        long applied = ledger.apply(command.getLong());
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
                submit(ByteBuffer.wrap(command), answer);
            }

            @Override
            public void submit(ByteBuffer command, Front.Answer answer) {
                log.submit(command, answer);
            }

            @Override
            public void read(Front.Answer answer) {
                log.read(Consistency.LINEARIZABLE, ledger::applied).whenComplete(answer);
            }
        });
        return new Server(() -> log.status().role().leads(), ledger, () -> Copies.of(log.status()));
    }

    @Override
    public Client connect(Layout layout) throws Exception {
        return new FrontClient(layout);
    }
}
