package dev.handover.replication.protocol;

import dev.handover.ReplicaId;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who should be in the in-sync set, as the leader sees it (R7, R8): who is gone, who keeps up, who has to wait, and whether the leader itself is the sick one. Only
 * judges; {@link Leadership} proposes.
 *
 * <p>Hysteresis: a learner is taken when it has reached, within {@code failureTimeout}, what was the end of the log when it began; and who is removed again and again
 * waits longer each time.
 */
final class InSyncPolicy {
    /** Waits of 2, 4, 8 and 16 failure time-outs. */
    private static final int LONGEST_WAIT = 3;

    /** After so many failure time-outs without another removal all is forgiven. */
    private static final int MEMORY = 32;

    private record Penalty(int level, long untilNanos) {}

    private final ReplicaState state;
    private final Map<ReplicaId, Penalty> penalties = new TreeMap<>();
    /** When the store was asked whether it can be heard; negative: it need not be. */
    private long askedNanos = -1;

    private long answersBefore;

    InSyncPolicy(ReplicaState state) {
        this.state = state;
    }

    // ---- others

    /** R7: why a member should be removed; null if it should not. */
    @Nullable
    String whyGone(FollowerProgress follower) {
        long timeout = state.options.failureTimeoutNanos();
        String proof = proofThatGone(follower);
        if (proof != null) {
            return proof;
        } else if (follower.resting) { // R21: its node vouches for it
            return null;
        } else if (!isHeard(follower)) {
            boolean longEnough = state.now - follower.lastHeardNanos > state.preference.silenceNanos(); // R23
            return longEnough ? "silent" : null;
        } else if (state.now - follower.movedNanos > timeout && follower.match < state.log.lastIndex()) {
            return "stuck";
        }
        return state.now - follower.caughtUpNanos > 4 * timeout ? "slow" : null;
    }

    /** What somebody has said, so that it was heard; silence proves nothing. */
    private @Nullable String proofThatGone(FollowerProgress follower) {
        ReplicaId present = state.heard.get(follower.id.node());
        if (present != null && !present.equals(follower.id)) {
            return "replaced";
        } else if (follower.refused && !state.connected.contains(follower.id.node())) {
            return "refuses connections";
        }
        return follower.goodbye ? "stopped" : follower.learner ? "is a learner by its own setting" : null;
    }

    /** It was removed, or waited for in vain: it may not come back at once. */
    void penalise(FollowerProgress follower) {
        long timeout = state.options.failureTimeoutNanos();
        penalties.values().removeIf(penalty -> state.now - penalty.untilNanos > MEMORY * timeout);
        Penalty before = penalties.get(follower.id);
        int level = before == null || proofThatGone(follower) != null ? 0 : Math.min(before.level + 1, LONGEST_WAIT);
        penalties.put(follower.id, new Penalty(level, state.now + (2L << level) * timeout));
    }

    /** R8: whether commits should begin to wait for this learner. */
    boolean keepsUp(FollowerProgress learner) {
        return learner.match > 0
                && state.reachable(learner.id)
                && !mustWait(learner)
                && learner.lastRoundNanos < state.options.failureTimeoutNanos()
                && state.log.lastIndex() - learner.match <= state.options.joinLagEntries();
    }

    boolean mustWait(FollowerProgress learner) {
        Penalty penalty = penalties.get(learner.id);
        return penalty != null && state.now < penalty.untilNanos;
    }

    // ---- oneself

    /**
     * R7: whether a leader may remove these. If all that it knows is that it hears nobody at all, it may be the one who is cut off, and its proposal could
     * arrive where the answer does not: the group would be left with a last copy that nobody reaches. So it first asks the store something and waits for the answer.
     *
     * @param gone whom it would remove
     * @param all members and learners
     */
    boolean mayRemove(Collection<FollowerProgress> gone, Collection<FollowerProgress> all, ConfigurationAgent store) {
        if (gone.stream().anyMatch(one -> proofThatGone(one) != null)
                || all.stream().anyMatch(this::isHeard)) {
            return true;
        }
        if (askedNanos < 0) {
            askedNanos = state.now;
            answersBefore = store.answers();
            store.read();
        }
        return store.answers() > answersBefore;
    }

    boolean isHeard(FollowerProgress follower) {
        return follower.resting || state.now - follower.lastHeardNanos <= state.options.failureTimeoutNanos();
    }

    /** Somebody was heard, or all are judged anew. */
    void hears() {
        askedNanos = -1;
    }

    /** It hears neither a follower nor the store: it falls silent, so that those who hear it do not go on believing that it leads. */
    boolean isDeaf() {
        return askedNanos >= 0 && state.now - askedNanos > state.options.failureTimeoutNanos();
    }

    /** R7, R15: the own disk has done nothing for a failure time-out although something waits: somebody else should lead. */
    boolean diskStalls() {
        return state.disk.stoodStillNanos() > state.options.failureTimeoutNanos();
    }

    /** Time has passed; after a pause of the own process nothing that was timed counts. */
    void tick(boolean paused) {
        if (paused) {
            hears();
        }
    }
}
