package dev.handover.replication.protocol;

import dev.handover.ReplicaId;

/**
 * Another replica as its leader sees it.
 *
 * @param id which one
 * @param inSync whether commits wait for it
 * @param reachable whether it can be reached, as far as is known
 * @param durableIndex everything up to here is on its disk, acknowledged in the leader's epoch
 * @param silentNanos since when nothing was heard from it
 */
public record FollowerStatus(ReplicaId id, boolean inSync, boolean reachable, long durableIndex, long silentNanos) {}
