package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.Effect.MembersOutcome;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who may be in the group at all, as operators say (R22). Whoever comes is a learner and then in sync by itself (R8); here are the exceptions: nodes that were removed stay out
 * until they are admitted again. The list is part of the configuration, so a change of it is a change of the leader's like any other: one at a time (R6), in doubt
 * resolved (R10), carried on by every later leader.
 */
final class Membership {
    private static final int MAX_WAITING = 16;

    private record Asked(long id, NodeId node, boolean remove, long deadlineNanos) {}

    private final ReplicaState state;
    private final ConfigurationAgent agent;
    private final Deque<Asked> waiting = new ArrayDeque<>();
    /** Ended in this step. */
    private final List<Effect.MembersChanged> ended = new ArrayList<>();

    Membership(ReplicaState state, ConfigurationAgent agent) {
        this.state = state;
        this.agent = agent;
    }

    /** Somebody waits for an answer, which time alone may bring. */
    boolean isUnderWay() {
        return !waiting.isEmpty();
    }

    void ask(Event.ChangeMembers request, @Nullable Leadership leading, @Nullable NodeId leader) {
        Asked asked = new Asked(request.id(), request.node(), request.remove(), state.now + request.patienceNanos());
        if (leading == null) {
            tell(
                    asked,
                    MembersOutcome.REFUSED,
                    "this replica does not lead"
                            + (leader == null
                                    ? " and no leader is known; wait for one"
                                    : "; ask " + leader + ", which does"));
            return;
        }
        String refusal = waiting.size() >= MAX_WAITING
                ? MAX_WAITING + " changes of members are under way; wait for them"
                : refusal(asked, leading.configuration());
        if (refusal != null) {
            tell(asked, MembersOutcome.REFUSED, refusal);
        } else {
            waiting.add(asked);
        }
    }

    private @Nullable String refusal(Asked asked, Configuration configuration) {
        if (!asked.remove || configuration.isRemoved(asked.node)) {
            return null;
        } else if (asked.node.equals(state.self.node())) {
            return asked.node + " leads; hand the leadership over first, then ask the new leader";
        } else if (configuration.removed().size() >= Configuration.MAX_REMOVED) {
            return Configuration.MAX_REMOVED
                    + " nodes are remembered as removed; admit again those that do not exist any more";
        }
        int left = without(asked.node, configuration).size();
        return left < configuration.inSync().size() && left < configuration.minInSync() // R5
                ? "without " + asked.node + " " + left + " would be in sync, fewer than minInSync "
                        + configuration.minInSync()
                        + ", and writes would be refused; bring another replica in sync first"
                : null;
    }

    private static List<ReplicaId> without(NodeId node, Configuration configuration) {
        return configuration.inSync().stream()
                .filter(member -> !member.node().equals(node))
                .toList();
    }

    // ---- after every step

    void advance(@Nullable Leadership leading) {
        for (int i = waiting.size(); i > 0; i--) {
            Asked asked = waiting.removeFirst();
            if (!ends(asked, leading)) {
                waiting.addLast(asked);
            }
        }
    }

    private boolean ends(Asked asked, @Nullable Leadership leading) {
        VersionedConfiguration known = agent.known();
        if (known == null || leading == null) {
            tell(
                    asked,
                    MembersOutcome.UNKNOWN,
                    "this replica leads no more; look whether the configuration says it, and else ask the new leader");
            return true;
        }
        Configuration configuration = known.configuration();
        if (configuration.epoch() == leading.configuration().epoch()
                && configuration.isRemoved(asked.node) == asked.remove) {
            tell(asked, MembersOutcome.DONE, "removed are " + configuration.removed());
            return true;
        }
        if (state.now >= asked.deadlineNanos) {
            boolean open = agent.proposal() != null;
            tell(
                    asked,
                    open ? MembersOutcome.UNKNOWN : MembersOutcome.REFUSED,
                    open
                            ? "the configuration store does not answer; it is resolved when it does"
                            : "another change or this leader's own beginning took too long; nothing was done, ask again");
            return true;
        }
        boolean may = asked.remove ? leading.mayTransfer() : leading.mayAdmit();
        if (!may || configuration.epoch() != leading.configuration().epoch()) { // R6
            return false;
        }
        String refusal = refusal(asked, configuration); // as it is by now
        if (refusal != null) {
            tell(asked, MembersOutcome.REFUSED, refusal);
            return true;
        }
        List<NodeId> removed = new ArrayList<>(configuration.removed());
        removed.remove(asked.node);
        if (asked.remove) {
            removed.add(asked.node);
        }
        Configuration next = state.successor(
                        configuration,
                        state.self,
                        asked.remove ? without(asked.node, configuration) : configuration.inSync(),
                        (asked.remove ? "an operator removed " : "an operator admitted again ") + asked.node)
                .withRemoved(removed);
        agent.propose(known.version(), next);
        return false;
    }

    /** The replica ends: nobody waits for ever. */
    void end() {
        while (!waiting.isEmpty()) {
            tell(
                    waiting.removeFirst(),
                    MembersOutcome.UNKNOWN,
                    "this replica has ended; look whether the configuration says it");
        }
    }

    void tellEnded() {
        if (!ended.isEmpty()) {
            state.effects.addAll(ended);
            ended.clear();
        }
    }

    private void tell(Asked asked, MembersOutcome outcome, String detail) {
        VersionedConfiguration known = agent.known();
        ended.add(new Effect.MembersChanged(
                asked.id,
                asked.node,
                outcome,
                known == null ? 0 : known.configuration().epoch(),
                detail));
    }
}
