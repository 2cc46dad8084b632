package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A scenario on real processes under load, with an {@link Audit} at its end. After a failure the logs of all processes are where the message says.
 */
abstract class SystemTest {
    static final Logger LOG = LoggerFactory.getLogger(SystemTest.class);

    /** For what ends by itself, on a machine with much other work too, where the start of a server alone has taken 25 s. */
    static final Duration SOON = Duration.ofSeconds(60);

    /** No command takes longer on a server that runs. */
    static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(3);

    /** A take-over is over by then, on a slow machine too; it is far below ZooKeeper's session time-out of 10 s, which must play no part. */
    static final Duration TAKE_OVER = Duration.ofSeconds(4);

    private static final Duration LIMIT = Duration.ofMinutes(6);

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path directory;

    private String name;
    private long seed;

    @BeforeEach
    void remember(TestInfo info) {
        name = getClass().getSimpleName() + "."
                + info.getTestMethod().orElseThrow().getName();
        seed = Long.getLong("seed", System.nanoTime());
        LOG.info("{} in {}, -Dseed={}", name, directory, seed);
    }

    /** What happens to a cluster. It may leave nodes dead, but not paused. */
    interface Scenario {
        void play(KvCluster cluster, Load load) throws Exception;
    }

    /** Decides what is random in a scenario; printed. */
    long seed() {
        return seed;
    }

    KvCluster.Builder nodes(int count) {
        return KvCluster.in(directory).nodes(count).serverOptions("--timeout", COMMAND_TIMEOUT.toSeconds() + "s");
    }

    /** Plays it under load, and checks everything. */
    void play(KvCluster.Builder builder, Scenario scenario) {
        assertTimeoutPreemptively(
                LIMIT,
                () -> {
                    try (KvCluster cluster = builder.start();
                            Load load = Load.on(cluster, seed)) {
                        scenario.play(cluster, load);
                        allBack(cluster);
                        load.stop();
                        LOG.info("{}: {}", name, load.history());
                        Audit.check(cluster, load.history());
                    }
                },
                () -> name + " has not ended; logs in " + directory);
    }

    /** Starts what is dead, and waits until all are in sync. */
    static void allBack(KvCluster cluster) throws Exception {
        List<KvNode> dead =
                cluster.nodes().stream().filter(node -> !node.isAlive()).toList();
        for (KvNode node : dead) {
            node.start();
        }
        for (KvNode node : dead) {
            node.awaitReady();
        }
        cluster.awaitInSync(cluster.nodes().size(), SOON);
    }

    /** Writes have gone on since then, with no longer gap than that. */
    void assertGap(Load load, long fromNanos, Duration bound) {
        Duration gap = load.history().longestGap(fromNanos, System.nanoTime());
        LOG.info("{}: longest gap {} ms", name, gap.toMillis());
        assertThat(gap).as("longest time without an acknowledged write").isLessThan(bound);
    }

    /** No server has let a client wait for longer than it says. */
    static void assertNobodyHung(Load load) {
        assertThat(load.history().slowest()).as("slowest reply").isLessThan(COMMAND_TIMEOUT.plusSeconds(2));
        assertThat(load.history().broken()).as("clients that lost patience").noneMatch(trouble -> trouble.what()
                .contains("timed out"));
    }

    static List<KvNode> others(KvCluster cluster, KvNode node) {
        return cluster.nodes().stream().filter(other -> other != node).toList();
    }
}
