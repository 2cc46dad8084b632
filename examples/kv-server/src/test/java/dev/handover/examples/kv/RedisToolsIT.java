package dev.handover.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** redis-cli and redis-benchmark of Debian's package redis-tools before three nodes. Skipped where they are not installed. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class RedisToolsIT {
    @TempDir
    private static Path directory;

    private static KvCluster cluster;

    @BeforeAll
    static void startCluster() throws IOException {
        assumeTrue(isInstalled("redis-cli"), "redis-cli is not installed: apt-get install redis-tools");
        assumeTrue(isInstalled("redis-benchmark"), "redis-benchmark is not installed: apt-get install redis-tools");
        cluster = KvCluster.in(directory.resolve("cluster")).nodes(3).start();
    }

    @AfterAll
    static void stopCluster() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void shouldServeRedisCliOnEveryNode() throws Exception {
        for (KvNode node : cluster.nodes()) {
            String port = Integer.toString(node.respPort());
            String key = "cli-" + node.id();
            assertThat(run("redis-cli", "-p", port, "set", key, "1")).isEqualTo("OK\n");
            assertThat(run("redis-cli", "-p", port, "get", key)).isEqualTo("1\n");
            assertThat(run("redis-cli", "-p", port, "incr", key)).isEqualTo("2\n");
            assertThat(run("redis-cli", "-p", port, "append", key, "x")).isEqualTo("2\n");
            assertThat(run("redis-cli", "-3", "-p", port, "get", key)).isEqualTo("2x\n");
            assertThat(run("redis-cli", "-p", port, "cas", key, "2x", "y")).isEqualTo("1\n");
            assertThat(run("redis-cli", "-p", port, "info", "replication")).contains("in_sync:a,b,c");
            assertThat(run("redis-cli", "-p", port, "nonsense")).contains("ERR unknown command");
            assertThat(run("redis-cli", "-p", port, "command", "docs", "set")).contains("summary");
        }
    }

    @Test
    void shouldTransferTheLeadershipByRedisCli() throws Exception {
        KvNode leader = cluster.leader();
        KvNode other = follower();
        String refused = run("redis-cli", "-p", Integer.toString(other.respPort()), "handover", "transfer");
        assertThat(refused).contains("does not lead; ask " + leader.id());
        String done = run("redis-cli", "-p", Integer.toString(leader.respPort()), "handover", "transfer", other.id());
        assertThat(done).startsWith("OK " + other.id() + " leads epoch ").contains("the pause was");
        assertThat(cluster.leader().id()).isEqualTo(other.id());
        assertThat(run("redis-cli", "-p", Integer.toString(leader.respPort()), "set", "after", "1"))
                .isEqualTo("OK\n");
        assertThat(leader.info().get("last_transfer")).startsWith(other.id() + " leads epoch ");
        assertThat(run("redis-cli", "-p", Integer.toString(leader.respPort()), "handover", "transfer", "z"))
                .contains("does not lead");
        assertThat(run("redis-cli", "-p", Integer.toString(other.respPort()), "handover", "transfer", "z"))
                .contains("z is not in the in-sync set");
        assertThat(run("redis-cli", "-p", Integer.toString(other.respPort()), "command", "info", "handover"))
                .contains("handover", "admin");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "16"})
    void shouldServeRedisBenchmarkWithoutAnError(String pipeline) throws Exception {
        for (KvNode node : List.of(cluster.leader(), follower())) {
            String requests = pipeline.equals("1") ? "10000" : "50000";
            String output = run(
                    "redis-benchmark",
                    "-p",
                    Integer.toString(node.respPort()),
                    "-t",
                    "set,get,incr",
                    "-c",
                    "50",
                    "-P",
                    pipeline,
                    "-n",
                    requests,
                    "--csv");
            assertThat(output).contains("\"SET\",", "\"GET\",", "\"INCR\",").doesNotContain("rror");
        }
        assertThat(cluster.leader().info())
                .containsEntry("errors_tryagain", "0")
                .containsEntry("errors_overloaded", "0")
                .containsEntry("errors_uncertain", "0");
    }

    private static KvNode follower() {
        KvNode leader = cluster.leader();
        return cluster.nodes().stream()
                .filter(node -> node != leader)
                .findFirst()
                .orElseThrow();
    }

    private static boolean isInstalled(String tool) {
        return Arrays.stream(System.getenv("PATH").split(java.io.File.pathSeparator))
                .anyMatch(path -> Files.isExecutable(Path.of(path, tool)));
    }

    /** stdout and stderr; the exit code must be 0. */
    private static String run(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "tool", ".out");
        Process process = new ProcessBuilder(new ArrayList<>(List.of(command)))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS))
                    .as("%s ends in time", command[0])
                    .isTrue();
            String text = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(process.exitValue()).as(text).isZero();
            return text;
        } finally {
            process.destroyForcibly();
        }
    }
}
