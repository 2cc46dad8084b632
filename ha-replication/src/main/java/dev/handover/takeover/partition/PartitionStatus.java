package dev.handover.takeover.partition;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.util.List;
import java.util.Optional;

/**
 * A partition as one instance sees it; a row of {@link Partitions#table}. A hint, as all routing is: the leader may have changed since.
 *
 * @param partition its number, from 0
 * @param group whose log it is
 * @param leader who leads it; empty while nobody is known to
 * @param epoch of that leadership; 0 if none is known
 * @param inSync who holds everything that is committed; sorted
 */
public record PartitionStatus(int partition, GroupId group, Optional<NodeId> leader, long epoch, List<NodeId> inSync) {
    /** Copies the list. */
    public PartitionStatus {
        inSync = List.copyOf(inSync);
    }
}
