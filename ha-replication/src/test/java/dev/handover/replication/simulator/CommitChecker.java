package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * I3: there is one history of what anybody ever considered committed, and every member of the newest in-sync set has all of it durable. I4: nothing of it is cut
 * that was committed in an epoch up to that of the append, and nothing at all on a member of the newest in-sync set. I6: commits rest on
 * acknowledgements, in the exact epoch, of the whole in-sync set, old and new while a change is in doubt.
 */
final class CommitChecker {
    private final Simulation sim;
    private final LogChecker logs;
    /** By index: hash of the history, and the lowest epoch in which a leader considered it committed. */
    private long[] chain = new long[256];

    private long[] epochs = new long[256];
    private long lastIndex;

    CommitChecker(Simulation sim, LogChecker logs) {
        this.sim = sim;
        this.logs = logs;
    }

    long lastIndex() {
        return lastIndex;
    }

    long chainAt(long index) {
        return chain[Math.toIntExact(index)];
    }

    void committed(Checkers.Observed process, long index) {
        SimReplica replica = process.replica;
        SimFailure.unless(
                index > process.commitIndex,
                "I9",
                replica.node() + " takes its commit index back from " + process.commitIndex + " to " + index);
        SimFailure.unless(
                index <= replica.log().lastIndex(),
                "I9",
                replica.node() + " commits " + index + " behind its log's end");
        if (replica.core().role().leads() || process.barrierIndex > 0) {
            restsOnAcknowledgements(process, index);
            extend(process, index);
        } else {
            SimFailure.unless(
                    index <= lastIndex, "I6", replica.node() + " considers " + index + " committed, no leader does");
        }
        SimFailure.unless(
                replica.log().chainAt(index) == chain[(int) index],
                "I3",
                replica.node() + " in epoch " + process.epoch + " considers another entry committed at or below "
                        + index);
    }

    private void restsOnAcknowledgements(Checkers.Observed process, long index) {
        SimReplica replica = process.replica;
        Configuration configuration = sim.register.ofEpoch(process.epoch);
        String who = replica.node() + " commits " + index + " in epoch " + process.epoch;
        SimFailure.unless(configuration != null, "I6", who + ", which does not exist");
        SimFailure.unless(configuration.leader().equals(replica.id()), "I2", who + ", which is another's");
        SimFailure.unless(
                configuration.inSync().size() >= configuration.minInSync(),
                "I6",
                who + " with too few in sync: " + configuration);
        Set<ReplicaId> needed = new TreeSet<>(configuration.inSync());
        if (process.proposed != null) {
            needed.addAll(process.proposed.inSync());
        }
        for (ReplicaId member : needed) {
            long held = member.equals(replica.id())
                    ? replica.disk().log().lastIndex()
                    : process.acknowledged.getOrDefault(member, 0L);
            SimFailure.unless(
                    held >= index, "I6", who + ", but " + member + " has only acknowledged " + held + " of " + needed);
        }
    }

    private void extend(Checkers.Observed process, long index) {
        ChainLog log = process.replica.log();
        while (index >= chain.length) {
            chain = Arrays.copyOf(chain, 2 * chain.length);
            epochs = Arrays.copyOf(epochs, 2 * epochs.length);
        }
        for (long i = index; i > 0; i--) {
            int at = (int) i;
            if (i > lastIndex) {
                chain[at] = log.chainAt(i);
                epochs[at] = process.epoch;
            } else if (epochs[at] > process.epoch) {
                epochs[at] = process.epoch;
            } else {
                break;
            }
        }
        if (index > lastIndex) {
            lastIndex = index;
            VersionedConfiguration newest = sim.register.newest();
            for (SimReplica replica : sim.replicas) {
                holdsEverything(replica, newest);
            }
        }
    }

    /** I9: a snapshot holds only what is committed. */
    void snapshot(SimReplica replica, SimSnapshot snapshot) {
        long index = snapshot.position().index();
        SimFailure.unless(
                index <= lastIndex && snapshot.history().chainAt(index) == chain[(int) index],
                "I9",
                replica.node() + " has a snapshot at " + index + " of what is not committed");
    }

    /** A process begins with a snapshot's index as its commit index. */
    void startedAt(SimReplica replica, long index) {
        SimFailure.unless(
                index <= lastIndex && (index == 0 || replica.log().chainAt(index) == chain[(int) index]),
                "I9",
                replica.node() + " starts with " + index + " as committed, which is not");
    }

    /** I4: no log is given up for a snapshot that it agrees with, and none of a member of the newest in-sync set. */
    void installing(SimReplica replica, SnapshotPosition position, SimSnapshot snapshot) {
        SimFailure.unless(
                snapshot != null && snapshot.position().equals(position),
                "I9",
                replica.node() + " installs a snapshot at " + position + ", which it does not have");
        SimFailure.unless(
                replica.log().chainAt(position.index()) != snapshot.history().lastChain(),
                "I4",
                replica.node() + " drops a log that agrees with the snapshot at " + position);
        VersionedConfiguration newest = sim.register.newest();
        SimFailure.unless(
                replica.disk().isRolledBack()
                        || newest == null
                        || !newest.configuration().isInSync(replica.id()),
                "I4",
                replica.node() + " drops its log for the snapshot at " + position + ", and is in sync");
    }

    void durableChanged(SimReplica replica) {
        holdsEverything(replica, sim.register.newest());
    }

    private void holdsEverything(SimReplica replica, VersionedConfiguration newest) {
        SimDisk disk = replica.disk();
        if (newest == null
                || lastIndex == 0
                || replica.id() == null
                || disk.isRolledBack()
                || !disk.logId().equals(replica.id().logId())
                || !newest.configuration().isInSync(replica.id())) {
            return;
        }
        SimFailure.unless(
                disk.log().lastIndex() >= lastIndex && disk.log().chainAt(lastIndex) == chain[(int) lastIndex],
                "I3",
                replica.node() + " is in sync in epoch "
                        + newest.configuration().epoch() + ", but what is committed up to " + lastIndex
                        + " is not all on its disk, which ends at " + disk.log().lastIndex());
    }

    void truncating(SimReplica replica, long epoch, long fromIndex) {
        VersionedConfiguration newest = sim.register.newest();
        boolean inSync = newest != null && newest.configuration().isInSync(replica.id());
        ChainLog log = replica.log();
        for (long i = fromIndex; i <= Math.min(log.lastIndex(), lastIndex); i++) {
            if (log.chainAt(i) == chain[(int) i]) {
                SimFailure.unless(
                        epochs[(int) i] > epoch && !inSync,
                        "I4",
                        replica.node() + " cuts " + i + " in epoch " + epoch + ", which was committed in epoch "
                                + epochs[(int) i] + (inSync ? ", and is in sync" : ""));
            }
        }
    }

    /** Whether this is the committed entry of its index. */
    boolean isCommitted(LogEntry entry) {
        return entry.index() <= lastIndex && logs.chainOf(entry) == chain[(int) entry.index()];
    }
}
