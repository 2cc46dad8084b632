package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Effect;
import java.util.HashMap;
import java.util.Map;

/** I6, I7: a linearizable read sees everything that anybody considered committed when it arrived, and a leader confirms none before its barrier. */
final class ReadChecker {
    private final CommitChecker commits;
    private final Map<Long, Long> floors = new HashMap<>();

    ReadChecker(CommitChecker commits) {
        this.commits = commits;
    }

    void arrived(long readId) {
        floors.put(readId, commits.lastIndex());
    }

    /** The lease was found to hold after the read was executed. */
    void byLease(SimReplica replica, Effect.ReadLeased read) {
        long floor = floors.get(read.readId());
        SimFailure.unless(
                read.index() >= floor,
                "I6",
                replica.node() + " answers a read by " + read.lease() + " at " + read.index() + " that arrived when "
                        + floor + " was committed");
    }

    void ready(Checkers.Observed process, Effect.ReadReady ready) {
        long floor = floors.get(ready.readId());
        SimFailure.unless(
                ready.index() >= floor,
                "I6",
                process.replica.node() + " confirms a read at " + ready.index() + " that arrived when " + floor
                        + " was committed");
        SimFailure.unless(
                process.barrierIndex == 0 || process.commitIndex >= process.barrierIndex,
                "I7",
                process.replica.node() + " confirms a read before its barrier at " + process.barrierIndex);
    }
}
