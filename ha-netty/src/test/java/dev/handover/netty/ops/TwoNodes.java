package dev.handover.netty.ops;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ops.OpsModel;
import dev.handover.replication.Command;
import dev.handover.replication.HaNode;
import dev.handover.replication.InMemoryConfigurationStore;
import dev.handover.replication.InMemoryNetwork;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import dev.handover.replication.storage.StorageOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Two nodes of one group in this process; a leads. */
final class TwoNodes implements AutoCloseable {
    static final GroupId GROUP = GroupId.of("g");
    private static final Duration LONG = Duration.ofSeconds(20);

    final InMemoryNetwork network = new InMemoryNetwork();
    final HaNode a;
    final HaNode b;
    final ReplicatedLog logA;
    final ReplicatedLog logB;
    final OpsModel modelA;
    final OpsModel modelB;
    private final InMemoryConfigurationStore store = new InMemoryConfigurationStore();
    private final List<AutoCloseable> opened = new ArrayList<>();

    /** Counts. */
    private static final class Counter implements StateMachine {
        private int count;

        @Override
        public byte[] apply(Command command) {
            return new byte[] {(byte) ++count};
        }

        @Override
        public byte[] query(byte[] query) {
            return new byte[] {(byte) count};
        }
    }

    TwoNodes(Path directory) throws Exception {
        a = node(directory, "a");
        logA = a.join(GROUP, new Counter());
        logA.awaitInSync(LONG).get(LONG.toSeconds(), TimeUnit.SECONDS);
        b = node(directory, "b");
        logB = b.join(GROUP, new Counter());
        logB.awaitInSync(LONG).get(LONG.toSeconds(), TimeUnit.SECONDS);
        modelA = keep(OpsModel.of(a));
        modelB = keep(OpsModel.of(b));
    }

    private HaNode node(Path directory, String id) {
        return keep(HaNode.builder(NodeId.of(id))
                .configurationStore(store.connect())
                .transport(network.transport())
                .dataDirectory(directory.resolve(id))
                .storage(new StorageOptions(64 << 10, 0))
                .failureTimeout(Duration.ofSeconds(5))
                .start());
    }

    <T extends AutoCloseable> T keep(T resource) {
        opened.add(0, resource);
        return resource;
    }

    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + LONG + ": " + what);
            }
            Thread.sleep(5);
        }
    }

    @Override
    public void close() {
        for (AutoCloseable resource : opened) {
            try {
                resource.close();
            } catch (Exception e) {
                throw new AssertionError("cannot close " + resource, e);
            }
        }
        store.close();
        network.close();
    }
}
