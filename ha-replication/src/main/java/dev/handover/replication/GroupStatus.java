package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.protocol.FollowerStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One replica as it sees itself, at one moment.
 *
 * @param self this replica
 * @param role what it is doing
 * @param epoch highest epoch it has adopted
 * @param leader where commands go; null while nobody is known
 * @param configuration newest that it knows; null before the first
 * @param lastIndex end of its log
 * @param commitIndex it knows everything up to here to be committed
 * @param appliedIndex its state machine has applied everything up to here
 * @param redundancy how many copies there are, by that configuration; null before the first
 * @param followers what it knows of the others while it leads, as of the last heartbeat; else empty
 * @param snapshots what it knows of its snapshots
 * @param fault why it has stopped itself; null if it has not
 */
public record GroupStatus(
        ReplicaId self,
        Role role,
        long epoch,
        @Nullable NodeId leader,
        @Nullable Configuration configuration,
        long lastIndex,
        long commitIndex,
        long appliedIndex,
        @Nullable Redundancy redundancy,
        List<FollowerStatus> followers,
        SnapshotStatus snapshots,
        @Nullable String fault) {}
