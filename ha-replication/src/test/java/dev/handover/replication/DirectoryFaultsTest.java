package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.StorageFinding;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.storage.SegmentedLog;
import dev.handover.replication.storage.StorageOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole nodes whose data directory was changed behind their back (R12): what happens, and what an operator sees. */
@Timeout(120)
class DirectoryFaultsTest {
    private static final StorageOptions STORAGE =
            StorageOptions.defaults().withSegmentBytes(1 << 16).withReserveBytes(0);

    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    /** a leads, b follows; 100 commands of 2 KiB are on both, over several segments. */
    private void pair() throws Exception {
        cluster.onDisk = directory;
        cluster.settings =
                builder -> builder.storage(STORAGE).snapshotBytes(1L << 30).snapshotMarginEntries(0);
        List<Running> both = cluster.startInSync("a", "b");
        submit(both.get(0), 100);
    }

    private static void submit(Running at, int count) throws Exception {
        for (int i = 0; i < count; i++) {
            at.log().submit(bytes("x".repeat(2048))).get(20, TimeUnit.SECONDS);
        }
    }

    private void stop(String id) {
        cluster.running.remove(id).node().close();
    }

    private Path log(String id) {
        return directory.resolve(id).resolve("g/log");
    }

    private static List<Path> files(Path directory, String ending) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> path.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Path target = to.resolve(from.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static String found(Running node, StorageFinding finding) throws InterruptedException {
        TestCluster.await(String.valueOf(finding), () -> all(node, finding).size() == 1);
        return all(node, finding).get(0);
    }

    private static List<String> all(Running node, StorageFinding finding) {
        return node.events().stream()
                .filter(HaEvent.Storage.class::isInstance)
                .map(HaEvent.Storage.class::cast)
                .filter(event -> event.finding() == finding)
                .map(HaEvent.Storage::detail)
                .toList();
    }

    private static String fault(Running node) throws InterruptedException {
        TestCluster.await("the replica stops itself", () -> node.events().stream()
                .anyMatch(HaEvent.ReplicaFaulted.class::isInstance));
        return node.events().stream()
                .filter(HaEvent.ReplicaFaulted.class::isInstance)
                .map(event -> ((HaEvent.ReplicaFaulted) event).reason())
                .findFirst()
                .orElseThrow();
    }

    private interface Harm {
        void to(Path log) throws IOException;
    }

    /** b is harmed while it is away, and a dies: b, alone, must not lead. When a is back, b is rebuilt as another replica. */
    private void shouldRebuild(Harm harm, String... message) throws Exception {
        pair();
        ReplicaId before = cluster.running.get("b").log().status().self();
        cluster.store.reachable(false); // both stay in sync
        cluster.crash("b");
        cluster.crash("a");
        cluster.store.reachable(true);
        harm.to(log("b"));
        Running b = cluster.start("b");
        assertThat(found(b, StorageFinding.LOG_DAMAGED))
                .contains(message)
                .contains("set aside as " + directory.toRealPath().resolve("b/g/damaged-1"))
                .contains("is filled by the other replicas; if this was the last copy, keep what was set aside");
        assertThat(directory.resolve("b/g/damaged-1/why.txt")).content().contains(message);
        assertThatThrownBy(() -> b.log().awaitLeader(Duration.ofSeconds(2)).get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("knows no leader that serves");
        assertThat(b.log().status().role()).isEqualTo(Role.LEARNER);
        assertThat(b.log().status().configuration().inSync()).contains(before).hasSize(2);
        cluster.start("a");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(b.log().status().self()).isNotEqualTo(before);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("100");
        assertThat(b.journal().leadership).isEmpty();
    }

    @Test
    void shouldRebuildWhoseSegmentWasDeletedAndNotLetItLeadBefore() throws Exception {
        shouldRebuild(log -> Files.delete(files(log, ".segment").get(1)), ".segment is missing");
    }

    @Test
    void shouldRebuildWhoseSegmentWasTruncatedAndNotLetItLeadBefore() throws Exception {
        shouldRebuild(
                log -> {
                    try (RandomAccessFile file =
                            new RandomAccessFile(files(log, ".segment").get(0).toFile(), "rw")) {
                        file.setLength(8192);
                    }
                },
                ".segment has 8192 bytes and should have ");
    }

    @Test
    void shouldRebuildWhoseStateWasDeletedAndNotLetItLeadBefore() throws Exception {
        shouldRebuild(log -> Files.delete(log.resolve("state")), "/log/state is missing");
    }

    @Test
    void shouldFillAWipedDirectoryAsAnotherReplica() throws Exception {
        pair();
        ReplicaId before = cluster.running.get("b").log().status().self();
        stop("b");
        cluster.crash("a");
        delete(directory.resolve("b"));
        Running b = cluster.start("b"); // beside a configuration, empty disks never found a group
        assertThatThrownBy(() -> b.log().awaitLeader(Duration.ofSeconds(2)).get(10, TimeUnit.SECONDS))
                .hasMessageContaining("knows no leader that serves")
                .hasMessageContaining("in sync [a/");
        assertThat(b.log().status().role()).isEqualTo(Role.LEARNER);
        cluster.start("a");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(b.log().status().self()).isNotEqualTo(before);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("100");
        assertThat(b.journal().leadership).isEmpty();
    }

    @Test
    void shouldRefuseADirectoryThatWasRolledBackAtEveryStart() throws Exception {
        pair();
        stop("b");
        copy(directory.resolve("b"), directory.resolve("backup"));
        cluster.start("b").log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        submit(cluster.running.get("a"), 10);
        stop("b");
        delete(directory.resolve("b"));
        copy(directory.resolve("backup"), directory.resolve("b"));
        for (int start = 0; start < 2; start++) {
            Running b = cluster.start("b");
            assertThat(fault(b))
                    .contains("The data directory was rolled back or copied")
                    .contains("Start this node with an empty data directory; it is rebuilt from its peers");
            assertThat(b.journal().leadership).isEmpty();
            stop("b");
        }
        delete(directory.resolve("b")); // the remedy
        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("110");
    }

    @Test
    void shouldRefuseTheDirectoryOfAnotherNodeOrGroup() throws Exception {
        pair();
        stop("b");
        Files.move(directory.resolve("b"), directory.resolve("c"));
        assertThatThrownBy(() -> cluster.start("c"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("holds the log of group g on node b, not of group g on node c")
                .hasMessageContaining("give each group and node a data directory of its own, or correct the names");
        Files.move(directory.resolve("c/g"), directory.resolve("a/other"));
        HaNode a = cluster.running.get("a").node();
        assertThatThrownBy(() -> a.join(GroupId.of("other"), new TestCluster.Journal()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("holds the log of group g on node b, not of group other on node a");
        Files.createDirectory(directory.resolve("b"));
        Files.move(directory.resolve("a/other"), directory.resolve("b/g"));
        cluster.start("b").log().awaitInSync(LONG).get(30, TimeUnit.SECONDS); // nothing was touched
    }

    /** b has two snapshots, and its log begins behind the older one; stopped. */
    private List<Path> twoSnapshotsOfB() throws Exception {
        cluster.machines = SnapshotClusterTest.CopyingJournal::new;
        pair();
        Running a = cluster.running.get("a");
        Running b = cluster.running.get("b");
        for (int count : new int[] {100, 200}) {
            TestCluster.await(
                    "all applied",
                    () -> b.log().status().appliedIndex() >= a.log().status().commitIndex());
            b.log().snapshot().get(20, TimeUnit.SECONDS);
            submit(a, count / 2);
        }
        TestCluster.await("the log begins later", () -> {
            try {
                return !files(log("b"), ".segment").get(0).toString().endsWith("0000000000000000.segment");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        stop("b");
        List<Path> snapshots = files(log("b").resolve("snapshots"), ".snapshot");
        assertThat(snapshots).hasSize(2);
        return snapshots;
    }

    @Test
    void shouldUseTheOlderSnapshotWhenTheNewestIsRotten() throws Exception {
        Path newest = twoSnapshotsOfB().get(1);
        flip(newest);
        Running b = cluster.start("b");
        assertThat(found(b, StorageFinding.SNAPSHOT_UNUSABLE))
                .contains("the snapshot ", newest.getFileName().toString(), "is damaged: ", "set aside as");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("250");
        assertThat(all(b, StorageFinding.LOG_DAMAGED)).isEmpty();
    }

    @Test
    void shouldRebuildWhoseSnapshotsAreAllRotten() throws Exception {
        for (Path snapshot : twoSnapshotsOfB()) {
            flip(snapshot);
        }
        Running b = cluster.start("b");
        assertThat(all(b, StorageFinding.SNAPSHOT_UNUSABLE)).hasSize(2);
        assertThat(found(b, StorageFinding.LOG_DAMAGED))
                .contains("the log begins at index ", "no snapshot that verifies");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("250");
        assertThat(b.journal().leadership).isEmpty();
    }

    private static void flip(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 100] ^= 0x10;
        Files.write(file, bytes);
    }

    @Test
    void shouldKeepASecondProcessOutAndBeKeptOutByAFirst() throws Exception {
        pair();
        Process second = start("a");
        try (BufferedReader lines = lines(second)) {
            assertThat(lines.readLine())
                    .contains("data directory " + directory.toRealPath().resolve("a/g") + " is in use by process "
                            + ProcessHandle.current().pid()
                            + "; stop it, or give this one a data directory of its own");
        }
        assertThat(second.waitFor(20, TimeUnit.SECONDS)).isTrue();
        submit(cluster.running.get("a"), 1); // as if nothing had been
        stop("b");
        Process first = start("b");
        try (BufferedReader lines = lines(first)) {
            assertThat(lines.readLine()).isEqualTo("open");
            assertThatThrownBy(() -> cluster.start("b"))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("[g b] cannot open the log in ")
                    .hasMessageContaining("is in use by process " + first.pid() + "; stop it");
        } finally {
            first.toHandle().destroyForcibly();
        }
        assertThat(first.waitFor(20, TimeUnit.SECONDS)).isTrue();
        cluster.start("b").log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
    }

    private static BufferedReader lines(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    private Process start(String node) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opener.class.getName(),
                        directory.resolve(node).resolve("g").toString(),
                        node)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Opens a log and holds it until its input ends, a minute at most; or says why it cannot. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] arguments) throws Exception {
            try (SegmentedLog log = SegmentedLog.open(Path.of(arguments[0]), GROUP, NodeId.of(arguments[1]), STORAGE)) {
                System.out.println(log.damage().orElse("open"));
                int end = System.in.read();
                assertThat(end).isEqualTo(-1);
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
