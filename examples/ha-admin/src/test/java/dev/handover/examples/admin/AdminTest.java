package dev.handover.examples.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.SegmentedLog;
import dev.handover.replication.storage.SnapshotSink;
import dev.handover.replication.storage.StorageOptions;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands against real directories and a real ZooKeeper. */
@Timeout(90)
class AdminTest {
    private static final UUID LINEAGE = new UUID(7, 7);
    private static final StorageOptions SMALL =
            StorageOptions.defaults().withSegmentBytes(1 << 20).withReserveBytes(0);

    @TempDir
    static Path zooKeeperData;

    private static EmbeddedZooKeeper zooKeeper;

    @TempDir
    Path directory;

    private String out = "";
    private String err = "";

    @BeforeAll
    static void startZooKeeper() throws Exception {
        zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(zooKeeperData)
                .clientAddress("127.0.0.1", 0)
                .start();
        zooKeeper.awaitServing(Duration.ofSeconds(30));
    }

    @AfterAll
    static void stopZooKeeper() {
        zooKeeper.close();
    }

    @Test
    void shouldExplainItselfAndRefuseWhatItDoesNotKnow() {
        assertThat(run("", "--help")).isEqualTo(Admin.OK);
        assertThat(out).contains("force-recover", "log verify", "Exit codes");
        for (String command :
                List.of("status", "config show", "transfer", "snapshot", "log verify", "log dump", "force-recover")) {
            assertThat(out).as("the list of commands").contains("  " + command + " ");
            assertThat(run("", (command + " --help").split(" "))).isEqualTo(Admin.OK);
            assertThat(out).startsWith("usage: java -jar ha-admin.jar " + command + " ");
            assertThat(run("", "--help")).isEqualTo(Admin.OK);
        }
        assertThat(run("", "log", "dump", "--help")).isEqualTo(Admin.OK);
        assertThat(out).contains("--payload").doesNotContain("--zookeeper");
        assertThat(run("", "dance", "--help")).isEqualTo(Admin.WRONG_ARGUMENTS);
        assertThat(err).contains("'dance'");
        assertThat(run("")).isEqualTo(Admin.WRONG_ARGUMENTS);
        assertThat(err).contains("no command");
        assertThat(run("", "dance")).isEqualTo(Admin.WRONG_ARGUMENTS);
        assertThat(err).contains("'dance'");
        assertThat(run("", "status", "--colour", "red")).isEqualTo(Admin.WRONG_ARGUMENTS);
        assertThat(err).contains("'--colour'");
        assertThat(run("", "status", "--group", "x")).isEqualTo(Admin.WRONG_ARGUMENTS);
        assertThat(err).contains("--zookeeper is missing");
        assertThat(run("", "log", "verify", directory.resolve("none").toString()))
                .isEqualTo(Admin.FAILED);
        assertThat(err).contains("is no directory");
    }

    @Test
    void shouldVerifyAndDumpALogWithoutChangingAByte() throws Exception {
        log("g", "c", 5);
        Map<String, String> before = contents();
        assertThat(run("", "log", "verify", directory.toString())).isEqualTo(Admin.OK);
        assertThat(out).contains("group: g", "lastIndex: 5", "lineage: " + LINEAGE, "verified: true");
        assertThat(run("", "log", "dump", directory.toString(), "--from=2", "--to=3", "--payload", "--json"))
                .isEqualTo(Admin.OK);
        assertThat(out.lines().toList())
                .hasSize(2)
                .first()
                .asString()
                .contains("\"index\":2", "\"kind\":\"COMMAND\"", "\"payload\":\"02\"");
        assertThat(contents()).isEqualTo(before);
    }

    @Test
    void shouldListSnapshotsBeforeTheEntries() throws Exception {
        log("g", "c", 5);
        try (SegmentedLog log = SegmentedLog.open(directory, GroupId.of("g"), NodeId.of("c"), SMALL);
                SnapshotSink sink = log.snapshots().create(new SnapshotPosition(3, 1, 3), LINEAGE, null, 1)) {
            sink.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
            sink.commit();
        }
        assertThat(run("", "log", "dump", directory.toString(), "--json")).isEqualTo(Admin.OK);
        assertThat(out.lines().toList())
                .hasSize(6)
                .first()
                .asString()
                .contains("\"snapshot\":3", "\"epoch\":1", "\"bytes\":4", "\"lineage\":\"" + LINEAGE);
        assertThat(run("", "log", "dump", directory.toString())).isEqualTo(Admin.OK);
        assertThat(out).startsWith("snapshot: 3, epoch: 1, ");
    }

    @Test
    void shouldRefuseToRecoverACopyBesideALongerOne(@TempDir Path copies) throws Exception {
        ReplicaId lost = new ReplicaId(NodeId.of("a"), new UUID(1, 1));
        log("payments", "c", 5);
        ReplicaId longer = log(copies.resolve("longer"), "payments", "b", 1, 7);
        ReplicaId later = log(copies.resolve("later"), "payments", "d", 2, 4);
        log(copies.resolve("shorter"), "payments", "e", 1, 5);
        log(copies.resolve("another"), "orders", "e", 1, 5);
        String servers = zooKeeper.connectString();
        Configuration without =
                new Configuration(LINEAGE, 9, lost, List.of(lost), 1, 1, new UUID(3, 3), "removed [" + longer + "]");
        GroupId group = GroupId.of("payments");
        try (ConfigurationStore store = ZooKeeperConfigurationStore.connect(servers)) {
            store.compareAndSet(group, ConfigurationStore.NOT_EXISTING, without).get(10, TimeUnit.SECONDS);
        }
        String[] recover = {
            "force-recover", directory.toString(), "--zookeeper", servers, "--yes-i-lose-data=payments", "--other"
        };
        assertThat(run("", with(recover, copies.resolve("shorter") + "," + copies.resolve("longer"))))
                .isEqualTo(Admin.REFUSED);
        assertThat(err).contains("longer ends at index 7 of epoch 1, this one at index 5 of epoch 1");
        assertThat(run("", with(recover, copies.resolve("later").toString()))).isEqualTo(Admin.REFUSED);
        assertThat(err).contains("later ends at index 4 of epoch 2, this one at index 5 of epoch 1");
        assertThat(run("", with(recover, copies.resolve("another").toString()))).isEqualTo(Admin.REFUSED);
        assertThat(err).contains("of group orders, not of payments");
        assertThat(run("", with(recover, directory.toString()))).isEqualTo(Admin.REFUSED);
        assertThat(err).contains("is the copy to be recovered itself");
        assertThat(run("", with(recover, copies.resolve("none").toString()))).isEqualTo(Admin.FAILED);
        assertThat(err).contains("none is no directory");
        Configuration withLater = new Configuration(
                LINEAGE, 10, lost, List.of(lost, later), 1, 1, new UUID(4, 4), "added [" + later + "]");
        try (ConfigurationStore store = ZooKeeperConfigurationStore.connect(servers)) {
            store.compareAndSet(group, 0, withLater).get(10, TimeUnit.SECONDS);
            assertThat(run("", with(recover, copies.resolve("later").toString())))
                    .isEqualTo(Admin.REFUSED);
            assertThat(err).contains(later + " in ", "is in the in-sync set", "it takes over by itself");
            assertThat(store.read(group).get(10, TimeUnit.SECONDS).orElseThrow().configuration())
                    .as("nothing was changed")
                    .isEqualTo(withLater);
        }
        assertThat(run("", with(recover, copies.resolve("shorter").toString()))).isEqualTo(Admin.OK);
    }

    private static String[] with(String[] arguments, String last) {
        return Stream.concat(Stream.of(arguments), Stream.of(last)).toArray(String[]::new);
    }

    @Test
    void shouldSayWhereALogIsDamagedAndThatItIsInUse() throws Exception {
        log("g", "c", 5);
        try (SegmentedLog open = SegmentedLog.open(directory, GroupId.of("g"), NodeId.of("c"), SMALL)) {
            assertThat(open.recovered().lastIndex()).isEqualTo(5);
            assertThat(run("", "log", "verify", directory.toString())).isEqualTo(Admin.FAILED);
            assertThat(err).contains("is open in this process");
        }
        try (RandomAccessFile file = new RandomAccessFile(
                directory.resolve("log/0000000000000000.segment").toFile(), "rw")) {
            file.seek(4096 + 100);
            file.write(0x55);
        }
        assertThat(run("", "log", "verify", directory.toString())).isEqualTo(Admin.FAILED);
        assertThat(err).contains("is damaged", "0000000000000000.segment, byte");
    }

    @Test
    void shouldShowConfigurationAndRecoverTheLastCopyAfterConfirmation() throws Exception {
        ReplicaId lost = new ReplicaId(NodeId.of("a"), new UUID(1, 1));
        GroupId group = GroupId.of("orders");
        ReplicaId copy = log("orders", "c", 5);
        String servers = zooKeeper.connectString();
        assertThat(run("", "config", "show", "--group", "orders", "--zookeeper", servers))
                .isEqualTo(Admin.FAILED);
        assertThat(err).contains("no group orders");
        assertThat(run("orders\n", "force-recover", directory.toString(), "--zookeeper", servers))
                .isEqualTo(Admin.REFUSED);
        assertThat(err).contains("--store-was-lost");
        Configuration before =
                new Configuration(LINEAGE, 9, lost, List.of(lost), 1, 1, new UUID(3, 3), "removed [" + copy + "]");
        try (ConfigurationStore store = ZooKeeperConfigurationStore.connect(servers)) {
            store.compareAndSet(group, ConfigurationStore.NOT_EXISTING, before).get(10, TimeUnit.SECONDS);
        }
        assertThat(run("", "status", "--group", "orders", "--zookeeper", servers, "--json"))
                .isEqualTo(Admin.OK);
        assertThat(out).contains("\"epoch\":9", "\"redundancy\":1", "\"replicas\":[]");
        assertThat(run("no\n", "force-recover", directory.toString(), "--zookeeper", servers))
                .isEqualTo(Admin.REFUSED);
        assertThat(err)
                .contains("ends at index 5 of epoch 1", "up to epoch 9, is lost", "'no' is not the group's name");
        assertThat(run("orders\n", "force-recover", directory.toString(), "--zookeeper", servers))
                .isEqualTo(Admin.OK);
        assertThat(run("", "config", "show", "--group", "orders", "--zookeeper", servers))
                .isEqualTo(Admin.OK);
        assertThat(out)
                .contains("epoch: 10", "inSync: [" + copy + "]", "forced recovery: ")
                .doesNotContain("lineage: " + LINEAGE);
        assertThat(run("", "log", "verify", directory.toString())).isEqualTo(Admin.OK);
        assertThat(out).contains("highestEpoch: 10").doesNotContain("lineage: " + LINEAGE);
        assertThat(run("orders\n", "force-recover", directory.toString(), "--zookeeper", servers))
                .as("not twice")
                .isEqualTo(Admin.REFUSED);
        assertThat(err).contains("takes over by itself");
    }

    private ReplicaId log(String group, String node, int entries) throws Exception {
        return log(directory, group, node, 1, entries);
    }

    private static ReplicaId log(Path directory, String group, String node, long epoch, int entries) throws Exception {
        try (SegmentedLog log = SegmentedLog.open(directory, GroupId.of(group), NodeId.of(node), SMALL)) {
            log.saveState(LINEAGE, epoch);
            log.append(List.of(LogEntry.barrier(1, epoch, 0)));
            for (int i = 2; i <= entries; i++) {
                log.append(List.of(new LogEntry(i, epoch, i, LogEntry.Kind.COMMAND, 0, 0, 0, new byte[] {(byte) i})));
            }
            log.force();
            log.saveState(LINEAGE, epoch);
            return new ReplicaId(NodeId.of(node), log.logId());
        }
    }

    private Map<String, String> contents() throws Exception {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.filter(Files::isRegularFile).toList()) {
                contents.put(path.toString(), new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    private int run(String typed, String... arguments) {
        Ran ran = Ran.command(typed, arguments);
        out = ran.out();
        err = ran.err();
        return ran.code();
    }
}
