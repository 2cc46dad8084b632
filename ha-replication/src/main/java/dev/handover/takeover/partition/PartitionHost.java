package dev.handover.takeover.partition;

import dev.handover.NodeId;

/**
 * An instance that may lead partitions.
 *
 * @param node its id
 * @param zone where it is; the empty string where zones play no part
 * @param weight how much it can carry beside the others, 1 to {@value Placement#MAX_WEIGHT}
 * @param presence whether it may lead now
 */
public record PartitionHost(NodeId node, String zone, int weight, Presence presence) {
    /** Whether an instance may lead. */
    public enum Presence {
        /** May lead. */
        READY,
        /** Is about to stop: gives away what it leads, and gets nothing. */
        DRAINING,
        /** Was lost a short while ago and is expected back, or has just come and is not in sync everywhere: nothing is moved to even out its absence. */
        AWAY
    }

    /** Checks the values. */
    public PartitionHost {
        if (weight < 1 || weight > Placement.MAX_WEIGHT) {
            throw new IllegalArgumentException(
                    "weight " + weight + " of " + node + ": give one from 1 to " + Placement.MAX_WEIGHT);
        }
    }
}
