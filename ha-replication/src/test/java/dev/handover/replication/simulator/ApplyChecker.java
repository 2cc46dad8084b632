package dev.handover.replication.simulator;

import dev.handover.replication.protocol.LogEntry;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * I9: what is applied is committed, in order, without gaps, once per process. I10: a command of a session is executed at one index and nowhere else. I11: at equal
 * index the digests are equal. R19: time never goes back along the log.
 */
final class ApplyChecker {
    private record Command(long sessionId, long sequence) {}

    private final CommitChecker commits;
    private final LogChecker logs;
    private final Map<Command, Long> executed = new HashMap<>();
    private final Set<Long> values = new HashSet<>();
    private final Map<Long, Long> digests = new HashMap<>();

    ApplyChecker(CommitChecker commits, LogChecker logs) {
        this.commits = commits;
        this.logs = logs;
    }

    void handed(Checkers.Observed process, List<LogEntry> entries) {
        long timestamp = 0;
        for (LogEntry entry : entries) {
            SimFailure.unless(
                    entry.index() == process.appliedIndex + 1,
                    "I9",
                    () -> process.replica.node() + " applies " + entry + " after " + process.appliedIndex);
            SimFailure.unless(
                    entry.index() <= process.commitIndex && commits.isCommitted(entry),
                    "I9",
                    () -> process.replica.node() + " applies " + entry + ", which is not committed; chain "
                            + logs.chainOf(entry));
            SimFailure.unless(entry.timestamp() >= timestamp, "R19", () -> "time goes back at " + entry);
            timestamp = entry.timestamp();
            process.appliedIndex = entry.index();
        }
    }

    /** What follows is handed over after the snapshot's index. */
    void installed(Checkers.Observed process, long index) {
        SimFailure.unless(
                index > process.appliedIndex && index <= process.commitIndex,
                "I9",
                () -> process.replica.node() + " goes on with a snapshot at " + index + " after " + process.appliedIndex
                        + ", commit " + process.commitIndex);
        process.appliedIndex = index;
    }

    /** I11: a state that was restored is the one that others came to at that index. */
    void restored(SimReplica replica, long index, long digest) {
        Long there = digests.get(index);
        SimFailure.unless(
                there != null && there == digest,
                "I11",
                () -> replica.node() + " restored a state at " + index + " that is not the one applied there");
    }

    boolean wasExecuted(long value) {
        return values.contains(value);
    }

    void executed(LogEntry command) {
        values.add(SimStateMachine.Input.decode(command.payload()).value());
        if (command.sessionId() != 0) {
            Long before = executed.putIfAbsent(new Command(command.sessionId(), command.sequence()), command.index());
            SimFailure.unless(
                    before == null || before == command.index(),
                    "I10",
                    () -> command.sessionId() + ":" + command.sequence() + " is executed at " + before
                            + " and again at " + command.index());
        }
    }

    void applied(SimReplica replica, LogEntry entry, long digest) {
        Long before = digests.putIfAbsent(entry.index(), digest);
        SimFailure.unless(
                before == null || before == digest,
                "I11",
                () -> replica.node() + " has another state than others after " + entry);
    }
}
