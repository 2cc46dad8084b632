package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.coordination.RecordStore;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
    private static final Logger LOG = LoggerFactory.getLogger(Instance.class);

    List<GroupId> groups() {
        return logs.stream().map(ReplicatedLog::group).toList();
    }

    /** Does it for every group that this node has joined by now; false if there are others, for which it has to be done again. */
    boolean forJoined(Consumer<GroupId> action) {
        boolean all = true;
        for (ReplicatedLog log : logs) {
            try {
                action.accept(log.group());
            } catch (IllegalStateException e) {
                LOG.debug("{} not yet: {}", label(), e.getMessage());
                all = false;
            }
        }
        return all;
    }

    String label() {
        return "[" + logs.get(0).group() + " " + node.id() + "]";
    }

    long now() {
        return nanoTime.getAsLong();
    }
}
