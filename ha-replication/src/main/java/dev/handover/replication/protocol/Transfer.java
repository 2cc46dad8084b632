package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.event.HaEvent.TransferStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The planned way from one living leader to the next (R18). The leader waits until the target holds what the log held when the transfer was asked for, proposes the
 * target as leader of the next epoch with the same in-sync set, and goes on serving until it <em>learns</em> that this has happened: any one member of
 * the in-sync set has everything that is committed, so the target may begin behind the leader's back as well as with its help, exactly as in a take-over (R9).
 * So neither the compare-and-set nor a doubt about it stops anybody. Then the leader tells everybody at once, behind everything it has sent before, and follows.
 *
 * <p>It outlives the leadership: the old leader also tells when the new one serves, so that the pause is measured on one clock.
 */
final class Transfer {
    private enum Phase {
        NONE,
        CATCHING_UP,
        PROPOSED,
        HANDED_OVER
    }

    private final ReplicaState state;
    private final ConfigurationAgent agent;
    private Phase phase = Phase.NONE;
    private long id;
    /** Transfers that the core itself has asked for have ids below 0. */
    private long ownId;
    /** Whom the caller named; null for the best. */
    private @Nullable NodeId wanted;

    private @Nullable ReplicaId target;
    /** The target must hold everything up to here before it is proposed. */
    private long mustHold;

    private long patienceNanos;
    private long deadlineNanos;
    /** That the transfer makes. */
    private long epoch;

    private boolean doubtTold;
    /** R15: the own disk has no room, and who has none either is no help. */
    private boolean roomOnly;
    /** Why the core itself has asked; empty if a caller has. */
    private String why = "";

    Transfer(ReplicaState state, ConfigurationAgent agent) {
        this.state = state;
        this.agent = agent;
    }

    // ---- asked for

    boolean isUnderWay() {
        return phase != Phase.NONE;
    }

    /** The core itself wants another leader: that one, or the best there is for null. */
    void askForItself(Leadership leading, @Nullable NodeId heir, long patience, String reason) {
        ask(new Event.Transfer(--ownId, heir, patience), reason, leading, state.self.node());
    }

    void ask(Event.Transfer request, @Nullable Leadership leading, @Nullable NodeId leader) {
        ask(request, "", leading, leader);
    }

    private void ask(Event.Transfer request, String reason, @Nullable Leadership leading, @Nullable NodeId leader) {
        String refusal = refusal(request.target(), leading, leader);
        if (refusal != null) {
            tell(request.id(), TransferStep.REFUSED, request.target(), refusal);
            return;
        }
        id = request.id();
        wanted = request.target();
        target = null;
        mustHold = state.log.lastIndex();
        patienceNanos = request.patienceNanos();
        deadlineNanos = state.now + patienceNanos;
        epoch = state.highestEpoch;
        doubtTold = false;
        why = reason;
        roomOnly = !reason.isEmpty() && wanted == null && state.disk.lacksRoom();
        phase = Phase.CATCHING_UP;
        tell(
                TransferStep.ASKED,
                (why.isEmpty() ? "" : why + "; ") + "everything up to " + mustHold + " must be there first");
    }

    private @Nullable String refusal(@Nullable NodeId node, @Nullable Leadership leading, @Nullable NodeId leader) {
        if (leading == null) {
            return "this replica does not lead"
                    + (leader == null ? " and no leader is known; wait for one" : "; ask " + leader + ", which does");
        }
        if (phase != Phase.NONE) {
            return "a transfer" + (wanted == null ? "" : " to " + wanted) + " is under way; wait for its end";
        }
        if (state.self.node().equals(node)) {
            return node + " leads already";
        }
        Configuration configuration = leading.configuration();
        List<FollowerProgress> heirs = leading.heirs();
        if (node == null) {
            return !heirs.isEmpty()
                    ? null
                    : configuration.inSync().size() == 1
                            ? "this replica is the last one in sync: nobody else could go on. Start another one first and wait until it is in sync"
                            : "nobody else of the in-sync set " + configuration.inSync() + " can be reached";
        }
        for (FollowerProgress heir : heirs) {
            if (heir.id.node().equals(node)) {
                return null;
            }
        }
        return configuration.inSync().stream().anyMatch(member -> member.node().equals(node))
                ? node + " is in sync, but cannot be reached or is stopping; choose another node"
                : node + " is not in the in-sync set " + configuration.inSync()
                        + "; choose one that is, or wait until it has caught up";
    }

    // ---- after every step

    /**
     * Goes on as far as it can.
     *
     * @param leader who leads the highest epoch, if this replica knows it
     */
    void advance(@Nullable Leadership leading, @Nullable NodeId leader) {
        switch (phase) {
            case NONE -> {}
            case CATCHING_UP -> catchUp(leading);
            case PROPOSED -> proposed(leading, leader);
            case HANDED_OVER -> handedOver(leader);
        }
    }

    private void catchUp(@Nullable Leadership leading) {
        if (leading == null) {
            overtaken();
            return;
        }
        if (state.now >= deadlineNanos) {
            end(
                    TransferStep.GIVEN_UP,
                    "within " + patienceNanos / 1_000_000 + " ms "
                            + (leading.mayTransfer()
                                    ? "nobody who was asked for has come to hold everything up to " + mustHold
                                    : "this leader's own beginning or another change of the configuration was not done")
                            + "; this leader goes on as before");
            return;
        }
        if (!leading.mayTransfer()) { // R6
            return;
        }
        FollowerProgress best = null;
        for (FollowerProgress heir : leading.heirs()) {
            boolean asked = wanted == null
                    ? !roomOnly || !heir.lacksRoom(state.now)
                    : heir.id.node().equals(wanted);
            if (asked && heir.match >= mustHold && (best == null || isBetter(heir, best))) { // R18
                best = heir;
            }
        }
        if (best != null) {
            propose(leading.configuration(), best.id);
        }
    }

    /** Both hold enough; then room decides (R15), then the rank (R23), and then who holds more. */
    private boolean isBetter(FollowerProgress one, FollowerProgress other) {
        if (one.lacksRoom(state.now) != other.lacksRoom(state.now)) {
            return other.lacksRoom(state.now);
        }
        int difference = Integer.compare(state.preference.rank(one.id.node()), state.preference.rank(other.id.node()));
        return difference != 0 ? difference > 0 : one.match > other.match;
    }

    private void propose(Configuration configuration, ReplicaId heir) {
        VersionedConfiguration known = agent.known();
        if (known == null || known.configuration().epoch() != configuration.epoch()) {
            return; // another leads already, as will be seen
        }
        target = heir;
        phase = Phase.PROPOSED;
        Configuration next = state.successor(
                configuration,
                heir,
                configuration.inSync(),
                "transfer from " + state.self + (why.isEmpty() ? "" : ": " + why));
        epoch = next.epoch();
        tell(TransferStep.PROPOSED, "the target holds everything up to " + mustHold);
        agent.propose(known.version(), next);
    }

    private void proposed(@Nullable Leadership leading, @Nullable NodeId leader) {
        boolean mayHaveWon = agent.proposal() != null && state.highestEpoch == epoch && state.now < deadlineNanos;
        if (leading == null) {
            if (state.highestEpoch > epoch && isTarget(leader)) {
                handOver("the target leads epoch " + state.highestEpoch + " already");
                handedOver(leader);
            } else if (!mayHaveWon) { // else the new leader was heard before the store's answer, which tells whose
                // epoch it is
                overtaken();
            }
        } else if (agent.proposal() == null) {
            end(
                    TransferStep.GIVEN_UP,
                    doubtTold
                            ? "the proposal was let go after a doubt; should it be stored yet, the target leads, else this leader goes on as before"
                            : "the configuration store did not take the proposal; this leader goes on as before");
        } else if (agent.inDoubt() && !doubtTold) {
            doubtTold = true;
            tell(TransferStep.IN_DOUBT, "the configuration store's answer was lost; this leader serves until it knows");
        }
    }

    /** R10: whether a proposal whose fate is unknown should be made again. One that is not the transfer's always is. */
    boolean wantsAgain() {
        ReplicaId heir = target;
        return phase != Phase.PROPOSED || heir == null || (state.now < deadlineNanos && state.reachable(heir));
    }

    /** The own proposal that names another leader is stored: everybody is told, behind what was sent before; then this replica follows. */
    void won(VersionedConfiguration stored) {
        for (NodeId peer : state.connected) {
            state.send(peer, new Message.Transferred(stored));
        }
        if (phase == Phase.PROPOSED && stored.configuration().epoch() == epoch) {
            handOver("in sync " + stored.configuration().inSync());
        }
    }

    private void handOver(String detail) {
        phase = Phase.HANDED_OVER;
        deadlineNanos = state.now + patienceNanos;
        tell(TransferStep.TRANSFERRED, detail);
    }

    /** The target may have changed the configuration, and so the epoch, since: who has come may be in sync before the commit of the barrier is heard here. */
    private void handedOver(@Nullable NodeId leader) {
        boolean later = state.highestEpoch > epoch;
        if (later && leader != null && !isTarget(leader)) {
            overtaken();
        } else if ((!later || isTarget(leader)) && state.log.epochAt(state.commitIndex) >= epoch) {
            end(TransferStep.SERVING, "its barrier has committed");
        } else if (state.now >= deadlineNanos) {
            end(
                    TransferStep.UNHEARD,
                    "the target leads by the configuration, but was not heard to serve within "
                            + patienceNanos / 1_000_000 + " ms; if it is gone, another one takes over");
        }
    }

    private boolean isTarget(@Nullable NodeId node) {
        return target != null && target.node().equals(node);
    }

    private void overtaken() {
        VersionedConfiguration known = agent.known();
        end(
                TransferStep.OVERTAKEN,
                known == null || known.configuration().epoch() < state.highestEpoch
                        ? "epoch " + state.highestEpoch + " has begun"
                        : "epoch " + known.configuration().epoch() + " is led by "
                                + known.configuration().leader());
    }

    private void end(TransferStep step, String detail) {
        phase = Phase.NONE;
        tell(step, detail);
    }

    private void tell(TransferStep step, String detail) {
        ReplicaId heir = target;
        tell(id, step, heir == null ? wanted : heir.node(), detail);
    }

    private void tell(long request, TransferStep step, @Nullable NodeId node, String detail) {
        state.effects.add(new Effect.Transfer(
                request, step, node, step == TransferStep.REFUSED ? state.highestEpoch : epoch, detail));
    }
}
