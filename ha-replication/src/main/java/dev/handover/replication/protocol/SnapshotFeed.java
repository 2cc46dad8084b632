package dev.handover.replication.protocol;

import dev.handover.ReplicaId;
import java.util.Map;

/**
 * A leader's care for replicas that need entries which its log no longer holds: each gets the newest snapshot, and the log behind that snapshot is kept until it has it. As InstallSnapshot of Raft (D.
 * Ongaro, "Consensus: Bridging Theory and Practice", section 5), but the bytes do not pass through here.
 */
final class SnapshotFeed {
    private final ReplicaState state;
    private final Map<ReplicaId, FollowerProgress> followers;

    SnapshotFeed(ReplicaState state, Map<ReplicaId, FollowerProgress> followers) {
        this.state = state;
        this.followers = followers;
    }

    /** Whether what it needs next is only in a snapshot. */
    boolean needs(FollowerProgress follower) {
        return follower.next < state.log.firstIndex();
    }

    /** What messages to it follow: if it needs a snapshot, the last entry whose epoch is known still. */
    long prevIndex(FollowerProgress follower) {
        return Math.max(follower.next, state.log.firstIndex()) - 1;
    }

    /** Sees to it that a snapshot is sent if only that helps. */
    boolean instead(FollowerProgress follower) {
        if (!needs(follower)) {
            follower.snapshotIndex = 0;
            return false;
        }
        if (follower.snapshotIndex == 0
                && state.now >= follower.snapshotNotBeforeNanos
                && state.epochIsDurable() // R2
                && state.reachable(follower.id)) {
            follower.snapshotIndex = state.snapshots.newestIndex();
            state.effects.add(new Effect.SendSnapshot(follower.id, follower.snapshotIndex));
        }
        return true;
    }

    /** It was sent, or given up: if that did not help, once more after a moment. */
    void ended(ReplicaId to) {
        FollowerProgress follower = followers.get(to);
        if (follower != null) {
            follower.snapshotIndex = 0;
            follower.snapshotNotBeforeNanos = state.now + state.options.heartbeatNanos();
        }
    }

    /** The first index that must stay in the log for those who are being sent a snapshot. */
    long keepFrom() {
        long from = Long.MAX_VALUE;
        for (FollowerProgress follower : followers.values()) {
            if (follower.snapshotIndex > 0) {
                from = Math.min(from, follower.snapshotIndex + 1);
            }
        }
        return from;
    }
}
