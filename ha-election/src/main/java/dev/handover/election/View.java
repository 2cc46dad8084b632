package dev.handover.election;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The election as one round of reads has found it.
 *
 * @param session of ZooKeeper, by which it was read
 * @param sentNanos the monotonic clock before the first message was sent
 * @param sentMillis the wall clock then
 * @param change null before the first leader
 * @param changeVersion of the znode with the last change
 * @param created transaction that created this znode: greater after it was deleted and created again
 * @param leader null while nobody leads
 * @param leaderSession whose end deletes the leader's znode
 * @param pausesVersion changes with every pause and its end
 */
record View(
        long session,
        long sentNanos,
        long sentMillis,
        @Nullable LastChange change,
        int changeVersion,
        long created,
        Records.@Nullable LeaderNode leader,
        long leaderSession,
        int pausesVersion,
        List<Pause> pauses,
        List<Entered> candidates) {

    /** A candidate and the session that keeps it in. */
    record Entered(String node, Candidate candidate, long session) {}

    /** Whether a candidate's znode of that name was there. */
    boolean hasEntered(String node) {
        return candidates.stream().anyMatch(one -> one.node().equals(node));
    }

    List<Pause> pausesAt(Instant now) {
        return pauses.stream().filter(pause -> pause.expiry().isAfter(now)).toList();
    }

    /** What it is right after this session's own transaction made this change. */
    View after(LastChange made, Records.@Nullable LeaderNode leads) {
        return new View(
                session,
                sentNanos,
                sentMillis,
                made,
                changeVersion + 1,
                created,
                leads,
                leads == null ? 0 : session,
                pausesVersion,
                pauses,
                candidates);
    }

    long epoch() {
        return Math.max(change == null ? 0 : change.epoch(), leader == null ? 0 : leader.epoch());
    }
}
