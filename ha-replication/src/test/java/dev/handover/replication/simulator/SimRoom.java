package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Event;
import java.util.Set;
import java.util.TreeSet;

/**
 * Disks that fill up and are emptied again, as far as a core hears of it (R15): who has no room should not lead. In some worlds only, and with a chance of its own, so that it disturbs no
 * other.
 */
final class SimRoom {
    /** Of 17; none of {@link SimulatorRegressionTest} and of the table in docs/simulator.md. */
    private static final Set<Integer> WORLDS = Set.of(0, 6, 9, 13);

    private final Simulation sim;
    private final Dice dice;
    private final boolean any;
    private final Set<Integer> full = new TreeSet<>();

    SimRoom(Simulation sim, boolean foul) {
        this.sim = sim;
        any = foul && WORLDS.contains((int) Math.floorMod(sim.seed(), 17L));
        dice = new Dice(sim.seed() * 41 + 17);
    }

    void start() {
        if (any) {
            next();
        }
    }

    private void next() {
        sim.after(dice.after(20 * sim.parameters.options.failureTimeoutNanos()), () -> {
            if (!sim.isHealing()) {
                SimReplica one = dice.pick(sim.replicas);
                if (!full.remove(one.index())) {
                    full.add(one.index());
                }
                tell(one);
                next();
            }
        });
    }

    /** A process begins, and finds what its disk has. */
    void started(SimReplica replica) {
        if (full.contains(replica.index())) {
            tell(replica);
        }
    }

    void heal() {
        full.clear();
        if (any) {
            sim.replicas.forEach(this::tell);
        }
    }

    private void tell(SimReplica replica) {
        replica.deliver(new Event.DiskRoom(!full.contains(replica.index())));
    }
}
