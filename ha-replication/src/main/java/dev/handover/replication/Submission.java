package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Effect.Rejection;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Proposal;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One command of a caller on this node, until it is answered; or the opening of a session. All but the final fields belong to the loop. */
final class Submission extends Mailbox.Mail implements Origin {
    final Replica replica;
    final CallerSession session;
    final LogEntry.Kind kind;
    final byte[] payload;
    final long deadlineNanos;
    final CompletableFuture<byte[]> future = new CompletableFuture<>();

    /** Name between the loop, the core and other nodes; 0 before the loop has seen it. */
    long tag;

    /** Session and number, given when it is sent for the first time and kept for every later time; 0 before. */
    long sessionId;

    long sequence;

    /** How many times it was sent without a refusal: so many copies of it may be in the log. */
    int copies;

    /** It is on its way, and an answer or the loss of the connection will be heard of. */
    boolean sent;

    /** To whom; null if proposed here. */
    @Nullable
    NodeId sentTo;

    /** The answer is there, or never comes: no longer in any list. */
    boolean resolved;

    /** Why it was refused last. */
    @Nullable
    Rejection refusal;

    @Nullable
    Submission previousInSession;

    @Nullable
    Submission nextInSession;

    @Nullable
    Submission previousDue;

    @Nullable
    Submission nextDue;

    Submission(Replica replica, CallerSession session, LogEntry.Kind kind, byte[] payload, long deadlineNanos) {
        this.replica = replica;
        this.session = session;
        this.kind = kind;
        this.payload = payload;
        this.deadlineNanos = deadlineNanos;
    }

    @Override
    void open() {
        replica.arrived(this);
    }

    Proposal proposal(long answeredBelow) {
        return new Proposal(tag, kind, sessionId, sequence, answeredBelow, payload);
    }
}
