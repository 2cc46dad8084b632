package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.event.HaEvent.TransferStep;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.FeatureLevels;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.SnapshotPosition;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Watches every step, and hands what has changed to those who check it. */
final class Checkers {
    /** What the checkers know of a process. */
    static final class Observed {
        final SimReplica replica;
        /** The epoch that its disk knew when it started. */
        final long startedEpoch;
        /** The adopted epoch. */
        long epoch;
        /** What the others have acknowledged to it in that epoch. */
        final Map<ReplicaId, Long> acknowledged = new TreeMap<>();
        /** What it has proposed in that epoch; null if nothing. */
        Configuration proposed;
        /** Entry that its leadership began with; 0 if it does not lead. */
        long barrierIndex;
        /** Everybody in sync was known to hold that entry, once. */
        boolean barrierHeld;

        /** End of its log when it was asked for a transfer (R18). */
        long transferAskedAt;

        long commitIndex;
        long appliedIndex;

        Observed(SimReplica replica) {
            this.replica = replica;
            startedEpoch = replica.core().epoch();
            epoch = startedEpoch;
        }
    }

    private final Simulation sim;
    private final Observed[] observed;
    private final LogChecker logs;
    private final CommitChecker commits;
    private final FenceChecker fences;
    private final ConfigurationChecker configurations;
    private final ReadChecker reads;
    private long leasedReads;
    private final ApplyChecker applies;

    Checkers(Simulation sim) {
        this.sim = sim;
        observed = new Observed[sim.parameters.replicas];
        logs = new LogChecker();
        commits = new CommitChecker(sim, logs);
        fences = new FenceChecker(sim, logs);
        configurations = new ConfigurationChecker(sim);
        reads = new ReadChecker(commits);
        applies = new ApplyChecker(commits, logs);
    }

    void started(SimReplica replica) {
        Observed process = new Observed(replica);
        observed[replica.index()] = process;
        process.commitIndex = replica.core().commitIndex();
        process.appliedIndex = process.commitIndex;
        commits.startedAt(replica, process.commitIndex);
    }

    /** A step is about to be taken. */
    void before(SimReplica replica, Event event) {
        if (event instanceof Event.Received received && received.message() instanceof Message.Ack ack) {
            Observed process = observed[replica.index()];
            if (ack.epoch() == process.epoch) {
                process.acknowledged.merge(received.from(), ack.durableIndex(), Math::max);
            }
        }
    }

    /** A step was taken; its writes were seen, its other effects were not yet. */
    void after(SimReplica replica) {
        Observed process = observed[replica.index()];
        long epoch = replica.core().epoch();
        if (epoch != process.epoch) {
            SimFailure.unless(
                    epoch > process.epoch, "I5", replica.node() + " went from epoch " + process.epoch + " to " + epoch);
            process.epoch = epoch;
            process.acknowledged.clear();
            process.proposed = null;
        }
        if (!replica.core().role().leads()) {
            process.barrierIndex = 0;
            process.barrierHeld = false;
        } else if (process.barrierIndex > 0 && !process.barrierHeld) {
            process.barrierHeld = configurations.everybodyHolds(process, process.barrierIndex);
        }
        long commitIndex = replica.core().commitIndex();
        if (commitIndex != process.commitIndex) {
            commits.committed(process, commitIndex);
            process.commitIndex = commitIndex;
        }
    }

    void effect(SimReplica replica, Effect effect) {
        Observed process = observed[replica.index()];
        sim.counts.effect(replica, process.proposed == null ? null : process.proposed.nonce(), effect);
        if (effect instanceof Effect.Send send) {
            fences.sending(process, send.message());
        } else if (effect instanceof Effect.CompareAndSet cas) {
            fences.proposing(process);
            configurations.proposing(process, cas);
            process.proposed = cas.next();
        } else if (effect instanceof Effect.ReadReady ready) {
            reads.ready(process, ready);
        } else if (effect instanceof Effect.Transfer transfer && transfer.step() == TransferStep.ASKED) {
            process.transferAskedAt = replica.core().lastIndex();
        } else if (effect instanceof Effect.Transfer transfer
                && transfer.step() == TransferStep.GIVEN_UP
                && process.proposed != null
                && !process.proposed.leader().equals(replica.id())) {
            // let go after a doubt. It changes nobody's in-sync set, so what old and new (R6) must hold stays the same,
            // and
            // of two proposals for the same version one is stored at most
            process.proposed = null;
        } else if (effect instanceof Effect.InstallSnapshot install) {
            applies.installed(process, install.position().index());
        } else if (effect instanceof Effect.Apply apply) {
            applies.handed(process, apply.entries());
        }
    }

    void appended(SimReplica replica, List<LogEntry> entries) {
        Observed process = observed[replica.index()];
        for (LogEntry entry : entries) {
            SimFailure.unless(
                    entry.kind() != LogEntry.Kind.BARRIER
                            || entry.payload().length == 0
                            || replica.release().featureLevel() >= FeatureLevels.BARRIER_REASON,
                    "R20",
                    replica.node() + " supports level " + replica.release().featureLevel() + " and got " + entry);
            logs.appended(replica, entry);
            if (entry.kind() == LogEntry.Kind.BARRIER && replica.core().role().leads()) {
                process.barrierIndex = entry.index();
            }
        }
    }

    void truncating(SimReplica replica, Event cause, long fromIndex) {
        long epoch = cause instanceof Event.Received received && received.message() instanceof Message.Append append
                ? append.epoch()
                : replica.core().epoch();
        commits.truncating(replica, epoch, fromIndex);
    }

    void snapshotStored(SimReplica replica, SimSnapshot snapshot) {
        commits.snapshot(replica, snapshot);
    }

    void installing(SimReplica replica, SnapshotPosition position, SimSnapshot snapshot) {
        commits.installing(replica, position, snapshot);
    }

    /** The state machine is that of the snapshot at this index now. */
    void restored(SimReplica replica, long index, long digest) {
        applies.restored(replica, index, digest);
    }

    void durableChanged(SimReplica replica) {
        commits.durableChanged(replica);
    }

    /** An operator was told how a change of members ended. */
    void membersChanged(Effect.MembersChanged changed, boolean remove) {
        configurations.changed(changed, remove);
    }

    void configurationStored(Configuration before, Configuration next) {
        configurations.stored(before, next);
        sim.counts.stored(before, next);
        for (SimReplica replica : sim.replicas) {
            commits.durableChanged(replica);
        }
    }

    void readByLease(SimReplica replica, Effect.ReadLeased read) {
        leasedReads++;
        reads.byLease(replica, read);
    }

    /** Reads that were answered under a lease. */
    long leasedReads() {
        return leasedReads;
    }

    void readArrived(long readId) {
        reads.arrived(readId);
    }

    void executed(LogEntry command) {
        applies.executed(command);
    }

    void applied(SimReplica replica, LogEntry entry, long digest) {
        applies.applied(replica, entry, digest);
    }

    /** Whether anybody has ever executed it. */
    boolean wasExecuted(SimStateMachine.Input input) {
        return applies.wasExecuted(input.value());
    }

    /** How much was committed, by anyone. */
    long committedIndex() {
        return commits.lastIndex();
    }
}
