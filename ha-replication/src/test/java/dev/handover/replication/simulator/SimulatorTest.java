package dev.handover.replication.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** See {@link SimulatorRuns} for the properties {@code sim.seeds}, {@code sim.steps}, {@code sim.first} and {@code sim.seed}. */
class SimulatorTest {
    @Test
    @Timeout(7200)
    void shouldKeepAllInvariantsInAllWorlds() {
        SimulatorRuns runs = SimulatorRuns.fromProperties();

        List<Simulation.Result> failed = runs.run();

        System.out.println(runs.summary());
        failed.forEach(result -> System.out.println(runs.report(result)));
        assertThat(failed)
                .as("failed seeds; see the transcripts above and in target/simulator")
                .isEmpty();
        assertThat(runs.neverHappened())
                .as("faults and rules that happened in none of the worlds, so that they were not tested")
                .isEmpty();
    }

    @Test
    void shouldReplayASeedExactly() {
        for (long seed = 1; seed <= 20; seed++) {
            Simulation.Result once = Simulation.run(seed, 500);
            Simulation.Result again = Simulation.run(seed, 500);
            assertThat(again.steps()).isEqualTo(once.steps());
            assertThat(again.committed()).isEqualTo(once.committed());
            assertThat(again.restNanos()).isEqualTo(once.restNanos());
        }
    }

    /** The drift allowance is needed (R16): where clocks differ farther, the checkers find reads that are stale. */
    @Test
    void shouldFindStaleReadsWhereClocksDifferFartherThanAllowed() {
        String found = "";
        long seed = 0;
        while (found.isEmpty() && ++seed <= 3000) {
            Simulation.Result result = Simulation.run(seed, 2000, SimParameters.Weather.CLOCKS_BEYOND_THE_ALLOWANCE);
            found = result.failure() == null
                    ? ""
                    : String.valueOf(result.failure().getMessage());
        }
        System.out.println("simulator: clocks beyond the allowance: seed " + seed + ": " + found);
        assertThat(found).containsAnyOf("I6", "I12");
    }
}
