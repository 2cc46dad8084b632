package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Effect.Rejection;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.PayloadMemory;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.Proposed;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One command of a caller on this node, until it is answered; or the opening of a session. All but the final fields belong to the loop. */
final class Submission extends Mailbox.Mail implements Origin, Proposed {
    private static final Logger LOG = LoggerFactory.getLogger(Submission.class);
    private static final VarHandle CALLBACK;
    private static final VarHandle ADMITTED;
    private static final byte[] NOTHING = {};
    private static final Object GONE = new Object();
    private static final byte NONE = -1;
    private static final Rejection[] REFUSALS = Rejection.values();

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            CALLBACK = lookup.findVarHandle(Submission.class, "callback", CommandCallback.class);
            ADMITTED = lookup.findVarHandle(Submission.class, "admitted", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** A caller who wants a future. */
    static final class Future extends CompletableFuture<byte[]> implements CommandCallback {
        @Override
        public void ended(byte @Nullable [] result, @Nullable Throwable failure) {
            if (failure == null) {
                complete(result);
            } else {
                completeExceptionally(failure);
            }
        }
    }

    final CallerSession session;
    final long deadlineNanos;

    /** It is no command but the opening of a session. */
    final boolean opens;

    /** Who is told how it ended; null after that, and if nobody is. */
    private volatile @Nullable CommandCallback callback;

    /** Counts among what is under way. */
    private volatile boolean admitted;

    /** A byte[], or the {@link PayloadBlock} that the command is a part of and that it holds, or {@link #GONE}. */
    private Object source = NOTHING;

    /** Of a part of a block, see {@link PayloadMemory#place}; else 0. */
    private int place;

    private int length;

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
    private byte refusal = NONE;

    @Nullable
    Submission previousInSession;

    @Nullable
    Submission nextInSession;

    @Nullable
    Submission previousDue;

    @Nullable
    Submission nextDue;

    /** Without a payload, which is given before anything else happens. */
    Submission(CallerSession session, LogEntry.Kind kind, long deadlineNanos, @Nullable CommandCallback callback) {
        this.session = session;
        opens = kind == LogEntry.Kind.OPEN_SESSION;
        this.deadlineNanos = deadlineNanos;
        this.callback = callback;
        admitted = !opens;
    }

    void payload(byte[] own) {
        source = own;
        length = own.length;
    }

    /** A part of a block, which was retained for it. */
    void payload(PayloadBlock block, int placeInIt) {
        source = block;
        place = placeInIt;
        length = PayloadMemory.length(placeInIt);
    }

    /** It is not sent again: what it held is free as far as it is concerned. */
    void letGo() {
        if (source instanceof PayloadBlock block) {
            source = GONE;
            block.release();
        }
    }

    /** There is room for another one. Any thread; once is enough. */
    void leave() {
        if (admitted && ADMITTED.compareAndSet(this, true, false)) {
            session.replica.admission().release(length);
        }
    }

    /** Tells the caller, unless he has been told. Any thread. */
    void end(byte @Nullable [] result, @Nullable Throwable failure) {
        CommandCallback told = (CommandCallback) CALLBACK.getAndSet(this, null);
        if (told == null) {
            return;
        }
        leave(); // who is told may send the next one at once
        try {
            told.ended(result, failure);
        } catch (RuntimeException | Error e) {
            LOG.error("{} the callback of a command failed", session.replica.label(), e);
        }
    }

    @Nullable
    Rejection refusal() {
        return refusal == NONE ? null : REFUSALS[refusal];
    }

    void refused(Rejection reason) {
        refusal = (byte) reason.ordinal();
    }

    /** Whether the caller has been told. */
    boolean isEnded() {
        return callback == null;
    }

    @Override
    void open() {
        session.replica.arrived(this);
    }

    /** Whether it is a command under the id that its session has now, so that what was answered there may be told with it. */
    boolean isOfCurrentSession() {
        return !opens && sessionId == session.id;
    }

    /** Its values now, for another node: the message may be written when they have changed here. */
    Proposal proposal(long answeredBelow) {
        return new Proposal(tag, kind(), sessionId, sequence, answeredBelow, payload());
    }

    // ---- for this node's own core, at once

    @Override
    public long tag() {
        return tag;
    }

    @Override
    public LogEntry.Kind kind() {
        return opens ? LogEntry.Kind.OPEN_SESSION : LogEntry.Kind.COMMAND;
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
        PayloadBlock block = memory();
        return block == null ? (byte[]) source : block.copy(place);
    }

    @Override
    public @Nullable PayloadBlock memory() {
        if (source == GONE) {
            throw new IllegalStateException("a command is proposed after it was let go of");
        }
        return source instanceof PayloadBlock block ? block : null;
    }

    @Override
    public int payloadPlace() {
        return place;
    }

    /** Length of the command in bytes, also when it is let go of. */
    int payloadLength() {
        return length;
    }
}
