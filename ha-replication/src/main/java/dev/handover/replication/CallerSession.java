package dev.handover.replication;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Commands of one origin on this node, under a session of the replicated state that is opened when it is first needed and again when it may have
 * expired. Belongs to the loop.
 *
 * <p>Why a session keeps its order ({@code ordered}): commands are sent in bunches, and the next bunch leaves only when nothing of the one before is on its
 * way any more. A bunch begins with the oldest unanswered command, travels as one message, and the leader appends all of it or the first part of it. So whenever a
 * command is in a log, everything before it in the session is answered, or is in that log before it. What was answered cannot come
 * later: the commands that follow carry {@code answeredBelow}, which makes late copies of it void (R17).
 */
final class CallerSession {
    final Replica replica;
    final boolean ordered;

    /** Id in the replicated state; 0 while there is none. */
    long id;

    long nextSequence = 1;

    /** {@link #answeredBelow} when commands were last given to this node's own core, which has read it before this changes. */
    long toldAnsweredBelow;

    /** The opening that is under way. */
    @Nullable
    Submission opening;

    /** When it was last known to be alive, by this node's clock. */
    long aliveNanos;

    /** Unanswered commands, oldest first. Those that have a number have it ascending, among those of one id. */
    @Nullable
    Submission first;

    @Nullable
    Submission last;

    /** Everything before it was sent; null if everything was. */
    @Nullable
    Submission firstUnsent;

    /** Commands that are on their way. */
    int underWay;

    /** It is among those that have something to send. */
    boolean listed;

    private final Consumer<CallerSession> ready;
    /** Up to where the log holds everything that callers of this session know of. Any thread. */
    private final AtomicLong knownIndex = new AtomicLong();

    CallerSession(Replica replica, boolean ordered, Consumer<CallerSession> ready) {
        this.replica = replica;
        this.ordered = ordered;
        this.ready = ready;
    }

    /** A command of it is in the log there, and its caller is about to hear. */
    void acknowledged(long index) {
        if (ordered) {
            knownIndex.accumulateAndGet(index, Math::max);
        }
    }

    long knownIndex() {
        return knownIndex.get();
    }

    /** Says that there is something to send, if so. */
    void list() {
        if (firstUnsent != null && !listed) {
            listed = true;
            ready.accept(this);
        }
    }

    void append(Submission submission) {
        submission.previousInSession = last;
        submission.nextInSession = null;
        if (last == null) {
            first = submission;
        } else {
            last.nextInSession = submission;
        }
        last = submission;
        if (firstUnsent == null) {
            firstUnsent = submission;
        }
        list();
    }

    void remove(Submission submission) {
        Submission previous = submission.previousInSession;
        Submission next = submission.nextInSession;
        if (firstUnsent == submission) {
            firstUnsent = next;
        }
        if (previous == null) {
            first = next;
        } else {
            previous.nextInSession = next;
        }
        if (next == null) {
            last = previous;
        } else {
            next.previousInSession = previous;
        }
        submission.previousInSession = null;
        submission.nextInSession = null;
    }

    /** Something that was sent must be sent again: look at everything. */
    void lookAgain() {
        firstUnsent = first;
        list();
    }

    /** Every number of this id below has its answer. */
    long answeredBelow() {
        for (Submission s = first; s != null; s = s.nextInSession) {
            if (s.sessionId == id && s.sequence > 0) {
                return s.sequence;
            }
        }
        return nextSequence;
    }

    /** The session is gone: what never left gets another number. */
    void forgetId() {
        id = 0;
        nextSequence = 1;
        for (Submission s = first; s != null; s = s.nextInSession) {
            if (s.copies == 0 && !s.sent) {
                s.sessionId = 0;
                s.sequence = 0;
            }
        }
        lookAgain();
    }
}
