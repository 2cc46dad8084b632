package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.await;
import static dev.handover.replication.TestCluster.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.SnapshotStep;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.storage.StorageOptions;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A snapshot on its way between two nodes on real disks, and what is sent again when the way is lost in the middle. */
@Timeout(120)
class SnapshotResumeTest {
    private static final int STATE_BYTES = 12 << 20;
    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");

    /** Has a large state that no command changes, and how many commands there were. */
    private static final class Large extends TestCluster.Journal {
        private final byte[] state = new byte[STATE_BYTES];

        Large() {
            new Random(1).nextBytes(state);
        }

        @Override
        public StateSnapshot snapshot() {
            List<String> copy = List.copyOf(commands);
            return (StateSnapshot.Handle) out -> {
                DataOutputStream data = new DataOutputStream(out);
                data.write(state);
                data.writeInt(copy.size());
                for (String command : copy) {
                    data.writeUTF(command);
                }
            };
        }

        @Override
        public void restore(InputStream in) throws IOException {
            DataInputStream data = new DataInputStream(in);
            if (!java.util.Arrays.equals(data.readNBytes(STATE_BYTES), state)) {
                throw new IOException("the state is not what was sent");
            }
            commands.clear();
            for (int left = data.readInt(); left > 0; left--) {
                commands.add(data.readUTF());
            }
        }
    }

    /** Counts what a sends of snapshots to b, and lets something happen in the middle. */
    private static final class Chunks implements InMemoryNetwork.Watcher {
        final AtomicLong sentBytes = new AtomicLong();
        final List<Long> offsetsAfter = new CopyOnWriteArrayList<>();
        final CountDownLatch middle = new CountDownLatch(1);
        private final Runnable inTheMiddle;

        Chunks(Runnable inTheMiddle) {
            this.inTheMiddle = inTheMiddle;
        }

        @Override
        public void leaving(NodeId from, NodeId to, dev.handover.replication.transport.Envelope envelope) {
            if (from.equals(A) && to.equals(B) && envelope.message() instanceof Message.SnapshotChunk chunk) {
                if (middle.getCount() == 0) {
                    offsetsAfter.add(chunk.offset());
                } else if (chunk.offset() >= STATE_BYTES / 2) {
                    middle.countDown();
                    inTheMiddle.run();
                    return;
                }
                sentBytes.addAndGet(chunk.data().length);
            }
        }
    }

    @Test
    void shouldGoOnWhereTheConnectionWasLost(@TempDir Path directory) throws Exception {
        try (TestCluster cluster = cluster(directory)) {
            TestCluster.Running a = leaderThatHasWhatTheOtherNeeds(cluster);
            Chunks chunks = new Chunks(() -> cluster.network.cut(A, B));
            cluster.network.watch(chunks);
            TestCluster.Running b = cluster.start("b");
            assertThat(chunks.middle.await(60, TimeUnit.SECONDS)).isTrue();
            await("the leader gives up for now", () -> steps(a).contains(SnapshotStep.SENDING_FAILED));
            cluster.network.heal();
            isWholeWithoutABeginningFromZero(a, b, chunks);
        }
    }

    @Test
    void shouldGoOnWhereTheReceiverWasKilled(@TempDir Path directory) throws Exception {
        try (TestCluster cluster = cluster(directory)) {
            TestCluster.Running a = leaderThatHasWhatTheOtherNeeds(cluster);
            Chunks chunks = new Chunks(() -> cluster.network.cut(A, B));
            cluster.network.watch(chunks);
            cluster.start("b");
            assertThat(chunks.middle.await(60, TimeUnit.SECONDS)).isTrue();
            cluster.crash("b");
            cluster.network.heal();
            isWholeWithoutABeginningFromZero(a, cluster.start("b"), chunks);
        }
    }

    @Test
    void shouldShowHowFarItIs(@TempDir Path directory) throws Exception {
        try (TestCluster cluster = cluster(directory)) {
            TestCluster.Running a = leaderThatHasWhatTheOtherNeeds(cluster);
            CountDownLatch shown = new CountDownLatch(1);
            cluster.network.watch((from, to, envelope) -> {
                if (envelope.message() instanceof Message.SnapshotChunk
                        && !a.log().status().snapshots().sending().isEmpty()) {
                    SnapshotStatus.Passage passage =
                            a.log().status().snapshots().sending().get(0);
                    if (passage.peer().equals(B) && passage.position() > 0 && passage.bytes() > STATE_BYTES) {
                        shown.countDown();
                    }
                }
            });
            TestCluster.Running b = cluster.start("b");
            await("it says from whom, and how far", () -> {
                SnapshotStatus.Passage passage = b.log().status().snapshots().receiving();
                return passage != null && passage.peer().equals(A) && passage.position() > 0;
            });
            b.log().awaitInSync(LONG).get(60, TimeUnit.SECONDS);
            assertThat(shown.await(20, TimeUnit.SECONDS)).isTrue();
            await(
                    "nothing is on its way any more",
                    () -> a.log().status().snapshots().sending().isEmpty()
                            && b.log().status().snapshots().receiving() == null);
            assertThat(b.log().status().snapshots().bytes())
                    .isEqualTo(a.log().status().snapshots().bytes());
            assertThat(b.log().status().snapshots().took()).isPositive();
        }
    }

    private static void isWholeWithoutABeginningFromZero(TestCluster.Running a, TestCluster.Running b, Chunks chunks)
            throws Exception {
        b.log().awaitInSync(LONG).get(60, TimeUnit.SECONDS);
        await("everything is there", () -> b.journal().commands.equals(a.journal().commands));
        await("both steps are told", () -> steps(b).containsAll(
                        List.of(SnapshotStep.RECEIVED, SnapshotStep.INSTALLED)));
        int window = SnapshotSending.WINDOW_BYTES;
        assertThat(chunks.offsetsAfter)
                .isNotEmpty()
                .as("what was sent and not yet written when it happened is sent again, and no more")
                .allMatch(offset -> offset >= STATE_BYTES / 2 - 2L * window);
        long bytes = b.log().status().snapshots().bytes();
        assertThat(chunks.sentBytes.get()).isBetween(bytes, bytes + 2L * window);
    }

    private static TestCluster cluster(Path directory) {
        TestCluster cluster = new TestCluster();
        cluster.onDisk = directory;
        cluster.machines = Large::new;
        cluster.settings = builder -> builder.snapshotBytes(1L << 30)
                .snapshotMarginEntries(0)
                .storage(StorageOptions.defaults().withSegmentBytes(64 << 10));
        return cluster;
    }

    /** b was there and is not now, and the log of a no longer holds what it needs. */
    private static TestCluster.Running leaderThatHasWhatTheOtherNeeds(TestCluster cluster) throws Exception {
        TestCluster.Running a = cluster.startInSync("a", "b").get(0);
        a.log().submit(bytes("with b")).get(20, TimeUnit.SECONDS);
        cluster.running.remove("b").node().close();
        String large = "x".repeat(30_000);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 8; i++) {
                a.log().submit(bytes(round + " " + i + large)).get(20, TimeUnit.SECONDS);
            }
            a.log().snapshot().get(20, TimeUnit.SECONDS);
        }
        return a;
    }

    private static List<SnapshotStep> steps(TestCluster.Running of) {
        return of.events().stream()
                .filter(HaEvent.Snapshot.class::isInstance)
                .map(event -> ((HaEvent.Snapshot) event).step())
                .toList();
    }
}
