package dev.handover.replication.protocol;

import dev.handover.NodeId;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Linearizable reads of a leader (R16), in the manner of the ReadIndex of D. Ongaro, "Consensus: Bridging Theory and Practice", section 6.4: a read that comes
 * starts a round; when every other member has answered to a message of that round or a later one, nobody else can have led when the
 * read came, and the commit index of then is fresh enough.
 */
final class ReadConfirmation {
    private static final int LIMIT = 1 << 16;

    /** {@code from} is null for a read of this node, else {@code id} is the asking node's request id. */
    private record Waiting(@Nullable NodeId from, long id, long round, long index) {}

    private final ReplicaState state;
    /** Reads without a round yet: those that came before the barrier has committed. */
    private final Deque<Waiting> early = new ArrayDeque<>();

    private final Deque<Waiting> unconfirmed = new ArrayDeque<>();
    private long round;

    ReadConfirmation(ReplicaState state) {
        this.state = state;
    }

    /** Of the newest read; goes out with every message to the followers. */
    long round() {
        return round;
    }

    boolean isEmpty() {
        return early.isEmpty() && unconfirmed.isEmpty();
    }

    boolean unconfirmed() {
        return !unconfirmed.isEmpty();
    }

    void add(@Nullable NodeId from, long id) {
        Waiting read = new Waiting(from, id, 0, 0);
        if (early.size() + unconfirmed.size() >= LIMIT) {
            fail(read, Effect.Rejection.OVERLOADED);
        } else {
            early.add(read);
        }
    }

    /** The barrier has committed: reads that have come since the last call get the next round. */
    void serve(long commitIndex) {
        if (early.isEmpty()) {
            return;
        }
        round++;
        for (Waiting read : early) {
            unconfirmed.add(new Waiting(read.from, read.id, round, commitIndex));
        }
        early.clear();
    }

    void confirm(long confirmedRound) {
        while (!unconfirmed.isEmpty() && unconfirmed.getFirst().round <= confirmedRound) {
            Waiting read = unconfirmed.removeFirst();
            if (read.from == null) {
                state.effects.add(new Effect.ReadReady(read.id, read.index));
            } else {
                state.send(read.from, new Message.ReadIndexReply(read.id, read.index));
            }
        }
    }

    void fail(Effect.Rejection reason) {
        for (Waiting read : early) {
            fail(read, reason);
        }
        for (Waiting read : unconfirmed) {
            fail(read, reason);
        }
        early.clear();
        unconfirmed.clear();
    }

    private void fail(Waiting read, Effect.Rejection reason) {
        if (read.from == null) {
            state.effects.add(new Effect.ReadFailed(read.id, reason));
        } else {
            state.send(read.from, new Message.ReadIndexReply(read.id, -1));
        }
    }
}
