package dev.handover.replication.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Worlds in which something was found once. A world is what its seed makes of the simulator of the day, so each has a unit test of its own, too, where that could be had. */
class SimulatorRegressionTest {
    private record Found(long seed, long steps, String what) {}

    private static final List<Found> FOUND = List.of(
            new Found(
                    3,
                    2000,
                    "a rolled-back disk was accepted at its second start (R12): the record must condemn the log for good"),
            new Found(2, 2000, "a start whose record's answer was lost was taken for a roll-back (R12)"),
            new Found(181, 2000, "a late goodbye kept a follower out for ever (R8, I13)"),
            new Found(182, 2000, "a fetch overtook the writes before it"),
            new Found(206, 2000, "a start that died before it was recorded hid a roll-back (R12)"),
            new Found(505677, 2000, "a learner was admitted that lacked what had been committed a moment before (R8)"),
            new Found(653496, 2000, "a learner was admitted that needs longer than the time-outs for its backlog (R8)"),
            new Found(9110, 2000, "the bound of I13 did not count what had to be caught up, an entry at a time"),
            new Found(2000248, 2000, "a log that was compacted under a probe was asked for ever (R3, I13)"));

    @Test
    void shouldNotFindAgainWhatWasFoundOnce() {
        for (Found found : FOUND) {
            Simulation.Result result = Simulation.run(found.seed, found.steps);
            assertThat(result.failure())
                    .as("seed %d: %s", found.seed, found.what)
                    .isNull();
        }
    }
}
