package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What one instance knows at a moment; decisions depend on it and on the record alone.
 *
 * @param self who decides
 * @param at wall clock, for the history only
 * @param inStepNanos since when this instance has seen the step, by its monotonic clock
 * @param groups of the service, sorted
 * @param reports of the instances that are in sync somewhere or take part
 * @param complete false while this instance has not heard of everything yet: it decides nothing then
 * @param ids makes nonces
 */
record Evidence(
        NodeId self,
        Instant at,
        long inStepNanos,
        List<GroupView> groups,
        SortedMap<NodeId, Report> reports,
        boolean complete,
        Supplier<UUID> ids) {
    Evidence {
        groups = List.copyOf(groups);
        reports = Collections.unmodifiableSortedMap(new TreeMap<>(reports));
    }

    /**
     * A group as this instance knows it.
     *
     * @param leader null while nobody is known
     * @param inSync nodes of the in-sync set
     */
    record GroupView(
            GroupId group,
            @Nullable NodeId leader,
            SortedSet<NodeId> inSync,
            int minInSync,
            int featureLevel,
            long commitIndex) {
        GroupView {
            inSync = Collections.unmodifiableSortedSet(new TreeSet<>(inSync));
        }
    }

    /** Nodes in sync of any group. */
    SortedSet<NodeId> inSync() {
        SortedSet<NodeId> all = new TreeSet<>();
        groups.forEach(group -> all.addAll(group.inSync()));
        return all;
    }

    boolean isOf(NodeId node, String colour) {
        Report report = reports.get(node);
        return report != null && report.colour().equals(colour);
    }

    /** Instances of that colour in the in-sync set of every group. */
    SortedMap<NodeId, UUID> inSyncEverywhere(String colour) {
        SortedMap<NodeId, UUID> found = new TreeMap<>();
        for (Map.Entry<NodeId, Report> report : reports.entrySet()) {
            boolean everywhere =
                    groups.stream().allMatch(group -> group.inSync().contains(report.getKey()));
            if (everywhere && report.getValue().colour().equals(colour)) {
                found.put(report.getKey(), report.getValue().process());
            }
        }
        return found;
    }

    /** Groups that no instance of that colour leads. */
    List<GroupView> notLedBy(String colour) {
        return groups.stream()
                .filter(group -> group.leader() == null || !isOf(group.leader(), colour))
                .toList();
    }
}
