package dev.handover.replication;

import dev.handover.HandoverException;
import dev.handover.MembershipRefusedException;
import dev.handover.NodeId;
import dev.handover.OutcomeUnknownException;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Changes of members that callers on this node have asked for (R22), until they are answered. The core ends every one. Belongs to the loop but for {@link #ask}. */
final class MemberChanges {
    private final Replica replica;
    private final NodeOptions options;
    private final Map<Long, CompletableFuture<GroupStatus>> asked = new TreeMap<>();
    private long lastId;

    MemberChanges(Replica replica, NodeOptions options) {
        this.replica = replica;
        this.options = options;
    }

    /** Any thread. */
    CompletableFuture<GroupStatus> ask(NodeId member, boolean remove) {
        CompletableFuture<GroupStatus> future = new CompletableFuture<>();
        HandoverException reason = replica.endReason();
        if (reason != null) {
            future.completeExceptionally(reason);
        } else if (!replica.node().loop().tryRun(() -> askNow(member, remove, future))) {
            future.completeExceptionally(replica.closed());
        }
        return future;
    }

    private void askNow(NodeId member, boolean remove, CompletableFuture<GroupStatus> future) {
        HandoverException reason = replica.endReason();
        if (reason != null) {
            replica.completions().fail(future, reason);
            replica.touch();
            return;
        }
        asked.put(++lastId, future);
        replica.step(new Event.ChangeMembers(
                lastId, member, remove, options.drainTimeout().toNanos()));
    }

    void happened(Effect.MembersChanged changed) {
        CompletableFuture<GroupStatus> future = asked.remove(changed.id());
        if (future == null) {
            return; // its caller was told that this replica has ended
        }
        String what = replica.label() + " " + changed.node() + ": " + changed.detail();
        switch (changed.outcome()) {
            case DONE -> replica.completions().complete(future, replica.status());
            case REFUSED -> replica.completions().fail(future, new MembershipRefusedException(what));
            case UNKNOWN -> replica.completions().fail(future, new OutcomeUnknownException(what));
        }
    }

    void end(HandoverException reason) {
        asked.values().forEach(future -> replica.completions().fail(future, reason));
        asked.clear();
    }
}
