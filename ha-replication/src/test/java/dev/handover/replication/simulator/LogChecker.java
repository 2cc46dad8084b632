package dev.handover.replication.simulator;

import dev.handover.replication.protocol.LogEntry;
import java.util.HashMap;
import java.util.Map;

/** I2: (index, epoch) fixes an entry and everything before it. Knows the logs of the leaders of all epochs. */
final class LogChecker {
    private record Position(long index, long epoch) {}

    private final Map<Position, Long> chains = new HashMap<>();
    private final Map<Long, ChainLog> leaders = new HashMap<>();

    void appended(SimReplica replica, LogEntry entry) {
        long chain = replica.log().chainAt(entry.index());
        Long before = chains.putIfAbsent(new Position(entry.index(), entry.epoch()), chain);
        SimFailure.unless(
                before == null || before == chain,
                "I2",
                "two entries or two pasts at index " + entry.index() + " of epoch " + entry.epoch() + "; now at "
                        + replica.node() + ": " + entry);
    }

    /** The hash at an entry that is, or was, in some log. */
    long chainOf(LogEntry entry) {
        return chains.getOrDefault(new Position(entry.index(), entry.epoch()), -1L);
    }

    /** The replica sends as leader of the epoch: its log is that of the epoch. */
    void leads(SimReplica replica, long epoch) {
        ChainLog log = leaders.get(epoch);
        if (log == null) {
            replica.log().keep();
            leaders.put(epoch, replica.log());
        } else {
            SimFailure.unless(log == replica.log(), "I2", "a second log sends as that of the leader of epoch " + epoch);
        }
    }

    /** Null if its leader never sent anything. */
    ChainLog ofLeader(long epoch) {
        return leaders.get(epoch);
    }
}
