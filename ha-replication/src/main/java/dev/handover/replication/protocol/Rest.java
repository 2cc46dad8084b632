package dev.handover.replication.protocol;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * R21: a group that has nothing to do keeps still. Its leader sends no heartbeats to a follower that rests, and the follower does not expect any: the two nodes vouch for all
 * groups that rest with each other by one message ({@link Beats}). Nothing but failure detection rests on that. Whatever the leader sends ends the rest.
 */
final class Rest {
    private final ReplicaState state;
    private final ConfigurationAgent agent;
    /** Nodes with which this leader's followers rest, as {@link #with} gave it last. */
    private List<NodeId> with = List.of();

    Rest(ReplicaState state, ConfigurationAgent agent) {
        this.state = state;
        this.agent = agent;
    }

    // ---- the leader

    /** Nothing of this replica's own is under way that time has to move on. */
    boolean isSettled() {
        return state.restAfterNanos < Long.MAX_VALUE
                && agent.isIdle()
                && state.epochIsDurable()
                && state.commitIndex == state.log.lastIndex()
                && state.log.durableIndex() == state.log.lastIndex();
    }

    /** Asks a follower that holds everything, and knows it, to rest; in addition to a heartbeat, which it may need if it does not. */
    void ask(FollowerProgress follower, long epoch) {
        long last = state.log.lastIndex();
        if (follower.match == last
                && follower.next == last + 1
                && !follower.probing
                && follower.fetchId == 0
                && follower.snapshotIndex == 0
                && state.now - follower.busyNanos >= state.restAfterNanos) {
            follower.busyNanos = state.now; // the next question not before the same time has passed again
            follower.restAsked = true;
            state.send(follower.id.node(), new Message.Rest(epoch, last));
        }
    }

    /** It rests, unless something was sent to it meanwhile. */
    void answered(FollowerProgress follower, Message.Resting answer) {
        if (follower.restAsked && isSettled() && answer.lastIndex() == state.log.lastIndex()) {
            follower.resting = true;
        }
        follower.restAsked = false;
    }

    /** Nodes with which followers rest, in order; the same list as long as it is equal. */
    List<NodeId> with(Collection<FollowerProgress> followers) {
        boolean any = false;
        for (FollowerProgress follower : followers) {
            any |= follower.resting;
        }
        if (!any) {
            return List.of();
        }
        List<NodeId> now = followers.stream()
                .filter(follower -> follower.resting)
                .map(follower -> follower.id.node())
                .toList();
        if (!now.equals(with)) {
            with = now;
        }
        return with;
    }

    // ---- the follower

    /**
     * Whether a follower of this leader can rest: it has, durably, all that the leader has, and knows that it is committed.
     *
     * @param leader whom it has heard in the adopted epoch
     */
    boolean mayFollow(Message.Rest question, ReplicaId from, @Nullable ReplicaId leader, long matched) {
        VersionedConfiguration known = agent.known();
        return from.equals(leader)
                && known != null
                && known.configuration().epoch() == state.highestEpoch
                && question.epoch() == state.highestEpoch
                && isSettled()
                && question.lastIndex() == state.log.lastIndex()
                && matched >= question.lastIndex();
    }
}
