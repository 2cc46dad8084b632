package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Effect.Rejection;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.Proposed;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One command of a caller on this node, until it is answered; or the opening of a session. All but the final fields belong to the loop. */
final class Submission extends Mailbox.Mail implements Origin, Proposed {
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

    Submission(CallerSession session, LogEntry.Kind kind, byte[] payload, long deadlineNanos) {
        this.session = session;
        this.kind = kind;
        this.payload = payload;
        this.deadlineNanos = deadlineNanos;
    }

    @Override
    void open() {
        session.replica.arrived(this);
    }

    /** Whether it is a command under the id that its session has now, so that what was answered there may be told with it. */
    boolean isOfCurrentSession() {
        return kind == LogEntry.Kind.COMMAND && sessionId == session.id;
    }

    /** Its values now, for another node: the message may be written when they have changed here. */
    Proposal proposal(long answeredBelow) {
        return new Proposal(tag, kind, sessionId, sequence, answeredBelow, payload);
    }

    // ---- for this node's own core, at once

    @Override
    public long tag() {
        return tag;
    }

    @Override
    public LogEntry.Kind kind() {
        return kind;
    }

    @Override
    public long sessionId() {
        return sessionId;
    }

    @Override
    public long sequence() {
        return sequence;
    }

    @Override
    public long answeredBelow() {
        return isOfCurrentSession() ? session.toldAnsweredBelow : 0;
    }

    @Override
    public byte[] payload() {
        return payload;
    }
}
