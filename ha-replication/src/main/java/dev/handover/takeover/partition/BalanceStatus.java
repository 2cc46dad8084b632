package dev.handover.takeover.partition;

import dev.handover.NodeId;
import java.util.List;
import java.util.SortedSet;

/**
 * How far the evening-out is, as one instance sees it.
 *
 * @param underWay moves that this instance has begun and that have not ended
 * @param left how many moves of all instances are to come, as far as this one can tell
 * @param awaited who is expected back, or has come and is not in sync everywhere; while there is anybody, only what has to go is moved
 * @param moved how many partitions this instance has given away since its start
 * @param refused how many moves of this instance were refused or failed since its start; they are drawn again
 */
public record BalanceStatus(
        List<PartitionPlan.Move> underWay, int left, SortedSet<NodeId> awaited, long moved, long refused) {
    /** Copies the list. */
    public BalanceStatus {
        underWay = List.copyOf(underWay);
    }

    /** Whether nothing is to move and nobody is awaited. */
    public boolean settled() {
        return underWay.isEmpty() && left == 0 && awaited.isEmpty();
    }
}
