package dev.handover.replication.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;

/**
 * What the in-sync set is for (R7, R8): whoever is slow is left behind in time, and does not come back at once. Worlds in which nothing goes wrong but what the test does;
 * clients write all the time. {@code sim.stress.worlds} (4) bounds how many.
 */
class InSyncStressTest {
    /** How long it takes to notice is counted from the last sign of progress, and looked at every tick; then the store is asked. */
    private static long allowance(SimParameters world) {
        return 4 * world.tickNanos + 8 * world.registerNanos + 20 * SimParameters.MILLI;
    }

    private record Course(long longestStallNanos, long epochs) {}

    /** The longest time for which something waited and nothing was committed while something was done to the group again and again, and how many configurations that took. */
    private static Course course(long seed, long timeouts, BiConsumer<Simulation, Integer> trouble) {
        Simulation world = Simulation.calm(seed);
        long timeout = world.parameters.options.failureTimeoutNanos();
        for (int waits = 0; waits < 40 && !isWhole(world); waits++) {
            world.runFor(timeout + 20 * world.parameters.registerNanos);
        }
        assertThat(isWhole(world))
                .as(
                        "seed %d: all in sync; %s; %s; %s",
                        seed,
                        world.replicas.stream().map(SimReplica::describe).toList(),
                        world.register.newest(),
                        world.parameters)
                .isTrue();
        long before = world.register.epoch();
        long longest = 0;
        long since = world.now();
        long committed = world.checkers.committedIndex();
        for (int round = 0; round < timeouts; round++) {
            trouble.accept(world, round);
            for (long end = world.now() + timeout; world.now() < end; ) {
                world.runFor(SimParameters.MILLI / 4);
                SimReplica leader = leader(world);
                boolean idle = leader.serves() && leader.core().lastIndex() <= world.checkers.committedIndex();
                if (idle || world.checkers.committedIndex() > committed) {
                    committed = world.checkers.committedIndex();
                    since = world.now();
                }
                longest = Math.max(longest, world.now() - since);
            }
        }
        return new Course(longest, world.register.epoch() - before);
    }

    static boolean isWhole(Simulation world) {
        return world.register.newest() != null
                && world.register.newest().configuration().inSync().size() == world.replicas.size();
    }

    private interface Bound {
        long nanos(SimParameters world);
    }

    private static void stress(
            String what, int timeouts, long epochs, Bound bound, BiConsumer<Simulation, Integer> trouble) {
        for (long seed = 3;
                seed <= 3 * Long.getLong("sim.stress.worlds", 4);
                seed += 3) { // of one release, see SimRelease
            SimParameters world = Simulation.calm(seed).parameters;
            if (world.replicas == 2 && world.minInSync == 2) {
                continue; // then nobody can be left behind
            }
            Course course = course(seed, timeouts, trouble);
            assertThat(course.longestStallNanos / SimParameters.MICRO)
                    .as("seed %d, %s: longest stall in us; %s", seed, what, world)
                    .isLessThanOrEqualTo((bound.nanos(world) + allowance(world)) / SimParameters.MICRO);
            assertThat(course.epochs)
                    .as("seed %d, %s: changes of the configuration; %s", seed, what, world)
                    .isLessThanOrEqualTo(epochs);
        }
    }

    static SimReplica leader(Simulation world) {
        return world.replica(world.register.newest().configuration().leader().node());
    }

    private static SimReplica follower(Simulation world) {
        return world.replicas.get((leader(world).index() + 1) % world.replicas.size());
    }

    @Test
    void shouldLeaveBehindAFollowerWhoseDiskStallsAgainAndAgain() {
        SimReplica[] victim = new SimReplica[1];
        stress("a follower's disk stalls", 60, 14, SimParametersTimeout::once, (world, round) -> {
            victim[0] = round == 0 ? follower(world) : victim[0];
            if (round % 3 == 0) {
                victim[0].disk().stallFor(3 * world.parameters.options.failureTimeoutNanos() / 2);
            }
        });
    }

    @Test
    void shouldLeaveBehindAFollowerThatIsCutOffAgainAndAgain() {
        SimReplica[] victim = new SimReplica[1];
        stress("a follower is cut off", 60, 24, SimParametersTimeout::once, (world, round) -> {
            victim[0] = round == 0 ? follower(world) : victim[0];
            if (round % 3 == 0) {
                for (SimReplica each : world.replicas) {
                    world.network.cut(victim[0], each, 3 * world.parameters.options.failureTimeoutNanos() / 2);
                }
            }
        });
    }

    @Test
    void shouldGiveTheLeadershipAwayWhenTheLeadersDiskStalls() {
        stress("the leader's disk stalls", 60, 24, SimParametersTimeout::twice, (world, round) -> {
            if (round % 20 == 0) { // what stalled before is well again, and has been taken again
                leader(world).disk().stallFor(5 * world.parameters.options.failureTimeoutNanos());
            }
        });
    }

    /** Bounds in failure time-outs. */
    private static final class SimParametersTimeout {
        static long once(SimParameters world) {
            return world.options.failureTimeoutNanos();
        }

        static long twice(SimParameters world) {
            return 2 * world.options.failureTimeoutNanos();
        }
    }
}
