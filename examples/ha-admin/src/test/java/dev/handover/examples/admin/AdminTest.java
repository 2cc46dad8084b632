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
import dev.handover.replication.storage.SegmentedLog;
import dev.handover.replication.storage.StorageOptions;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.io.StringReader;
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
        assertThat(out).contains("\"epoch\":9", "\"redundancy\":1", "\"announced\":[]");
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
        try (SegmentedLog log = SegmentedLog.open(directory, GroupId.of(group), NodeId.of(node), SMALL)) {
            log.saveState(LINEAGE, 1);
            log.append(List.of(LogEntry.barrier(1, 1, 0)));
            for (int i = 2; i <= entries; i++) {
                log.append(List.of(new LogEntry(i, 1, i, LogEntry.Kind.COMMAND, 0, 0, 0, new byte[] {(byte) i})));
            }
            log.force();
            log.saveState(LINEAGE, 1);
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
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        int code = new Admin(
                        new BufferedReader(new StringReader(typed)),
                        new PrintStream(outBytes, true, StandardCharsets.UTF_8),
                        new PrintStream(errBytes, true, StandardCharsets.UTF_8))
                .run(List.of(arguments));
        out = outBytes.toString(StandardCharsets.UTF_8);
        err = errBytes.toString(StandardCharsets.UTF_8);
        return code;
    }
}
