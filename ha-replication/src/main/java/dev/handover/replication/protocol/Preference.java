package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who should rather lead (R23): a rank per node, and whether this replica is well. It only ever makes somebody wait for a bounded time, or asks for a transfer (R18); nobody's right to lead
 * rests on it.
 */
final class Preference {
    /** A better one must have been in sync for so many failure time-outs before it is given the leadership. */
    private static final int PATIENCE = 10;

    /** That wait doubles at most so often. */
    private static final int MOST_DOUBLINGS = 6;

    /** A transfer that was so many waits ago is forgotten. */
    private static final int MEMORY = 16;

    /** Two pauses within so many failure time-outs are no accident. */
    private static final int PAUSE_MEMORY = 16;

    /** Candidates of the same rank follow each other so many times in a failure time-out. */
    private static final int TURNS = 20;

    /** Who was unwell is held to be so for so many failure time-outs more. */
    private static final int CONVALESCENCE = 4;

    private final ReplicaState state;
    private final TreeMap<NodeId, Integer> ranks = new TreeMap<>();
    private boolean uneven;
    private boolean transfers;

    private @Nullable ReplicaId better;
    private long betterSinceNanos;
    private int doublings;
    private long askedNanos;
    private long lookedNanos;

    private boolean pausedBefore;
    private long pausedNanos;
    private boolean wasUnwell;
    private long unwellUntilNanos;

    Preference(ReplicaState state) {
        this.state = state;
    }

    void ranks(Event.Ranks event) {
        ranks.clear();
        ranks.putAll(event.ranks());
        transfers = event.transfers();
        uneven = ranks.values().stream().distinct().count() > 1;
    }

    /** Whether it may be that a leader has to give the leadership to somebody who is preferred. */
    boolean isUneven() {
        return transfers && uneven;
    }

    /** How much a node should lead; 0 if nothing is known. */
    int rank(NodeId node) {
        return ranks.getOrDefault(node, 0);
    }

    private int ownRank() {
        return rank(state.self.node());
    }

    // ---- a candidate

    /**
     * How long after its suspicion a candidate lets others go first. Of equals that have the same proof at the same moment only the one that follows the leader in the order of ids, the least
     * following the greatest, proposes at once: a second proposal, which cannot succeed, would only keep the store and everybody's processors busy while the first one is waited for.
     *
     * @param gone the leader is proven not to live, and not only silent
     */
    long candidateWait(Configuration configuration, boolean gone) {
        boolean others = false;
        boolean preferred = false;
        int before = 0;
        boolean met = false;
        List<ReplicaId> inSync = configuration.inSync();
        int leader = inSync.indexOf(configuration.leader());
        for (int i = 1; i < inSync.size(); i++) {
            ReplicaId member = inSync.get((leader + i) % inSync.size());
            if (member.equals(state.self)) {
                met = true;
            } else if (state.reachable(member)) {
                others = true;
                preferred |= rank(member.node()) > ownRank();
                before += !met && rank(member.node()) == ownRank() ? 1 : 0;
            }
        }
        long timeout = state.options.failureTimeoutNanos();
        boolean betterOff = isUnwell() && (others || !gone);
        boolean letsGoFirst = preferred || others && state.disk.lacksRoom(); // R15: who has room should lead
        return (letsGoFirst ? timeout / 4 : 0) + (gone ? before * (timeout / TURNS) : 0) + (betterOff ? timeout : 0);
    }

    // ---- a leader

    /** How long a member may be silent before this leader removes it. */
    long silenceNanos() {
        return state.options.failureTimeoutNanos() * (isUnwell() ? 3 : 1);
    }

    /** The best of them, if it should rather lead than this replica. */
    @Nullable
    FollowerProgress better(Collection<FollowerProgress> heirs) {
        if (!isUneven()) {
            return null;
        }
        FollowerProgress best = null;
        for (FollowerProgress heir : heirs) {
            int rank = rank(heir.id.node());
            if (rank > ownRank() && (best == null || rank > rank(best.id.node()))) {
                best = heir;
            }
        }
        return best;
    }

    /** Whom to give the leadership now: a better one that could have led for long enough. */
    @Nullable
    NodeId due(Collection<FollowerProgress> heirs) {
        FollowerProgress best = better(heirs);
        boolean anew = state.now - lookedNanos > state.options.failureTimeoutNanos(); // it did not lead meanwhile
        lookedNanos = state.now;
        if (best == null) {
            better = null;
            return null;
        }
        if (state.now - askedNanos >= MEMORY * waitNanos()) {
            doublings = 0;
        }
        if (anew || !best.id.equals(better)) {
            better = best.id;
            betterSinceNanos = state.now;
        }
        return state.now - betterSinceNanos >= waitNanos() ? best.id.node() : null;
    }

    private long waitNanos() {
        return (PATIENCE * state.options.failureTimeoutNanos()) << doublings;
    }

    /** It was asked for: should the leadership come back soon, the next time waits twice as long. */
    void transferAsked() {
        doublings = Math.min(doublings + 1, MOST_DOUBLINGS);
        askedNanos = state.now;
        betterSinceNanos = state.now;
    }

    // ---- health

    /** Its disk or its process has stood still of late, or its node is cut off from all others. */
    boolean isUnwell() {
        return wasUnwell && state.now < unwellUntilNanos || isCutOff();
    }

    /** No connection stands to any of several nodes that announce themselves. */
    private boolean isCutOff() {
        int others = ranks.size() - (ranks.containsKey(state.self.node()) ? 1 : 0);
        return others > 1 && !reachesAny();
    }

    private boolean reachesAny() {
        for (NodeId node : ranks.keySet()) {
            if (state.connected.contains(node)) {
                return true;
            }
        }
        return false;
    }

    /** Time has passed; {@code paused} if more than the process should have let pass. */
    void tick(boolean paused) {
        long timeout = state.options.failureTimeoutNanos();
        if (paused) {
            if (pausedBefore && state.now - pausedNanos < PAUSE_MEMORY * timeout) {
                unwell();
            }
            pausedBefore = true;
            pausedNanos = state.now;
        }
        if (state.disk.stoodStillNanos() > timeout / 2) {
            unwell();
        }
    }

    private void unwell() {
        wasUnwell = true;
        unwellUntilNanos = state.now + CONVALESCENCE * state.options.failureTimeoutNanos();
    }
}
