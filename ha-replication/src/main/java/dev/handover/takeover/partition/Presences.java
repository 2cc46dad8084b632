package dev.handover.takeover.partition;

import dev.handover.NodeId;
import dev.handover.takeover.partition.PartitionHost.Presence;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who counts as present. Who is announced and in sync in every partition is {@link Presence#READY}. Who is not, because it was lost, is coming back or has just come, is {@link Presence#AWAY} for
 * the delay: nothing is moved that would have to be moved again when it is there. After the delay an announced one gets what it is in sync for, and one that is not announced any more nothing. Time is given,
 * not read.
 */
final class Presences {
    private final long delayNanos;
    /** Since when somebody who was seen has been incomplete; absent for who is complete. */
    private final TreeMap<NodeId, Long> incompleteSince = new TreeMap<>();

    private final TreeSet<NodeId> known = new TreeSet<>();

    Presences(long delayNanos) {
        this.delayNanos = delayNanos;
    }

    /** Where an instance is and how much it can carry. */
    record Traits(String zone, int weight) {}

    /**
     * What is seen now.
     *
     * @param announced the nodes that announce themselves with one of the partitions, and this one
     * @param inSync in how many partitions each node is in sync
     */
    List<PartitionHost> hosts(
            long nowNanos, SortedMap<NodeId, Traits> announced, Map<NodeId, Integer> inSync, int partitions) {
        known.addAll(announced.keySet());
        known.addAll(inSync.keySet());
        List<PartitionHost> hosts = new ArrayList<>();
        for (NodeId node : List.copyOf(known)) {
            Traits traits = announced.get(node);
            int count = inSync.getOrDefault(node, 0);
            Presence presence = Presence.READY;
            if (traits != null && count == partitions) {
                incompleteSince.remove(node);
            } else if (nowNanos - incompleteSince.computeIfAbsent(node, first -> nowNanos) < delayNanos) {
                presence = Presence.AWAY;
            } else if (traits == null && count == 0) {
                known.remove(node);
                incompleteSince.remove(node);
                continue;
            } else if (traits == null) {
                presence = Presence.DRAINING;
            }
            hosts.add(new PartitionHost(
                    node, traits == null ? "" : traits.zone(), traits == null ? 1 : traits.weight(), presence));
        }
        return hosts;
    }
}
