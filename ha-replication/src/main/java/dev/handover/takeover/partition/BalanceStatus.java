package dev.handover.takeover.partition;

import dev.handover.NodeId;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * How far the evening-out is, as one instance sees it.
 *
 * @param underWay moves that this instance has begun and that have not ended
 * @param left how many moves of all instances are to come, as far as this one can tell
 * @param awaited who is expected back, or has come and is not in sync everywhere; while there is anybody, only what has to go is moved
 * @param draining who gives everything away and gets nothing, see {@link Partitions#drain}
 * @param led how many partitions this instance leads
 * @param imbalance by how much the most loaded instance is above its share, among those that may get partitions: 0 is even, 0.5 half as much again. Where partitions cannot be divided evenly it stays above 0
 * @param moved how many partitions this instance has given away since its start
 * @param refused how many moves of this instance were refused or failed since its start; they are drawn again
 */
public record BalanceStatus(
        List<PartitionPlan.Move> underWay,
        int left,
        SortedSet<NodeId> awaited,
        SortedSet<NodeId> draining,
        int led,
        double imbalance,
        long moved,
        long refused) {
    /** Before the first look. */
    static final BalanceStatus NONE = new BalanceStatus(List.of(), 0, new TreeSet<>(), new TreeSet<>(), 0, 0, 0, 0);

    /** Copies the collections. */
    public BalanceStatus {
        underWay = List.copyOf(underWay);
        awaited = Collections.unmodifiableSortedSet(new TreeSet<>(awaited));
        draining = Collections.unmodifiableSortedSet(new TreeSet<>(draining));
    }

    /** Whether nothing is to move and nobody is awaited. */
    public boolean settled() {
        return underWay.isEmpty() && left == 0 && awaited.isEmpty();
    }
}
