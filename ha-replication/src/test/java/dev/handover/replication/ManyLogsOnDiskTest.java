package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.handover.NodeId;
import dev.handover.ReplicaFaultedException;
import dev.handover.Role;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.storage.FaultyDisk;
import dev.handover.replication.storage.FaultyDisk.Operation;
import dev.handover.replication.storage.JournalProbe;
import dev.handover.replication.storage.Journals;
import dev.handover.replication.storage.SegmentedLog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Many logs of a node on real files, whose ends are forced together in a journal: nothing acknowledged is lost, whatever happens. */
@Timeout(90)
class ManyLogsOnDiskTest {
    private static final int GROUPS = 12;
    private static final String EIO = "Input/output error";
    private static final String JOURNALS = ".journal";
    private static final String SEGMENTS = ".segment";
    private static final long JOURNAL_BYTES = 8 << 20;
    /** Room for a frame of the greatest length, and for some smaller ones. */
    private static final long SMALL_JOURNAL_BYTES = (2 << 20) + (256 << 10);

    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();
    private final List<ManyLogs> nodes = new ArrayList<>();

    @BeforeEach
    void onDisk() {
        cluster.onDisk = directory;
    }

    @AfterEach
    void close() {
        cluster.disks.values().forEach(disk -> {
            disk.heal();
            disk.letGo();
        });
        nodes.forEach(ManyLogs::close);
        cluster.close();
    }

    private ManyLogs node(String name, int groups, long journalBytes) throws Exception {
        ManyLogs node = new ManyLogs(cluster, name, groups, journalBytes);
        nodes.add(node);
        return node.start();
    }

    private static boolean isFaulted(ManyLogs.Group group) {
        return group.log().status().role() == Role.FAULTED;
    }

    @Test
    void shouldShareTheMemoryToHoldBackAmongTheLogs() {
        assertThat(DiskWriter.mostHeldBack(0)).isEqualTo(256 << 10);
        assertThat(DiskWriter.mostHeldBack(256)).isEqualTo(256 << 10);
        assertThat(DiskWriter.mostHeldBack(512)).isEqualTo(128 << 10);
        assertThat(DiskWriter.mostHeldBack(10_000)).isEqualTo(64 << 10);
    }

    @Test
    void shouldForceManyLogsTogetherUnderLoad() throws Exception {
        ManyLogs a = node("a", GROUPS, JOURNAL_BYTES);
        a.load();
        UUID journal = a.awaitJournal(null);
        assertThat(JournalProbe.journals(a.home())).containsExactly(JournalProbe.file(a.home(), journal));
        int segments = a.disk().forces(SEGMENTS);
        int together = a.disk().forces(JOURNALS);
        a.awaitMore(10_000);
        together = a.disk().forces(JOURNALS) - together;
        segments = a.disk().forces(SEGMENTS) - segments;
        a.finish();
        assertThat(together).as("forces of the journal").isGreaterThan(20);
        assertThat(segments)
                .as("forces of segments, beside %s of the journal, which would have been up to %s", together, GROUPS)
                .isLessThan(together * GROUPS / 4);
        for (ManyLogs.Group group : a.groups) {
            assertThat(group.failure()).isNull();
            assertThat(group.nothingIsLost()).isEqualTo(group.acknowledged());
        }
    }

    @Test
    void shouldHaveAllThatWasAcknowledgedWhenTheNodeWasKilledAndNoJournalAfterAnOrderlyEnd() throws Exception {
        ManyLogs a = node("a", GROUPS, 0);
        UUID journal = null;
        for (int round = 0; round < 3; round++) {
            a.load();
            journal = a.awaitJournal(journal);
            a.awaitMore(2000);
            a.crash();
            assertThat(a.dependents()).isGreaterThanOrEqualTo(DiskWriter.MANY);
            a.start();
            a.nothingIsLost();
            assertThat(a.dependents()).as("opened, and written to the segments").isZero();
        }
        a.load();
        a.awaitJournal(journal);
        a.awaitMore(2000);
        a.node().close();
        a.stop();
        assertThat(a.dependents()).isZero();
        assertThat(JournalProbe.journals(a.home())).isEmpty();
        assertThat(JournalProbe.isFree(a.home())).isTrue();
        a.start();
        a.nothingIsLost();
    }

    @Test
    void shouldDependOnNoJournalSoonAfterTheLastCommand() throws Exception {
        ManyLogs a = node("a", GROUPS, JOURNAL_BYTES);
        a.load();
        UUID journal = a.awaitJournal(null);
        a.finish();
        TestCluster.await("no log depends on the journal", () -> a.dependents() == 0);
        a.load();
        assertThat(a.awaitJournal(null)).as("the same one is used again").isEqualTo(journal);
        a.finish();
        TestCluster.await("no log depends on the journal", () -> a.dependents() == 0);
        a.crash();
        a.start();
        a.nothingIsLost();
    }

    @Test
    void shouldLoseNothingOverManyLaps() throws Exception {
        ManyLogs a = node("a", GROUPS, SMALL_JOURNAL_BYTES);
        UUID journal = null;
        for (int round = 1; round <= 2; round++) {
            a.load();
            journal = a.awaitJournal(journal);
            Path file = JournalProbe.file(a.home(), journal);
            int laps = 3 * round;
            TestCluster.await("several laps", () -> JournalProbe.lap(file) > laps);
            a.awaitMore(1000); // in the midst of one
            a.crash();
            assertThat(a.dependents()).isGreaterThanOrEqualTo(DiskWriter.MANY);
            a.start();
            a.nothingIsLost();
        }
    }

    @Test
    void shouldEndTheGroupsOfAFrameWhoseForceFailsAndNoOthers() throws Exception {
        int attempt = 0;
        while (!endsTheGroupsOfAFrame("a" + attempt)) {
            attempt++;
            assertThat(attempt)
                    .as("only seals have failed, after pauses of 20 ms")
                    .isLessThan(5);
        }
    }

    /** False if there was a pause in the load just then, and it was the seal that failed, which ends nobody. */
    private boolean endsTheGroupsOfAFrame(String name) throws Exception {
        ManyLogs a = node(name, 2 * GROUPS, JOURNAL_BYTES);
        List<ManyLogs.Group> some = a.groups.subList(0, GROUPS);
        List<ManyLogs.Group> others = a.groups.subList(GROUPS, 2 * GROUPS);
        a.load(some);
        UUID journal = a.awaitJournal(null);
        a.disk().fail(JOURNALS, EIO, Operation.FORCE);
        TestCluster.await("the force fails", () -> a.disk().failed() > 0);
        a.disk().heal();
        int enough = a.acknowledgements() + 2000;
        TestCluster.await(
                "some end, or all go on",
                () -> a.acknowledgements() >= enough || some.stream().anyMatch(ManyLogsOnDiskTest::isFaulted));
        a.finish();
        if (some.stream().noneMatch(ManyLogsOnDiskTest::isFaulted)) {
            return false;
        }
        assertThat(a.disk().failed()).as("nothing was tried again").isEqualTo(1);
        List<ManyLogs.Group> ended =
                some.stream().filter(ManyLogsOnDiskTest::isFaulted).toList();
        for (ManyLogs.Group group : some) {
            if (ended.contains(group)) {
                isRefused(group, JOURNALS + " failed: " + EIO);
            } else {
                assertThat(group.failure()).isNull();
            }
        }

        a.load(others);
        assertThat(a.awaitJournal(journal)).isNotEqualTo(journal);
        assertThat(JournalProbe.file(a.home(), journal))
                .as("those that ended depend on it")
                .exists();
        for (ManyLogs.Group group : ended) {
            assertThat(group.journal()).isEqualTo(journal);
            group.log().close();
            group.join();
            group.nothingIsLost();
        }
        a.finish();
        assertThat(others).allMatch(group -> group.failure() == null);
        a.crash();
        a.start();
        a.nothingIsLost();
        return true;
    }

    /** The one that the logs of the node depend on, and this one, too. */
    private static UUID awaitJournalOf(ManyLogs node, ManyLogs.Group group) throws Exception {
        UUID journal = node.awaitJournal(null);
        TestCluster.await("it depends on it, too", () -> journal.equals(group.journal()));
        return journal;
    }

    /** Its write takes the device's time, and more where a segment begins: for many logs at once that would keep all waiting for seconds. */
    @Test
    void shouldForceTheFrameOfTheOthersWhileOneIsWrittenToItsSegment() throws Exception {
        ManyLogs a = node("a", GROUPS, JOURNAL_BYTES);
        ManyLogs.Group large = a.groups.get(3);
        a.load();
        awaitJournalOf(a, large);
        a.disk().stall(JOURNALS, Operation.FORCE);
        a.disk().stall(SEGMENTS, Operation.WRITE);
        large.fillers(1000); // nothing of that length is held back

        TestCluster.await("both at the same time", () -> {
            if (a.disk().waiting(SEGMENTS).isEmpty()) {
                a.disk().letOneGo(JOURNALS);
                return false;
            }
            boolean both = !a.disk().waiting(JOURNALS).isEmpty();
            if (!both) { // perhaps nobody else had anything to force
                a.disk().letOneGo(SEGMENTS);
            }
            return both;
        });

        a.disk().letGo();
        a.awaitMore(1000);
        a.finish();
        for (ManyLogs.Group group : a.groups) {
            assertThat(group.failure()).isNull();
            assertThat(group.nothingIsLost()).isEqualTo(group.acknowledged());
        }
    }

    private static void isRefused(ManyLogs.Group group, String why) {
        assertThatThrownBy(
                        () -> group.log().submit(TestCluster.bytes("0 refused")).get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(ReplicaFaultedException.class)
                .hasMessageContaining(why);
    }

    private static void fail(ManyLogs node, ManyLogs.Group victim, Operation operation) {
        node.disk()
                .fail(
                        path -> path.startsWith(victim.directory().toAbsolutePath())
                                && path.toString().endsWith(SEGMENTS),
                        EIO,
                        operation);
    }

    @Test
    void shouldKeepWhatAFailedGroupHasInTheJournalUntilTheNodeIsRestarted() throws Exception {
        ManyLogs a = node("a", GROUPS, SMALL_JOURNAL_BYTES);
        ManyLogs.Group victim = a.groups.get(3);
        a.load();
        UUID journal = awaitJournalOf(a, victim);
        fail(a, victim, Operation.WRITE);
        TestCluster.await("the write fails", () -> isFaulted(victim));
        UUID next = a.awaitJournal(journal);
        long lap = JournalProbe.lap(JournalProbe.file(a.home(), journal));
        TestCluster.await("several laps", () -> JournalProbe.lap(JournalProbe.file(a.home(), next)) > 3);
        a.finish();
        assertThat(a.groups.stream().filter(group -> group.failure() != null)).containsExactly(victim);
        isRefused(victim, SEGMENTS + " failed: " + EIO);
        assertThat(victim.journal()).isEqualTo(journal);
        assertThat(JournalProbe.lap(JournalProbe.file(a.home(), journal)))
                .as("never written again")
                .isEqualTo(lap);
        a.disk().heal();
        a.crash();
        a.start();
        a.nothingIsLost();
    }

    @Test
    void shouldHaveAllThatWasAcknowledgedWhenAFailedGroupIsJoinedAgainUnderLoad() throws Exception {
        ManyLogs a = node("a", GROUPS, SMALL_JOURNAL_BYTES);
        a.load();
        UUID journal = null;
        for (int round = 0; round < 3; round++) {
            ManyLogs.Group victim = a.groups.get(round);
            journal = a.awaitJournal(journal);
            UUID present = journal;
            TestCluster.await("it depends on it, too", () -> present.equals(victim.journal()));
            fail(a, victim, Operation.WRITE);
            TestCluster.await("the write fails", () -> isFaulted(victim) && victim.failure() != null);
            a.disk().heal();
            assertThat(victim.journal()).isEqualTo(journal);
            victim.log().close();
            victim.join();
            victim.nothingIsLost();
        }
        a.awaitJournal(journal);
        a.finish();
        assertThat(a.groups).allMatch(group -> group.failure() == null);
        a.crash();
        a.start();
        a.nothingIsLost();
    }

    @Test
    void shouldEndOnlyTheGroupsWhoseOwnForceFailsWhileTheJournalIsForced() throws Exception {
        ManyLogs a = node("a", GROUPS + 4, JOURNAL_BYTES);
        List<ManyLogs.Group> victims = a.groups.subList(0, 4);
        List<ManyLogs.Group> others = a.groups.subList(4, a.groups.size());
        a.load();
        UUID journal = a.awaitJournal(null);
        TestCluster.await("all depend on it", () -> a.groups.stream().allMatch(each -> journal.equals(each.journal())));
        victims.forEach(each -> each.fillers(850)); // too long to be held back: forced for themselves
        TestCluster.await("a helper forces the journal", () -> hang(a));
        victims.forEach(victim -> fail(a, victim, Operation.FORCE));
        a.disk().letGo(SEGMENTS);
        TestCluster.await("a force fails", () -> a.disk().failed() > 0);
        assertThat(isSoon(() -> victims.stream().anyMatch(ManyLogsOnDiskTest::isFaulted)))
                .as("the journal is retired while it is forced for others")
                .isFalse();
        a.disk().letGo();
        TestCluster.await("told then", () -> victims.stream().anyMatch(ManyLogsOnDiskTest::isFaulted));
        int enough = a.acknowledgements() + 2000;
        TestCluster.await(
                "the others go on, or end",
                () -> a.acknowledgements() >= enough || others.stream().anyMatch(ManyLogsOnDiskTest::isFaulted));
        assertThat(others).noneMatch(ManyLogsOnDiskTest::isFaulted);
        a.awaitJournal(journal);
        a.disk().heal();
        a.crash();
        a.start();
        a.nothingIsLost();
    }

    /** In the same round as a log that is forced for itself. Which thread takes what is a matter of chance: if it is not so, all go on. */
    private static boolean hang(ManyLogs node) {
        FaultyDisk disk = node.disk();
        disk.stall(JOURNALS, Operation.FORCE);
        disk.stall(SEGMENTS, Operation.FORCE);
        if (isSoon(() -> !disk.waiting(JOURNALS).isEmpty()
                        && !disk.waiting(SEGMENTS).isEmpty())
                && disk.waiting(JOURNALS).get(0).matches(".*-disk-[0-9]+")) {
            return true;
        }
        disk.letGo();
        return false;
    }

    private static boolean isSoon(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }

    private void shouldForceEachLogForItself(ManyLogs a, String why) throws Exception {
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(NodeJournal.class);
        lines.start();
        logger.addAppender(lines);
        try {
            a.start();
            a.load();
            a.awaitMore(3000);
            TestCluster.await("it is told", () -> !lines.list.isEmpty());
            a.awaitMore(3000);
            a.finish();
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list).singleElement().satisfies(line -> {
            assertThat(line.getLevel()).isEqualTo(Level.WARN);
            assertThat(line.getFormattedMessage()).contains("each of its logs is forced for itself", why);
        });
        assertThat(a.dependents()).isZero();
        assertThat(a.groups).allMatch(group -> group.failure() == null);
        a.crash();
        a.start();
        a.nothingIsLost();
    }

    @Test
    void shouldForceEachLogForItselfWhereThereIsNoRoomForAJournal() throws Exception {
        ManyLogs a = new ManyLogs(cluster, "a", GROUPS, 1L << 60);
        nodes.add(a);
        shouldForceEachLogForItself(a, "do not fit");
        assertThat(JournalProbe.journals(a.home())).isEmpty();
    }

    @Test
    void shouldForceEachLogForItselfWhereSomebodyElseWritesJournals() throws Exception {
        ManyLogs a = new ManyLogs(cluster, "a", GROUPS, JOURNAL_BYTES);
        nodes.add(a);
        try (Journals others = a.disk().journals(a.home(), ManyLogs.OPTIONS, JOURNAL_BYTES)) {
            others.create().close();
            shouldForceEachLogForItself(a, "is open in this process already");
            assertThat(JournalProbe.journals(a.home())).hasSize(1);
        }
    }

    private static boolean makesAJournal() {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().endsWith("-disk-journal"));
    }

    @Test
    void shouldLeaveNothingBehindWhenItIsClosedWhileAJournalIsMade() throws Exception {
        ManyLogs a = node("a", GROUPS, JOURNAL_BYTES);
        a.disk().stall(JOURNALS, Operation.WRITE);
        a.load();
        TestCluster.await("the journal is being made", () -> a.disk().waiting() > 0);
        assertThat(makesAJournal()).isTrue();
        assertThat(JournalProbe.isFree(a.home())).isFalse();
        a.finish();
        Thread closer = new Thread(a::close, "closer");
        closer.start();
        TestCluster.await("the disk thread comes to its end", () -> JournalProbe.isFree(a.home()));
        a.disk().letGo();
        closer.join(20_000);
        assertThat(closer.isAlive()).isFalse();
        TestCluster.await("nobody is at it any more", () -> !makesAJournal());
        assertThat(JournalProbe.journals(a.home())).isEmpty();

        a.start();
        a.load();
        a.awaitJournal(null);
        a.finish();
        a.nothingIsLost();
    }

    @Test
    void shouldBringAFollowerThatWasKilledBackInSyncUnderLoad() throws Exception {
        ManyLogs a = node("a", GROUPS, 0);
        ManyLogs b = node("b", GROUPS, 0);
        UUID journal = null;
        a.load();
        for (int round = 0; round < 2; round++) {
            journal = b.awaitJournal(journal);
            a.awaitMore(1000);
            b.node().crash();
            assertThat(b.dependents()).isGreaterThanOrEqualTo(DiskWriter.MANY);
            b.start();
        }
        a.awaitMore(1000);
        a.finish();
        for (int i = 0; i < GROUPS; i++) {
            b.groups.get(i).log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            assertThat(a.groups.get(i).failure()).isNull();
            assertThat(b.groups.get(i).nothingIsLost())
                    .isEqualTo(a.groups.get(i).nothingIsLost());
        }
    }

    @Test
    void shouldHaveAllThatWasAcknowledgedWhenTheProcessWasKilled() throws Exception {
        for (int round = 0; round < 3; round++) {
            cluster.onDisk = directory.resolve("round" + round);
            ManyLogs files = new ManyLogs(cluster, "a", GROUPS, 0);
            List<List<Long>> told = killChild(files, 3000 + 500 * round);
            assertThat(files.dependents()).isGreaterThanOrEqualTo(DiskWriter.MANY);
            for (ManyLogs.Group group : files.groups) {
                List<Long> found = commands(group);
                assertThat(found)
                        .as("%s in order, without a gap", group.id)
                        .isEqualTo(Stream.iterate(1L, number -> number + 1)
                                .limit(found.size())
                                .toList());
                List<Long> acknowledged = told.get(group.number);
                assertThat(found).hasSizeGreaterThanOrEqualTo(acknowledged.size());
                assertThat(found.subList(0, acknowledged.size())).isEqualTo(acknowledged);
            }
        }
    }

    /** Per group, what was acknowledged before it was killed. */
    private static List<List<Long>> killChild(ManyLogs files, int enough) throws Exception {
        List<List<Long>> told = new ArrayList<>();
        files.groups.forEach(group -> told.add(new ArrayList<>()));
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        files.home().getParent().toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.US_ASCII))) {
            int count = 0;
            boolean killed = false;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ");
                if (words.length == 3) { // the last one may be cut
                    told.get(Integer.parseInt(words[0])).add(Long.parseLong(words[1]));
                    count++;
                }
                if (!killed && count >= enough && count % 100 == 0 && files.dependents() >= DiskWriter.MANY) {
                    killed = child.toHandle().destroyForcibly(); // SIGKILL; the handle's way leaves the pipe open
                }
            }
            assertThat(killed).as("the child ended early").isTrue();
        }
        assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return told;
    }

    private static List<Long> commands(ManyLogs.Group group) throws IOException {
        List<Long> found = new ArrayList<>();
        try (SegmentedLog log = SegmentedLog.open(group.directory(), group.id, NodeId.of("a"), ManyLogs.OPTIONS)) {
            assertThat(log.damage()).isEmpty();
            long last = log.recovered().lastIndex();
            for (long next = 1; next <= last; ) {
                for (LogEntry entry : log.read(next, last, 100_000)) {
                    if (entry.kind() == LogEntry.Kind.COMMAND) {
                        found.add(ManyLogs.number(entry.payload()));
                    }
                    next++;
                }
            }
        }
        return found;
    }

    /** A node under load until it is killed, or who has started it is gone; tells what is acknowledged. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws Exception {
            PrintStream told = System.out;
            System.setOut(System.err); // for what is logged
            try (TestCluster cluster = new TestCluster()) {
                cluster.onDisk = Path.of(arguments[0]);
                ManyLogs node = new ManyLogs(
                        cluster, "a", GROUPS, 0, (group, number) -> told.print(group + " " + number + " .\n"));
                node.start().load();
                assertThat(System.in.read()).as("end of the input").isEqualTo(-1);
            }
            Runtime.getRuntime().halt(0);
        }
    }
}
