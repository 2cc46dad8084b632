package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.await;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.SnapshotStep;
import dev.handover.replication.storage.StorageOptions;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Snapshots in running groups: taken while commands flow, used at a start, and sent to who was away. */
@Timeout(90)
class SnapshotClusterTest {
    /** Gives a copy of its list. */
    static class CopyingJournal extends TestCluster.Journal {
        final AtomicInteger restored = new AtomicInteger();

        @Override
        public StateSnapshot snapshot() {
            List<String> copy = new ArrayList<>(commands);
            return (StateSnapshot.Handle) out -> write(copy, out);
        }

        static void write(List<String> commands, OutputStream out) throws IOException {
            out.write(String.join("\n", commands).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public void restore(InputStream in) throws IOException {
            restored.incrementAndGet();
            commands.clear();
            String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            if (!all.isEmpty()) {
                commands.addAll(List.of(all.split("\n")));
            }
        }
    }

    /** A table of counters, written row by row; what changes before its row was written is put aside. */
    static final class Table extends TestCluster.Journal {
        private static final int ROWS = 64;
        final long[] rows = new long[ROWS];
        final AtomicInteger changedWhileWritten = new AtomicInteger();
        private final Map<Integer, Long> before = new HashMap<>();
        private int next = ROWS;

        @Override
        public byte[] apply(Command command) {
            int row = Math.floorMod(text(command.payload()).hashCode(), ROWS);
            if (row >= next) {
                before.putIfAbsent(row, rows[row]);
                changedWhileWritten.incrementAndGet();
            }
            rows[row]++;
            return super.apply(command);
        }

        @Override
        public StateSnapshot snapshot() {
            next = 0;
            int count = commands.size();
            return new StateSnapshot.Pieces() {
                @Override
                public boolean writeNext(OutputStream out) throws IOException {
                    DataOutputStream data = new DataOutputStream(out);
                    if (next == 0) {
                        data.writeInt(count);
                    }
                    data.writeLong(before.getOrDefault(next, rows[next]));
                    return ++next < ROWS;
                }

                @Override
                public void close() {
                    next = ROWS;
                    before.clear();
                }
            };
        }

        @Override
        public void restore(InputStream in) throws IOException {
            DataInputStream data = new DataInputStream(in);
            commands.clear();
            int count = data.readInt();
            for (int i = 0; i < ROWS; i++) {
                rows[i] = data.readLong();
            }
            for (int i = 0; i < count; i++) {
                commands.add("restored");
            }
        }

        long sum() {
            long sum = 0;
            for (long row : rows) {
                sum += row;
            }
            return sum;
        }
    }

    @Test
    void shouldTakeThemBySizeDropTheLogBeforeAndStartFromTheNewest() throws Exception {
        try (TestCluster cluster = cluster(CopyingJournal::new)) {
            TestCluster.Running a = cluster.startInSync("a").get(0);
            submit(a, 0, 400);
            await("the log begins later", () -> cluster.logs.firstIndex(GROUP, NodeId.of("a")) > 1);
            List<String> all = List.copyOf(a.journal().commands);
            cluster.crash("a");
            TestCluster.Running again = cluster.startInSync("a").get(0);
            assertThat(((CopyingJournal) again.journal()).restored.get()).isEqualTo(1);
            assertThat(again.journal().commands).isEqualTo(all);
            submit(again, 400, 420);
            assertThat(again.journal().commands).hasSize(420);
        }
    }

    @Test
    void shouldKeepTheMarginForWhoIsBehindByBytes(@TempDir Path directory) throws Exception {
        for (long margin : new long[] {0, 1 << 20}) {
            try (TestCluster cluster = cluster(CopyingJournal::new)) {
                cluster.onDisk = directory.resolve("margin-" + margin);
                cluster.settings = builder -> builder.snapshotBytes(1L << 30)
                        .snapshotMarginBytes(margin)
                        .storage(StorageOptions.defaults().withSegmentBytes(64 << 10));
                TestCluster.Running a = cluster.startInSync("a", "b").get(0);
                cluster.running.remove("b").node().close();
                for (int round = 1; round <= 4; round++) { // some 100 KiB each
                    submit(a, 1000 * round, 1000 * (round + 1));
                    a.log().snapshot().get(20, TimeUnit.SECONDS);
                }
                TestCluster.Running b = cluster.start("b");
                b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
                await("everything is there", () -> b.journal().commands.equals(a.journal().commands));
                assertThat(((CopyingJournal) b.journal()).restored.get()).isEqualTo(margin == 0 ? 1 : 0);
            }
        }
    }

    @Test
    void shouldShowWhatItKnowsOfItsSnapshots() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (TestCluster cluster = cluster(() -> new CopyingJournal() {
            @Override
            public StateSnapshot snapshot() {
                StateSnapshot.Handle copy = (StateSnapshot.Handle) super.snapshot();
                return (StateSnapshot.Handle) out -> {
                    begun.countDown();
                    try {
                        assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                    copy.write(out);
                };
            }
        })) {
            cluster.settings = builder -> builder.snapshotBytes(1L << 30);
            TestCluster.Running a = cluster.startInSync("a").get(0);
            submit(a, 0, 30);
            assertThat(a.log().status().snapshots()).isEqualTo(SnapshotStatus.NONE);
            Instant before = Instant.now().minusMillis(1);
            CompletableFuture<Long> index = a.log().snapshot();
            assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(a.log().status().snapshots().taking()).isTrue();
            go.countDown();
            long at = index.get(20, TimeUnit.SECONDS);
            SnapshotStatus taken = a.log().status().snapshots();
            assertThat(taken.index()).isEqualTo(at);
            assertThat(taken.taking()).isFalse();
            assertThat(taken.bytes()).isPositive();
            assertThat(taken.at()).isBetween(before, Instant.now());
            assertThat(taken.took()).isPositive();
            cluster.crash("a");
            SnapshotStatus found =
                    cluster.startInSync("a").get(0).log().status().snapshots();
            assertThat(found.index()).isEqualTo(at);
            assertThat(found.at()).isEqualTo(taken.at());
            assertThat(found.took()).isNull();
        }
    }

    @Test
    void shouldBringBackAFollowerThatNeedsWhatTheLogNoLongerHolds() throws Exception {
        try (TestCluster cluster = cluster(CopyingJournal::new)) {
            TestCluster.Running a = cluster.startInSync("a", "b").get(0);
            submit(a, 0, 20);
            cluster.running.remove("b").node().close();
            submit(a, 20, 600);
            long end = cluster.logs.durable(GROUP, NodeId.of("b")).size();
            await(
                    "the log begins behind the other's end",
                    () -> cluster.logs.firstIndex(GROUP, NodeId.of("a")) > end + 1);
            TestCluster.Running b = cluster.start("b");
            submit(a, 600, 650); // the leader serves on
            b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            await("everything is there", () -> b.journal().commands.size() == 650);
            assertThat(b.journal().commands).isEqualTo(a.journal().commands);
            assertThat(((CopyingJournal) b.journal()).restored.get()).isPositive();
            assertThat(steps(b)).contains(SnapshotStep.RECEIVED, SnapshotStep.INSTALLED);
            await("the leader says so", () -> steps(a).contains(SnapshotStep.SENT));
            a.node().close();
            cluster.running.remove("a");
            b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            submit(b, 650, 660);
            assertThat(b.journal().commands).hasSize(660);
        }
    }

    /** Writes pieces without end while it is told to. */
    static final class EndlessJournal extends CopyingJournal {
        volatile boolean endless;

        @Override
        public StateSnapshot snapshot() {
            return !endless
                    ? super.snapshot()
                    : (StateSnapshot.Pieces) out -> {
                        out.write('x');
                        return endless;
                    };
        }
    }

    @Test
    void shouldGiveUpASnapshotOfAStateThatWasReplaced() throws Exception {
        try (TestCluster cluster = cluster(EndlessJournal::new)) {
            cluster.startInSync("a", "b");
            List<TestCluster.Running> both = List.copyOf(cluster.running.values());
            submit(both.get(0), 0, 10);
            List<CompletableFuture<Long>> taken = new ArrayList<>();
            for (TestCluster.Running each : both) {
                await(
                        "nothing else is being taken",
                        () -> !each.log().status().snapshots().taking());
                ((EndlessJournal) each.journal()).endless = true;
                taken.add(each.log().snapshot());
                await("it is being taken", () -> each.log().status().snapshots().taking());
            }
            cluster.network.cut(NodeId.of("a"), NodeId.of("b"));
            await("one of them leads alone", () -> both.stream().anyMatch(SnapshotClusterTest::leadsAlone));
            int leader = leadsAlone(both.get(0)) ? 0 : 1;
            TestCluster.Running behind = both.get(1 - leader);
            ((EndlessJournal) both.get(leader).journal()).endless = false;
            taken.get(leader).get(20, TimeUnit.SECONDS);
            submit(both.get(leader), 10, 600);
            long end = cluster.logs.durable(GROUP, behind.node().id()).size();
            await(
                    "the log begins behind the other's end",
                    () -> cluster.logs.firstIndex(GROUP, both.get(leader).node().id()) > end + 1);
            cluster.network.heal();
            await(
                    "everything is there",
                    () -> behind.journal().commands.equals(both.get(leader).journal().commands));
            assertThat(((CopyingJournal) behind.journal()).restored.get()).isPositive();
            assertThatThrownBy(() -> taken.get(1 - leader).get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("was replaced");
        }
    }

    private static boolean leadsAlone(TestCluster.Running one) {
        GroupStatus status = one.log().status();
        Configuration known = status.configuration();
        return status.role() == Role.LEADER
                && known != null
                && known.inSync().size() == 1
                && known.leader().node().equals(one.node().id());
    }

    @Test
    void shouldWriteAStateInPiecesWhileItChanges() throws Exception {
        try (TestCluster cluster = cluster(Table::new)) {
            TestCluster.Running a = cluster.startInSync("a").get(0);
            Table table = (Table) a.journal();
            int sent = 0;
            while (table.changedWhileWritten.get() == 0 && sent < 20_000) {
                submit(a, sent, sent + 200);
                sent += 200;
            }
            assertThat(table.changedWhileWritten.get())
                    .as("changes between the pieces")
                    .isPositive();
            long index = a.log().snapshot().get(20, TimeUnit.SECONDS);
            assertThat(index).isPositive();
            long[] rows = table.rows.clone();
            cluster.crash("a");
            Table again = (Table) cluster.startInSync("a").get(0).journal();
            assertThat(again.rows).isEqualTo(rows);
            assertThat(again.sum()).isEqualTo(sent);
        }
    }

    @Test
    void shouldGoOnWhenASnapshotFails() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        try (TestCluster cluster = cluster(() -> new CopyingJournal() {
            @Override
            public StateSnapshot snapshot() {
                if (failures.getAndIncrement() == 0) {
                    throw new IllegalStateException("not now");
                } else if (failures.get() == 2) {
                    return (StateSnapshot.Handle) out -> {
                        throw new IOException("no room");
                    };
                }
                return super.snapshot();
            }
        })) {
            TestCluster.Running a = cluster.startInSync("a").get(0);
            submit(a, 0, 10);
            assertThatThrownBy(() -> a.log().snapshot().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("not now");
            submit(a, 10, 20);
            assertThatThrownBy(() -> a.log().snapshot().get(20, TimeUnit.SECONDS))
                    .hasMessageContaining("no room");
            assertThat(a.log().status().role()).isEqualTo(Role.LEADER);
            assertThat(steps(a)).contains(SnapshotStep.TAKING_FAILED);
            submit(a, 20, 30);
            assertThat(a.log().snapshot().get(20, TimeUnit.SECONDS)).isPositive();
            assertThat(a.log().snapshot().get(20, TimeUnit.SECONDS)).isPositive();
        }
    }

    @Test
    void shouldFallBackToTheOlderOneAndTheLogWhenTheNewestCannotBeRestored() throws Exception {
        AtomicInteger toFail = new AtomicInteger();
        try (TestCluster cluster = cluster(() -> new CopyingJournal() {
            @Override
            public void restore(InputStream in) throws IOException {
                super.restore(in);
                if (toFail.getAndDecrement() > 0) {
                    throw new IOException("a bit has flipped");
                }
            }
        })) {
            TestCluster.Running a = cluster.startInSync("a").get(0);
            submit(a, 0, 300);
            a.log().snapshot().get(20, TimeUnit.SECONDS);
            submit(a, 300, 310);
            a.log().snapshot().get(20, TimeUnit.SECONDS);
            List<String> all = List.copyOf(a.journal().commands);
            cluster.crash("a");
            toFail.set(1);
            TestCluster.Running again = cluster.startInSync("a").get(0);
            assertThat(((CopyingJournal) again.journal()).restored.get()).isEqualTo(2);
            assertThat(again.journal().commands).isEqualTo(all);
        }
    }

    @Test
    void shouldStopRatherThanServeWithoutItsState() throws Exception {
        AtomicInteger toFail = new AtomicInteger();
        try (TestCluster cluster = cluster(() -> new CopyingJournal() {
            @Override
            public void restore(InputStream in) throws IOException {
                if (toFail.get() > 0) {
                    throw new IOException("a bit has flipped");
                }
                super.restore(in);
            }
        })) {
            TestCluster.Running a = cluster.startInSync("a").get(0);
            submit(a, 0, 20);
            a.log().snapshot().get(20, TimeUnit.SECONDS);
            cluster.crash("a");
            toFail.set(1);
            TestCluster.Running again = cluster.start("a");
            await("it stops itself", () -> again.log().status().role() == Role.FAULTED);
            assertThat(again.log().status().fault())
                    .contains("cannot be restored from the snapshot", "a bit has flipped");
        }
    }

    @Test
    void shouldKeepTheResultsOfSessionsInSnapshots() throws Exception { // R17
        try (TestCluster cluster = cluster(CopyingJournal::new)) {
            TestCluster.Running a = cluster.startInSync("a", "b").get(0);
            Session session = a.log().openSession().get(10, TimeUnit.SECONDS);
            for (int i = 0; i < 50; i++) {
                session.submit(bytes("s" + i)).get(20, TimeUnit.SECONDS);
            }
            cluster.running.get("b").log().snapshot().get(20, TimeUnit.SECONDS);
            cluster.crash("b");
            TestCluster.Running b = cluster.start("b");
            b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            session.submit(bytes("after")).get(20, TimeUnit.SECONDS);
            await("applied once, and not refused", () -> b.journal().commands.size() == 51);
            assertThat(b.journal().commands).isEqualTo(a.journal().commands);
        }
    }

    @Test
    void shouldSayThatAMachineTakesNone() throws Exception {
        try (TestCluster cluster = cluster(TestCluster.Journal::new)) {
            TestCluster.Running a = cluster.startInSync("a").get(0);
            submit(a, 0, 100);
            assertThatThrownBy(() -> a.log().snapshot().get(20, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("override StateMachine.snapshot");
            assertThat(cluster.logs.firstIndex(GROUP, NodeId.of("a"))).isEqualTo(1);
        }
    }

    @Test
    void shouldDoTheSameOnRealDisks(@TempDir Path directory) throws Exception {
        try (TestCluster cluster = cluster(CopyingJournal::new)) {
            cluster.onDisk = directory;
            cluster.settings = builder -> builder.snapshotBytes(1L << 30)
                    .snapshotMarginEntries(0)
                    .storage(StorageOptions.defaults().withSegmentBytes(64 << 10));
            TestCluster.Running a = cluster.startInSync("a", "b").get(0);
            submit(a, 0, 20);
            cluster.running.remove("b").node().close();
            for (int round = 1; round <= 4; round++) {
                submit(a, 2000 * round, 2000 * (round + 1));
                a.log().snapshot().get(20, TimeUnit.SECONDS);
            }
            TestCluster.Running b = cluster.start("b");
            b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            await("everything is there", () -> b.journal().commands.equals(a.journal().commands));
            assertThat(steps(b)).contains(SnapshotStep.INSTALLED);
            List<String> all = List.copyOf(b.journal().commands);
            cluster.crash("b");
            cluster.crash("a");
            TestCluster.Running again = cluster.start("b");
            cluster.start("a");
            again.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            assertThat(((CopyingJournal) again.journal()).restored.get()).isPositive();
            assertThat(again.journal().commands).isEqualTo(all);
        }
    }

    private static TestCluster cluster(Supplier<TestCluster.Journal> machines) {
        TestCluster cluster = new TestCluster();
        cluster.machines = machines;
        cluster.settings = builder -> builder.snapshotBytes(2048).snapshotMarginEntries(0);
        return cluster;
    }

    private static void submit(TestCluster.Running on, int from, int to) throws Exception {
        for (int next = from; next < to; next += 20) { // what is applied as one batch is in one snapshot at most
            List<CompletableFuture<byte[]>> answers = new ArrayList<>();
            for (int i = next; i < Math.min(next + 20, to); i++) {
                answers.add(on.log().submit(bytes("command " + i)));
            }
            for (CompletableFuture<byte[]> answer : answers) {
                answer.get(20, TimeUnit.SECONDS);
            }
        }
    }

    private static List<SnapshotStep> steps(TestCluster.Running of) {
        return of.events().stream()
                .filter(HaEvent.Snapshot.class::isInstance)
                .map(event -> ((HaEvent.Snapshot) event).step())
                .toList();
    }
}
