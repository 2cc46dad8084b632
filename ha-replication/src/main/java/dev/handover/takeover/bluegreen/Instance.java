package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.coordination.RecordStore;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What the parts of one instance share.
 *
 * @param logs this node's replicas of the service's groups, sorted by group
 * @param process differs with every start
 * @param loop runs everything but hooks, on one thread
 * @param nanoTime monotonic, for all durations
 * @param wall for people only
 */
record Instance(
        HaNode node,
        String service,
        List<ReplicatedLog> logs,
        String colour,
        String version,
        UUID process,
        BlueGreenHooks hooks,
        TrafficMonitor traffic,
        RecordStore records,
        Loop loop,
        LongSupplier nanoTime,
        Clock wall,
        Supplier<UUID> ids,
        Duration standbyDelay) {
    List<GroupId> groups() {
        return logs.stream().map(ReplicatedLog::group).toList();
    }

    String label() {
        return "[" + logs.get(0).group() + " " + node.id() + "]";
    }

    long now() {
        return nanoTime.getAsLong();
    }
}
