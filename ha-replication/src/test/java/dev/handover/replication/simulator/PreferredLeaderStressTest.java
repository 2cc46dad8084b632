package dev.handover.replication.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * Who leads in the end when somebody is preferred, unwell or without room (R23, R15), in worlds in which nothing goes wrong but what the test does; clients write all the time. Only worlds in
 * which a failure time-out is long compared with the store's answers and short enough to be simulated many times.
 */
class PreferredLeaderStressTest {
    private static final long LONGEST_TIMEOUT = 80 * SimParameters.MILLI;

    private static long timeout(Simulation world) {
        return world.parameters.options.failureTimeoutNanos();
    }

    /** Worlds of this kind, whole and with nobody preferred. */
    private static List<Simulation> worlds(int most, Predicate<SimParameters> wanted) {
        List<Simulation> worlds = new ArrayList<>();
        for (long seed = 3; worlds.size() < most; seed += 3) { // of one release, see SimRelease
            Simulation world = Simulation.calm(seed);
            SimParameters parameters = world.parameters;
            long timeout = parameters.options.failureTimeoutNanos();
            if (wanted.test(parameters)
                    && !parameters.skewed
                    && timeout >= 48 * parameters.registerNanos
                    && timeout >= 12 * parameters.tickNanos / 2
                    && timeout <= LONGEST_TIMEOUT) {
                prefer(world, null, false);
                isWholeSoon(world);
                worlds.add(world);
            }
        }
        return worlds;
    }

    private static void until(Simulation world, String what, long nanos, BooleanSupplier condition) {
        long end = world.now() + nanos;
        while (!condition.getAsBoolean()) {
            assertThat(world.now())
                    .as(
                            "seed %d: %s; %s; %s",
                            world.seed(),
                            what,
                            world.replicas.stream().map(SimReplica::describe).toList(),
                            world.register.newest())
                    .isLessThan(end);
            world.runFor(SimParameters.MILLI / 4);
        }
    }

    private static void isWholeSoon(Simulation world) {
        until(
                world,
                "all in sync",
                40 * timeout(world),
                () -> InSyncStressTest.isWhole(world)
                        && InSyncStressTest.leader(world).serves());
    }

    /** Everybody is told that this one is preferred, the leader of now least of all; null for nobody. */
    private static void prefer(Simulation world, SimReplica one, boolean transfers) {
        SortedMap<NodeId, Integer> ranks = new TreeMap<>();
        for (SimReplica each : world.replicas) {
            boolean leads = one != null && each == InSyncStressTest.leader(world);
            ranks.put(each.node(), one == null || leads ? 0 : each == one ? 2 : 1);
        }
        world.replicas.forEach(each -> each.deliver(new Event.Ranks(ranks, transfers)));
    }

    /** The process dies, and all others learn of it at once. */
    private static void dies(Simulation world, SimReplica one) {
        one.kill();
        for (SimReplica each : world.replicas) {
            if (each != one) {
                each.deliver(new Event.PeerDisconnected(one.node()));
                each.deliver(new Event.PeerRefused(one.node()));
            }
        }
    }

    private static void cut(Simulation world, long nanos) {
        for (SimReplica from : world.replicas) {
            for (SimReplica to : world.replicas) {
                if (from != to) {
                    world.network.cut(from, to, nanos);
                }
            }
        }
    }

    private static SimReplica follower(Simulation world, int which) {
        int leader = InSyncStressTest.leader(world).index();
        return world.replicas.get((leader + which) % world.replicas.size());
    }

    @Test
    void shouldBeTakenOverByThePreferredOneEveryTime() {
        for (Simulation world : worlds(3, p -> p.replicas > 2)) {
            for (int round = 0; round < 5; round++) {
                SimReplica leader = InSyncStressTest.leader(world);
                SimReplica preferred = follower(world, world.replicas.size() - 1 - round % 2);
                prefer(world, preferred, false);
                dies(world, leader);
                until(world, "somebody else leads", 4 * timeout(world), () -> InSyncStressTest.leader(world) != leader);
                assertThat(InSyncStressTest.leader(world).node())
                        .as("seed %d, round %d", world.seed(), round)
                        .isEqualTo(preferred.node());
                leader.startIfDown();
                isWholeSoon(world);
            }
        }
    }

    @Test
    void shouldNotWaitForAPreferredOneThatDoesNotTakeOver() {
        for (Simulation world : worlds(3, p -> p.replicas > 2)) {
            SimReplica leader = InSyncStressTest.leader(world);
            SimReplica preferred = follower(world, 1);
            prefer(world, preferred, false);
            preferred.pause(30 * timeout(world));
            dies(world, leader);
            until(world, "somebody else leads", timeout(world), () -> InSyncStressTest.leader(world) != leader);
        }
    }

    @Test
    void shouldComeBackToThePreferredOneAfterTenTimeOuts() {
        for (Simulation world : worlds(3, p -> true)) {
            SimReplica preferred = follower(world, 1);
            prefer(world, preferred, true);
            world.runFor(8 * timeout(world));
            assertThat(InSyncStressTest.leader(world).node())
                    .as("seed %d: too early", world.seed())
                    .isNotEqualTo(preferred.node());
            until(
                    world,
                    "the preferred one leads",
                    4 * timeout(world),
                    () -> InSyncStressTest.leader(world) == preferred);
        }
    }

    @Test
    void shouldGiveAPreferredOneThatFailsEachTimeTheLeadershipMoreAndMoreSeldom() {
        for (Simulation world : worlds(2, p -> p.replicas == 2 && p.minInSync == 1)) {
            SimReplica giver = InSyncStressTest.leader(world);
            SimReplica preferred = follower(world, 1);
            prefer(world, preferred, true);
            int times = 0;
            for (long end = world.now() + 70 * timeout(world); world.now() < end; ) {
                world.runFor(timeout(world) / 8);
                if (InSyncStressTest.leader(world) == preferred && preferred.serves()) {
                    times++;
                    dies(world, preferred);
                    until(world, "it is led on", 5 * timeout(world), giver::serves);
                    preferred.startIfDown();
                    prefer(world, preferred, true);
                }
            }
            assertThat(times) // after 10, 20 and 40 time-outs in sync
                    .as("seed %d: how often it was given the leadership", world.seed())
                    .isBetween(1, 3);
        }
    }

    @Test
    void shouldBeLedByTheHealthyHalfOfASplitPair() {
        for (Simulation world : worlds(4, p -> p.replicas == 2)) {
            SimReplica leader = InSyncStressTest.leader(world);
            stall(world, follower(world, 1));
            isSplit(world);
            assertThat(InSyncStressTest.leader(world).node())
                    .as("seed %d: the follower is unwell", world.seed())
                    .isEqualTo(leader.node());
        }
    }

    /** In the middle of a write: a disk that stalls is only noticed by whoever waits for it. */
    private static void stall(Simulation world, SimReplica one) {
        until(world, "a write is under way", 4 * timeout(world), () -> one.disk()
                .forces());
        one.disk().stallFor(3 * timeout(world) / 4);
    }

    private static void isSplit(Simulation world) {
        world.runFor(4 * timeout(world) / 5);
        assertThat(InSyncStressTest.isWhole(world)).as("seed %d", world.seed()).isTrue();
        cut(world, 8 * timeout(world));
        until(
                world,
                "one half goes on",
                6 * timeout(world),
                () -> world.register.newest().configuration().inSync().size() == 1);
    }

    @Test
    void shouldBeLedByOneThatHasRoom() {
        for (Simulation world : worlds(3, p -> p.replicas > p.minInSync)) {
            SimReplica full = InSyncStressTest.leader(world);
            full.deliver(new Event.DiskRoom(false));
            until(
                    world,
                    "another one leads",
                    3 * timeout(world),
                    () -> InSyncStressTest.leader(world) != full
                            && InSyncStressTest.leader(world).serves());
            prefer(world, full, true); // the new leader is the least
            for (int round = 0; round < 64; round++) {
                world.runFor(timeout(world) / 4);
                assertThat(InSyncStressTest.leader(world).node())
                        .as("seed %d: preferred, but full", world.seed())
                        .isNotEqualTo(full.node());
            }
        }
    }
}
