package dev.handover.examples.kv.system;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Everything, at random, for {@code handover.soak.seconds}, half of it on two nodes and half on three; {@code -Dseed} repeats what was done, as far as it does not depend on who leads.
 * The summary is in {@code target/soak-summary.md}.
 */
class SoakIT {
    private static final Duration TIME = Duration.ofSeconds(Long.getLong("handover.soak.seconds", 20));
    private static final Duration START_AND_END = Duration.ofMinutes(8);
    private static final SoakSummary SUMMARY = new SoakSummary();

    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path directory;

    @AfterAll
    static void sumUp() throws IOException {
        SUMMARY.write(Path.of("target", "soak-summary.md"));
        System.out.println(SUMMARY);
    }

    @Test
    void shouldLoseNothingWithTwoNodesWhateverHappens() {
        soak(2);
    }

    @Test
    void shouldLoseNothingWithThreeNodesWhateverHappens() {
        soak(3);
    }

    private void soak(int nodes) {
        long seed = Long.getLong("seed", System.nanoTime());
        SystemTest.LOG.info("{} nodes in {}, -Dseed={}", nodes, directory, seed);
        Duration time = TIME.dividedBy(2);
        assertTimeoutPreemptively(
                time.plus(START_AND_END),
                () -> {
                    try (Soak soak = new Soak(directory, nodes, seed, time, SUMMARY)) {
                        soak.run();
                    }
                },
                () -> nodes + " nodes: the soak has not ended; -Dseed=" + seed + ", logs in " + directory);
    }
}
