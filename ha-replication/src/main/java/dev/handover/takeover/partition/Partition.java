package dev.handover.takeover.partition;

import dev.handover.NodeId;
import java.util.Optional;
import java.util.Set;

/**
 * One partition as {@link PartitionPlan} sees it.
 *
 * @param id number of the partition, 0 or more
 * @param weight share of the load that it is, 1 to {@value Placement#MAX_WEIGHT}
 * @param zone where it should be led as long as somebody there is able to, if it matters
 * @param leader who leads it now; empty while nobody is known to
 * @param inSync who may lead it: holds everything that is committed, and nobody ready that does is preferred (R23)
 */
public record Partition(int id, int weight, Optional<String> zone, Optional<NodeId> leader, Set<NodeId> inSync) {
    /** Checks the values. */
    public Partition {
        if (id < 0) {
            throw new IllegalArgumentException("partition " + id + ": numbers begin at 0");
        }
        if (weight < 1 || weight > Placement.MAX_WEIGHT) {
            throw new IllegalArgumentException(
                    "weight " + weight + " of partition " + id + ": give one from 1 to " + Placement.MAX_WEIGHT);
        }
        inSync = Set.copyOf(inSync);
    }
}
