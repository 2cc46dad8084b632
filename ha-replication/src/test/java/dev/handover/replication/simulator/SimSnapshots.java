package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Event;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The snapshots on one node's disk: a few complete ones, the newest of which may be damaged when the process starts next. */
final class SimSnapshots {
    private static final int MOST = 4;

    private final List<SimSnapshot> newestFirst = new ArrayList<>();

    SimSnapshots() {}

    private SimSnapshots(SimSnapshots other) {
        newestFirst.addAll(other.newestFirst);
    }

    SimSnapshots copy() {
        return new SimSnapshots(this);
    }

    /** Complete and durable from now on. */
    void add(SimSnapshot snapshot) {
        newestFirst.removeIf(one -> one.position().equals(snapshot.position()));
        newestFirst.add(snapshot);
        newestFirst.sort(
                Comparator.comparingLong((SimSnapshot one) -> one.position().index())
                        .reversed());
        while (newestFirst.size() > MOST) {
            newestFirst.remove(newestFirst.size() - 1);
        }
    }

    /** The newest that verifies; null if there is none. */
    SimSnapshot newest() {
        for (SimSnapshot snapshot : newestFirst) {
            if (!snapshot.damaged()) {
                return snapshot;
            }
        }
        return null;
    }

    SimSnapshot at(long index) {
        for (SimSnapshot snapshot : newestFirst) {
            if (snapshot.position().index() == index && !snapshot.damaged()) {
                return snapshot;
            }
        }
        return null;
    }

    /** A bit of the newest flips, if the one before it, or the log alone, is enough to start with. */
    boolean damageNewest(long firstIndex) {
        if (newestFirst.isEmpty() || newestFirst.get(0).damaged()) {
            return false;
        }
        long before = newestFirst.size() < 2 || newestFirst.get(1).damaged()
                ? 0
                : newestFirst.get(1).position().index();
        if (firstIndex > before + 1) {
            return false;
        }
        newestFirst.set(0, newestFirst.get(0).asDamaged());
        return true;
    }

    /** A bad one that was found at a start is put aside. */
    void dropDamaged() {
        newestFirst.removeIf(SimSnapshot::damaged);
    }

    /**
     * The leader's shell sends: everything in one message here, which may take very long, get lost, or come twice and late. The receiver's shell takes it only in the epoch that it has adopted, and
     * makes it durable only after all that its core had asked to be written before.
     */
    static void send(Simulation sim, SimReplica from, SimReplica to, Event.SnapshotSendEnded ended) {
        SimSnapshot snapshot = from.disk().snapshots().newest();
        int boot = from.boot();
        long epoch = from.core().epoch();
        long mean = sim.dice.chance(0.2) ? 100 * SimParameters.MILLI : 10 * sim.parameters.delayNanos;
        Runnable tell = () -> {
            if (from.boot() == boot) {
                from.deliver(ended);
            }
        };
        int copies = snapshot == null || !sim.network.carries(from, to)
                ? 0
                : sim.dice.chance(sim.parameters.duplication) ? 2 : 1;
        for (int i = 0; i < copies; i++) {
            sim.after(sim.dice.after(mean), () -> receive(sim, from, to, ended, epoch, snapshot, tell));
        }
        if (copies == 0 || sim.dice.chance(0.3)) { // nothing was heard: given up, and perhaps it was there in time
            sim.after(sim.dice.after(2 * mean), tell);
        }
    }

    private static void receive(
            Simulation sim,
            SimReplica from,
            SimReplica to,
            Event.SnapshotSendEnded ended,
            long epoch,
            SimSnapshot snapshot,
            Runnable tell) {
        boolean there =
                sim.network.carries(from, to) && to.isRunning() && ended.to().equals(to.id());
        if (there) {
            to.whenAwake(() -> {
                if (ended.to().equals(to.id())
                        && to.core().epoch() == epoch
                        && !to.core().role().leads()) { // R2
                    to.disk()
                            .storeAfterWrites(
                                    snapshot, new Event.SnapshotReceived(snapshot.position(), snapshot.lineage()));
                }
            });
        }
        sim.after(sim.dice.after(sim.parameters.delayNanos + 2 * sim.parameters.forceNanos), tell);
    }
}
