package dev.handover.replication.simulator;

import dev.handover.replication.protocol.FeatureLevels;
import dev.handover.replication.protocol.LeaseOptions;
import dev.handover.replication.protocol.ProtocolOptions;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The world of one seed. Every seed enables another subset of what can go wrong, at other rates, so that rare combinations are met too
 * ("swarm testing"; Groce et al., 2012). Times in nanoseconds of the simulated clock.
 */
final class SimParameters {
    /** What the world is like that the seed draws. */
    enum Weather {
        /** Anything may go wrong; with leases clocks differ as far as the drift allowance says. */
        FOUL,
        /** Clocks differ farther: reads by leases may be stale, and the checkers must say so. */
        CLOCKS_BEYOND_THE_ALLOWANCE,
        /** Nothing goes wrong by chance, and clients never rest: for tests that do something to it and look at the clock. */
        CALM
    }

    static final long MICRO = 1_000L;
    static final long MILLI = 1_000_000L;

    private static final Set<Fault> DISK_FAULTS = EnumSet.of(Fault.STALLED_DISK, Fault.DAMAGED_LOG);
    private static final Set<Fault> LEASE_FAULTS = EnumSet.of(Fault.SPLIT, Fault.FALSE_REFUSAL, Fault.PAUSE);

    final int replicas;
    final int minInSync;
    /** So many of the last nodes are learners for ever (R22). */
    final int learners;

    final int clients;
    final int keys;
    final ProtocolOptions options;
    final long tickNanos;
    final long thinkNanos;
    final long clientTimeoutNanos;
    final long clientPatienceNanos;
    final int pipeline;
    final long sessionMillis;
    final double sessionlessShare;
    final double readShare;
    final double leasedShare;

    final long delayNanos;
    final double loss;
    final double duplication;
    final double reordering;
    final double lateness;

    final long registerNanos;
    final double registerLoss;
    final double registerLate;
    final double watchLoss;
    final double staleWatch;

    final long forceNanos;
    final long applyNanos;
    final boolean skewed;
    /** After how many of its batches a state machine takes a snapshot, on average. */
    final double snapshotRate;

    final long faultEveryNanos;
    final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);
    private final List<Fault> urn = new ArrayList<>();

    /** Reads go by leases (R16), in some worlds. */
    final boolean leases;
    /** Not every replica wants leases, or of the same length. */
    final boolean mixedLeases;

    final double slowestClock;
    final double fastestClock;

    /**
     * Draws a world.
     *
     * @param leaseDice for what leases need, so that worlds without them stay what they were
     * @param diskDice for disks that stall or rot, for the same reason
     * @param weather what goes wrong by chance
     */
    SimParameters(Dice dice, Dice leaseDice, Dice diskDice, Weather weather) {
        boolean calm = weather == Weather.CALM;
        replicas = dice.pick(List.of(2, 3, 3, 3, 5));
        minInSync = dice.chance(0.75) ? 1 : 2;
        learners = !calm && replicas > 2 && dice.chance(0.2) ? 1 : 0;
        clients = calm ? 4 : 1 + dice.below(4);
        keys = 1 + dice.below(3);
        long heartbeat = dice.scale(4 * MILLI, 30 * MILLI);
        long failure = heartbeat * dice.between(3, 8);
        leases = weather == Weather.CLOCKS_BEYOND_THE_ALLOWANCE || !calm && leaseDice.chance(0.4);
        mixedLeases = leaseDice.chance(0.3);
        double drift =
                weather == Weather.CLOCKS_BEYOND_THE_ALLOWANCE ? 0.01 : leaseDice.pick(List.of(0.05, 0.1, 0.3, 0.5));
        double slowest = 1 - drift * leaseDice.below(100) / 100;
        slowestClock = !leases ? 0.7 : weather == Weather.CLOCKS_BEYOND_THE_ALLOWANCE ? 0.5 : slowest;
        fastestClock = !leases ? 1.4 : weather == Weather.CLOCKS_BEYOND_THE_ALLOWANCE ? 2 : slowest / (1 - drift);
        options = new ProtocolOptions(
                heartbeat,
                failure,
                dice.scale(2 * MILLI, 60 * MILLI),
                dice.scale(10 * MILLI, 300 * MILLI),
                minInSync,
                FeatureLevels.NEWEST,
                false,
                (int) (calm ? 20_000 : dice.scale(65, 20_000)),
                calm ? 100_000 : dice.scale(65, 100_000),
                calm ? 1_000_000 : dice.scale(200, 1_000_000),
                calm ? 100_000 : dice.scale(65, 100_000),
                calm ? 1_000_000 : dice.scale(65, 1_000_000),
                calm ? 4096 : dice.scale(1, 4096),
                dice.chance(0.5) ? 0 : dice.scale(1, 200),
                leases ? new LeaseOptions(leaseDice.scale(failure, 10 * failure), drift) : LeaseOptions.OFF);
        leasedShare = leases ? 0.9 : 0;
        tickNanos = Math.min(heartbeat / 2, dice.scale(2 * MILLI, 10 * MILLI));
        long think = dice.scale(200 * MICRO, 20 * MILLI);
        thinkNanos = calm
                ? MILLI / 2
                : leases ? Math.min(think, 2 * MILLI) : think; // what is stale is seen only by who looks
        clientTimeoutNanos = dice.scale(5 * MILLI, 200 * MILLI);
        clientPatienceNanos = clientTimeoutNanos * dice.between(2, 20) + (calm ? 20 * failure : 0);
        pipeline = dice.pick(List.of(1, 1, 2, 4));
        sessionMillis = dice.chance(0.2) ? dice.scale(5, 200) : 600_000;
        sessionlessShare = dice.rate(0.3);
        readShare = (dice.chance(0.8) ? 0.4 : 0.1) + (leases ? 0.3 : 0);

        delayNanos = calm ? 50 * MICRO : dice.scale(20 * MICRO, 4 * MILLI);
        loss = calm ? 0 : dice.rate(0.2);
        duplication = calm ? 0 : dice.rate(0.3);
        reordering = calm ? 0 : dice.rate(0.5);
        lateness = calm ? 0 : dice.rate(0.1);

        long register = dice.scale(100 * MICRO, 30 * MILLI);
        registerNanos = leases ? Math.min(register, 3 * MILLI) : register;
        registerLoss = calm ? 0 : dice.rate(0.5);
        registerLate = calm ? 0 : dice.rate(0.5);
        watchLoss = calm ? 0 : dice.rate(0.8);
        staleWatch = calm ? 0 : dice.rate(0.3);

        forceNanos = calm ? 100 * MICRO : dice.scale(20 * MICRO, 5 * MILLI);
        applyNanos = dice.scale(5 * MICRO, 2 * MILLI);
        skewed = dice.chance(0.5);
        snapshotRate = dice.rate(0.3);

        faultEveryNanos = dice.scale(8 * MILLI, 300 * MILLI);
        for (Fault fault : Fault.values()) {
            if (calm) {
                continue;
            }
            Dice own = DISK_FAULTS.contains(fault) ? diskDice : dice;
            int weight = own.chance(own == dice ? 0.55 : 0.7) ? 0 : 1 + own.below(fault.weight);
            if (leases && LEASE_FAULTS.contains(fault)) { // a leader must be replaced while it lives
                weight += 6;
            }
            if (weight > 0) {
                faults.put(fault, weight);
                for (int i = 0; i < weight; i++) {
                    urn.add(fault);
                }
            }
        }
    }

    /** Options of a process that starts now. */
    ProtocolOptions optionsOfAProcess(Dice dice) {
        if (!mixedLeases || !leases || dice.chance(0.5)) {
            return options;
        }
        LeaseOptions usual = options.leases();
        return options.withLeases(
                dice.chance(0.4)
                        ? LeaseOptions.OFF
                        : new LeaseOptions(
                                dice.scale(2 * options.heartbeatNanos(), 2 * usual.periodNanos()), usual.drift()));
    }

    /** What goes wrong next; null if nothing does in this world. */
    Fault nextFault(Dice dice) {
        return urn.isEmpty() ? null : dice.pick(urn);
    }

    @Override
    public String toString() {
        return replicas + " replicas, minInSync " + minInSync + ", " + learners + " learners, " + clients
                + " clients x " + pipeline + " on "
                + keys
                + " keys, heartbeat " + options.heartbeatNanos() / MICRO + " us, failureTimeout "
                + options.failureTimeoutNanos() / MICRO + " us, casRetry " + options.casRetryNanos() / MICRO
                + " us, tick " + tickNanos / MICRO + " us, network " + delayNanos / MICRO + " us (loss " + percent(loss)
                + ", twice " + percent(duplication) + ", reordered " + percent(reordering) + ", late "
                + percent(lateness) + "), store " + registerNanos / MICRO + " us (in doubt " + percent(registerLoss)
                + ", late " + percent(registerLate) + ", watch lost " + percent(watchLoss) + ", stale "
                + percent(staleWatch) + "), force " + forceNanos / MICRO + " us, apply " + applyNanos / MICRO
                + " us, snapshots " + percent(snapshotRate) + ", sessions " + sessionMillis + " ms, clock skew "
                + skewed + (leases ? ", leases" + (mixedLeases ? " of some" : "") : "") + ", a fault every "
                + faultEveryNanos / MICRO + " us of " + faults + ", " + options;
    }

    private static String percent(double rate) {
        return Math.round(rate * 1000) / 10.0 + "%";
    }
}
