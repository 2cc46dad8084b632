package dev.handover;

import java.util.List;
import java.util.UUID;

/**
 * What a group's members must agree on: who leads, and who must hold an entry before it is committed. It lives in the
 * configuration store, is changed only by compare-and-set, and every change is exactly one epoch.
 *
 * @param lineage id of the group's history; changed only by an operator's forced recovery
 * @param epoch starts at 1 and grows by one with every change: the fencing token of everything
 * @param leader the one replica that may append in this epoch; always in {@code inSync}
 * @param inSync the in-sync set: sorted, without duplicates, never empty
 * @param minInSync writes are refused while the in-sync set is smaller; at least 1
 * @param featureLevel highest entry format that may be written
 * @param nonce chosen by the proposer of this configuration, so that it knows its own proposal again after a lost answer
 * @param reason why it was proposed, for people
 * @param leaseNanos for how long a follower's grant holds, so how long a restarted one waits before it commits as leader; 0: no leases are in use
 * @param removed nodes that an operator has removed from the group (R22): none of their replicas, whatever its log, comes into {@code inSync} until the node is
 *     admitted again; sorted, at most {@link #MAX_REMOVED}
 */
public record Configuration(
        UUID lineage,
        long epoch,
        ReplicaId leader,
        List<ReplicaId> inSync,
        int minInSync,
        int featureLevel,
        UUID nonce,
        String reason,
        long leaseNanos,
        List<NodeId> removed) {
    /** At most so many nodes are remembered as removed. */
    public static final int MAX_REMOVED = 64;

    /** Sorts the in-sync set and checks everything. */
    public Configuration {
        inSync = inSync.stream().sorted().toList();
        removed = removed.stream().sorted().distinct().toList();
        if (removed.size() > MAX_REMOVED) {
            throw new IllegalArgumentException(removed.size() + " nodes are removed, at most " + MAX_REMOVED
                    + " are remembered; admit again those that do not exist any more");
        }
        if (epoch < 1) {
            throw new IllegalArgumentException("epoch " + epoch + " is below 1");
        }
        if (minInSync < 1) {
            throw new IllegalArgumentException("minInSync " + minInSync + " is below 1");
        }
        if (featureLevel < 1) {
            throw new IllegalArgumentException("feature level " + featureLevel + " is below 1");
        }
        if (leaseNanos < 0) {
            throw new IllegalArgumentException("lease of " + leaseNanos + " ns is below 0");
        }
        if (!inSync.contains(leader)) {
            throw new IllegalArgumentException("leader " + leader + " is not in the in-sync set " + inSync);
        }
        if (inSync.stream().map(ReplicaId::node).distinct().count() != inSync.size()) {
            throw new IllegalArgumentException("in-sync set " + inSync + " names a node twice");
        }
        for (ReplicaId member : inSync) {
            if (removed.contains(member.node())) {
                throw new IllegalArgumentException(
                        "in-sync set " + inSync + " names " + member.node() + ", which was removed from the group");
            }
        }
    }

    /** One without leases, from which nobody was removed. */
    public Configuration(
            UUID lineage,
            long epoch,
            ReplicaId leader,
            List<ReplicaId> inSync,
            int minInSync,
            int featureLevel,
            UUID nonce,
            String reason) {
        this(lineage, epoch, leader, inSync, minInSync, featureLevel, nonce, reason, 0, List.of());
    }

    /** The same with these nodes removed. */
    public Configuration withRemoved(List<NodeId> nodes) {
        return new Configuration(
                lineage, epoch, leader, inSync, minInSync, featureLevel, nonce, reason, leaseNanos, nodes);
    }

    /** How the reason of a configuration begins that an operator's forced recovery made (R13). */
    public static final String FORCED_RECOVERY = "forced recovery";

    /** Whether an operator's forced recovery made it; the reason then says what may be lost. */
    public boolean isForcedRecovery() {
        return reason.startsWith(FORCED_RECOVERY);
    }

    /** One with leases, from which nobody was removed. */
    public Configuration(
            UUID lineage,
            long epoch,
            ReplicaId leader,
            List<ReplicaId> inSync,
            int minInSync,
            int featureLevel,
            UUID nonce,
            String reason,
            long leaseNanos) {
        this(lineage, epoch, leader, inSync, minInSync, featureLevel, nonce, reason, leaseNanos, List.of());
    }

    /** The same with another period of leases. */
    public Configuration withLeaseNanos(long nanos) {
        return new Configuration(
                lineage, epoch, leader, inSync, minInSync, featureLevel, nonce, reason, nanos, removed);
    }

    /** Whether an operator has removed the node from the group. */
    public boolean isRemoved(NodeId node) {
        return removed.contains(node);
    }

    /** Whether this very replica, its log included, is in the in-sync set. */
    public boolean isInSync(ReplicaId replica) {
        return inSync.contains(replica);
    }
}
