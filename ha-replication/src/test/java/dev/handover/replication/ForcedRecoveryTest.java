package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.recovery.ForcedRecovery;
import dev.handover.replication.recovery.RecoveryRefusedException;
import dev.handover.replication.storage.OfflineLog;
import dev.handover.replication.storage.SegmentedLog;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** R13: the operator's last resort, and when it is refused. */
@Timeout(90)
class ForcedRecoveryTest {
    private static final StorageOptions SMALL =
            StorageOptions.defaults().withSegmentBytes(1 << 20).withReserveBytes(0);

    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();

    @BeforeEach
    void onDisk() {
        cluster.onDisk = directory;
        cluster.settings = builder -> builder.storage(SMALL);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void shouldServeAgainUnderANewLineageFromTheLastCopyAndRefuseAReturningOne() throws Exception {
        allAreLostButC();
        try (ConfigurationStore store = cluster.store.connect();
                ForcedRecovery recovery = plan(store, "c", false)) {
            assertThat(recovery.loss()).contains("ends at index", "acknowledged after it", "b/");
            Configuration stored = recovery.carryOut(GROUP.value());
            assertThat(stored.inSync()).containsExactly(stored.leader());
            assertThat(stored.reason()).startsWith("forced recovery: ");
        }
        Running c = cluster.start("c");
        c.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(text(c.log().query(bytes("while c was in sync")).get(20, TimeUnit.SECONDS)))
                .isEqualTo("true");
        assertThat(text(c.log().query(bytes("without c")).get(20, TimeUnit.SECONDS)))
                .as("lost, as was said")
                .isEqualTo("false");
        c.log().submit(bytes("new life")).get(20, TimeUnit.SECONDS);
        assertThat(c.events()).anySatisfy(event -> assertThat(event.toString()).contains("forced recovery: "));

        Running old = cluster.start("b");
        assertThatThrownBy(() -> old.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("replaced by a forced recovery")
                .hasMessageContaining("empty data directory");
        delete(directory.resolve("a"));
        Running fresh = cluster.start("a");
        fresh.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        cluster.crash("c");
        try (OfflineLog log = OfflineLog.read(of("c"))) {
            List<LogEntry> entries = log.entries(1, log.lastIndex(), 1 << 20);
            assertThat(entries).as("the possible loss stands in the log").anySatisfy(entry -> assertThat(
                            new String(entry.payload(), StandardCharsets.US_ASCII))
                    .startsWith("forced recovery: "));
        }
    }

    @Test
    void shouldFinishWhatWasBegunWhenItIsDoneOnceMore() throws Exception {
        allAreLostButC();
        Path before = directory.resolve("state-before");
        Files.copy(of("c").resolve("log/state"), before);
        Configuration first;
        try (ConfigurationStore store = cluster.store.connect();
                ForcedRecovery recovery = plan(store, "c", false)) {
            first = recovery.carryOut(GROUP.value());
        }
        Files.copy(
                before,
                of("c").resolve("log/state"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING); // as if it had ended after the store was changed
        try (ConfigurationStore store = cluster.store.connect();
                ForcedRecovery recovery = plan(store, "c", false)) {
            assertThat(recovery.carryOut(GROUP.value())).isEqualTo(first);
        }
        cluster.start("c").log().submit(bytes("x")).get(20, TimeUnit.SECONDS);
    }

    @Test
    void shouldMakeTheConfigurationAnewWhenTheStoreWasLost() throws Exception {
        cluster.startInSync("a").get(0).log().submit(bytes("x")).get(20, TimeUnit.SECONDS);
        cluster.crash("a");
        InMemoryConfigurationStore wiped = new InMemoryConfigurationStore();
        try (ConfigurationStore store = wiped.connect()) {
            assertRefused(() -> plan(store, "a", false), "knows no group g", "--store-was-lost");
            try (ForcedRecovery recovery = plan(store, "a", true)) {
                assertThat(recovery.loss()).contains("nobody can tell");
                Configuration made = recovery.carryOut("g");
                assertThat(store.read(GROUP)
                                .get(5, TimeUnit.SECONDS)
                                .orElseThrow()
                                .configuration())
                        .isEqualTo(made);
            }
        } finally {
            wiped.close();
        }
    }

    @Test
    void shouldRefuseAnotherConfirmationAndChangeNothing() throws Exception {
        allAreLostButC();
        try (ConfigurationStore store = cluster.store.connect()) {
            Configuration before =
                    store.read(GROUP).get(5, TimeUnit.SECONDS).orElseThrow().configuration();
            try (ForcedRecovery recovery = plan(store, "c", false)) {
                assertRefused(() -> recovery.carryOut("yes"), "'yes' is not the group's name");
            }
            assertThat(store.read(GROUP).get(5, TimeUnit.SECONDS).orElseThrow().configuration())
                    .isEqualTo(before);
        }
    }

    @Test
    void shouldRefuseAMemberOfTheInSyncSetWhichNeedsNoForce() throws Exception {
        cluster.startInSync("a");
        cluster.crash("a");
        try (ConfigurationStore store = cluster.store.connect()) {
            assertRefused(() -> plan(store, "a", false), "is in the in-sync set", "takes over by itself");
        }
    }

    @Test
    void shouldRefuseWhileAnotherReplicaOfTheGroupRuns() throws Exception {
        cOutOfSync();
        cluster.crash("a");
        try (ConfigurationStore store = cluster.store.connect()) {
            assertRefused(() -> plan(store, "c", false), "node b runs", "log verify");
        }
    }

    @Test
    void shouldRefuseWhileSomebodyListensWhereAnotherNodeWas() throws Exception {
        allAreLostButC();
        try (ConfigurationStore store = cluster.store.connect();
                ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertRefused(
                    () -> ForcedRecovery.plan(
                            of("c"),
                            store,
                            false,
                            List.of(),
                            List.of(new InetSocketAddress(other.getInetAddress(), other.getLocalPort())),
                            Duration.ofSeconds(2)),
                    "somebody listens");
        }
    }

    @Test
    void shouldRefuseWhenTheStoreDoesNotAnswer() throws Exception {
        allAreLostButC();
        try (ConfigurationStore store = cluster.store.connect()) {
            cluster.store.reachable(false);
            assertRefused(() -> plan(store, "c", true), "the configuration store", "nothing was changed");
        } finally {
            cluster.store.reachable(true);
        }
    }

    @Test
    void shouldRefuseADirectoryThatIsInUse() throws Exception {
        cluster.startInSync("a");
        try (ConfigurationStore store = cluster.store.connect()) {
            assertThatThrownBy(() -> plan(store, "a", false))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("open in this process");
            assertThatThrownBy(() -> OfflineLog.read(of("a")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("open in this process");
        }
    }

    @Test
    void shouldRefuseAnEmptyOneAndOneOfAnotherLineage() throws Exception {
        SegmentedLog.open(of("x"), GROUP, NodeId.of("x"), SMALL).close();
        cluster.startInSync("a");
        cluster.crash("a");
        try (ConfigurationStore store = cluster.store.connect()) {
            assertRefused(() -> plan(store, "x", false), "nothing to recover");
        }
        InMemoryConfigurationStore others = new InMemoryConfigurationStore();
        try (ConfigurationStore store = others.connect()) {
            try (SegmentedLog log = SegmentedLog.open(of("y"), GROUP, NodeId.of("y"), SMALL)) {
                log.saveState(new java.util.UUID(1, 2), 1);
                log.append(List.of(LogEntry.barrier(1, 1, 0)));
                log.force();
            }
            try (ForcedRecovery recovery = plan(store, "y", true)) {
                recovery.carryOut("g");
            }
            assertRefused(() -> plan(store, "a", false), "gone on without this copy", "empty data directory");
        } finally {
            others.close();
        }
    }

    @Test
    void shouldSayWhereALogIsDamagedAndChangeNothing() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        for (int i = 0; i < 20; i++) {
            a.log().submit(bytes("command " + i)).get(20, TimeUnit.SECONDS);
        }
        cluster.crash("a");
        Path segment = of("a").resolve("log/0000000000000000.segment");
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(4096 + 200);
            int one = file.read();
            file.seek(4096 + 200);
            file.write(one ^ 1);
        }
        byte[] before = Files.readAllBytes(segment);
        byte[] state = Files.readAllBytes(of("a").resolve("log/state"));
        assertThatThrownBy(() -> OfflineLog.read(of("a")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged")
                .hasMessageContaining(segment.getFileName().toString());
        try (ConfigurationStore store = cluster.store.connect()) {
            assertThatThrownBy(() -> plan(store, "a", true))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("damaged");
        }
        assertThat(Files.readAllBytes(segment)).isEqualTo(before);
        assertThat(Files.readAllBytes(of("a").resolve("log/state"))).isEqualTo(state);
    }

    @Test
    void shouldRecoverALogThatBeginsBehindASnapshot() throws Exception {
        InMemoryConfigurationStore others = new InMemoryConfigurationStore();
        try (ConfigurationStore store = others.connect()) {
            logOfThreeLargeEntries(3, true);
            Configuration made;
            try (ForcedRecovery recovery = plan(store, "y", true)) {
                made = recovery.carryOut("g");
            }
            try (SegmentedLog log = SegmentedLog.open(of("y"), GROUP, NodeId.of("y"), SMALL)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().lineage()).isEqualTo(made.lineage());
                assertThat(log.recovered().firstIndex()).isGreaterThan(1);
                assertThat(log.recovered().lastIndex()).isEqualTo(3);
                assertThat(log.recovered().snapshot().index()).isEqualTo(3);
            }
        } finally {
            others.close();
        }
    }

    @Test
    void shouldRefuseBeforeAnythingIsChangedWhenASnapshotIsAheadOfTheLog() throws Exception {
        InMemoryConfigurationStore others = new InMemoryConfigurationStore();
        try (ConfigurationStore store = others.connect()) {
            logOfThreeLargeEntries(7, false);
            assertRefused(() -> plan(store, "y", true), "snapshot at index 7", "start this node once");
            assertThat(store.read(GROUP).get(5, TimeUnit.SECONDS)).isEmpty();
            SegmentedLog.open(of("y"), GROUP, NodeId.of("y"), SMALL).close(); // as it says
            try (ForcedRecovery recovery = plan(store, "y", true)) {
                assertThat(recovery.loss()).contains("ends at index 7");
                recovery.carryOut("g");
            }
        } finally {
            others.close();
        }
    }

    /** Of node y, with a snapshot; {@code compacted}: and without what is in it, as far as whole segments go. */
    private void logOfThreeLargeEntries(long snapshotIndex, boolean compacted) throws IOException {
        java.util.UUID lineage = new java.util.UUID(1, 2);
        try (SegmentedLog log = SegmentedLog.open(of("y"), GROUP, NodeId.of("y"), SMALL)) {
            log.saveState(lineage, 1);
            log.append(List.of(LogEntry.barrier(1, 1, 0)));
            for (long index = 2; index <= 3; index++) {
                log.append(List.of(new LogEntry(index, 1, 0, LogEntry.Kind.COMMAND, 0, 0, 0, new byte[700 << 10])));
            }
            log.force();
            try (var sink = log.snapshots().create(new SnapshotPosition(snapshotIndex, 1, 0), lineage, null, 1)) {
                sink.write(java.nio.ByteBuffer.wrap(bytes("state")));
                sink.commit();
            }
            if (compacted) {
                log.compact(snapshotIndex);
            }
        }
    }

    private void allAreLostButC() throws Exception {
        cOutOfSync();
        cluster.crash("a");
        cluster.crash("b");
    }

    private void cOutOfSync() throws Exception {
        Running a = cluster.startInSync("a", "b", "c").get(0);
        a.log().submit(bytes("while c was in sync")).get(20, TimeUnit.SECONDS);
        TestCluster.await(
                "c has it", () -> cluster.running.get("c").journal().commands.contains("while c was in sync"));
        cluster.crash("c");
        a.log().submit(bytes("without c")).get(20, TimeUnit.SECONDS);
    }

    private ForcedRecovery plan(ConfigurationStore store, String node, boolean storeWasLost) throws Exception {
        return ForcedRecovery.plan(of(node), store, storeWasLost, List.of(), List.of(), Duration.ofSeconds(2));
    }

    private Path of(String node) {
        GroupId group = GROUP;
        return directory.resolve(node).resolve(group.value());
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... texts) {
        assertThatThrownBy(call).isInstanceOf(RecoveryRefusedException.class).hasMessageContainingAll(texts);
    }

    private static void delete(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
