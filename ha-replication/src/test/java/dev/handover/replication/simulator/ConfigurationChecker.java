package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Effect;
import java.util.Set;
import java.util.TreeSet;

/** R22: who may be in sync at all. I1: epochs grow by one, the lineage stays. I7: no expansion before the own barrier is held by everybody in sync. R9, R13: who may take over, and with whom. R18: to whom a leader may give it. */
final class ConfigurationChecker {
    private final Simulation sim;

    ConfigurationChecker(Simulation sim) {
        this.sim = sim;
    }

    void stored(Configuration before, Configuration next) {
        if (before == null) {
            SimFailure.unless(next.epoch() == 1, "I1", "the first epoch is " + next.epoch());
            return;
        }
        SimFailure.unless(
                next.epoch() == before.epoch() + 1, "I1", "after epoch " + before.epoch() + " comes " + next.epoch());
        SimFailure.unless(
                next.lineage().equals(before.lineage()), "I1", "the lineage changes in epoch " + next.epoch());
        for (ReplicaId member : next.inSync()) {
            SimFailure.unless(
                    !sim.replica(member.node()).isLearner(), "R22", "epoch " + next.epoch() + " has a learner in sync");
        }
        SimFailure.unless(
                next.featureLevel() >= before.featureLevel(), "R20", "the level is lowered in epoch " + next.epoch());
        if (next.featureLevel() > before.featureLevel()) {
            for (ReplicaId member : next.inSync()) {
                SimFailure.unless(
                        sim.replica(member.node()).release().featureLevel() >= next.featureLevel(),
                        "R20",
                        "epoch " + next.epoch() + " raises the level to " + next.featureLevel() + ", which " + member
                                + " does not support");
            }
        }
    }

    void proposing(Checkers.Observed process, Effect.CompareAndSet cas) {
        Configuration next = cas.next();
        SimReplica replica = process.replica;
        String who = replica.node() + " proposes " + next;
        SimFailure.unless(
                process.proposed == null || process.proposed.nonce().equals(next.nonce()) || !replica.leads(),
                "R6",
                who + ", while " + process.proposed + " is under way");
        Configuration base = sim.register.ofEpoch(next.epoch() - 1);
        if (base == null) {
            return;
        }
        members(replica, base, next, who);
        if (!next.leader().equals(replica.id())) {
            transferring(process, base, next);
        } else if (replica.leads()) {
            boolean expands = !base.inSync().containsAll(next.inSync());
            SimFailure.unless(
                    !expands || process.barrierHeld,
                    "I7",
                    who + ", but not everybody holds its barrier at " + process.barrierIndex + ": "
                            + process.acknowledged);
        } else {
            SimFailure.unless(base.isInSync(replica.id()), "R13", who + ", but is not in sync: " + base);
            SimFailure.unless(base.inSync().containsAll(next.inSync()), "R9", who + " with strangers to " + base);
            SimFailure.unless(
                    base.leader().equals(replica.id()) || !next.isInSync(base.leader()),
                    "R9",
                    who + " with the old leader");
        }
    }

    private static void members(SimReplica replica, Configuration base, Configuration next, String who) {
        Set<NodeId> removed = new TreeSet<>(next.removed());
        base.removed().forEach(removed::remove);
        Set<NodeId> admitted = new TreeSet<>(base.removed());
        next.removed().forEach(admitted::remove);
        if (removed.isEmpty() && admitted.isEmpty()) {
            return;
        }
        SimFailure.unless(
                replica.leads()
                        && removed.size() + admitted.size() == 1
                        && next.leader().equals(base.leader()),
                "R22",
                who + ", and changes who is removed from " + base.removed());
        SimFailure.unless(
                removed.isEmpty()
                        || next.inSync().size() == base.inSync().size()
                        || next.inSync().size() >= next.minInSync(),
                "R22",
                who + ", and leaves fewer than minInSync");
    }

    /** What an operator was told: done is what the configuration of that epoch says. */
    void changed(Effect.MembersChanged changed, boolean remove) {
        Configuration then = sim.register.ofEpoch(changed.epoch());
        SimFailure.unless(
                changed.outcome() != Effect.MembersOutcome.DONE
                        || then != null && then.isRemoved(changed.node()) == remove,
                "R22",
                changed + ", but the configuration is " + then);
    }

    private void transferring(Checkers.Observed process, Configuration base, Configuration next) {
        SimReplica replica = process.replica;
        String who = replica.node() + " proposes " + next;
        SimFailure.unless(
                replica.leads() && base.leader().equals(replica.id()), "R18", who + ", but leads not: " + base);
        SimFailure.unless(next.inSync().equals(base.inSync()), "R18", who + " with another in-sync set than " + base);
        SimFailure.unless(process.barrierHeld, "I7", who + ", but not everybody holds its barrier");
        long held = process.acknowledged.getOrDefault(next.leader(), 0L);
        SimFailure.unless(
                held >= process.transferAskedAt,
                "R18",
                who + ", who has acknowledged " + held + " of " + process.transferAskedAt);
    }

    /** As far as acknowledgements in the present epoch tell. */
    boolean everybodyHolds(Checkers.Observed process, long index) {
        Configuration configuration = sim.register.ofEpoch(process.epoch);
        if (configuration == null || process.replica.disk().log().lastIndex() < index) {
            return false;
        }
        for (ReplicaId member : configuration.inSync()) {
            if (!member.equals(process.replica.id()) && process.acknowledged.getOrDefault(member, 0L) < index) {
                return false;
            }
        }
        return true;
    }
}
