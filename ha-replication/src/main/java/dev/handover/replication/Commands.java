package dev.handover.replication;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.NotLeaderException;
import dev.handover.OutcomeUnknownException;
import dev.handover.OverloadedException;
import dev.handover.RedundancyException;
import dev.handover.replication.protocol.Effect.Rejection;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.Proposed;
import dev.handover.replication.protocol.Sessions;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of callers on this node, from the loop's first sight of them to their answers: under which session and number they go, to whom, when again, and
 * how they end (R17). Belongs to the loop.
 */
final class Commands {
    private static final int MAX_BUNCH = 1024;

    private final Replica replica;
    private final NodeOptions options;
    /** Sessions that have something to send, each once. */
    private List<CallerSession> ready = new ArrayList<>();

    private List<CallerSession> sending = new ArrayList<>();
    private final CallerSession own;
    private final List<Submission> bunch = new ArrayList<>();
    private final Forwarding forwarding = new Forwarding();
    private final LongMap<Submission> byTag = new LongMap<>();
    private final byte[] openPayload;
    private final long sessionRestNanos;

    /** All that are not resolved, by deadline. */
    private @Nullable Submission firstDue;

    private @Nullable Submission lastDue;

    /** Where commands go: null while no leader serves as far as is known here. */
    private @Nullable NodeId target;

    /** After a refusal: not before the next tick. */
    private boolean waiting;

    Commands(Replica replica, NodeOptions options) {
        this.replica = replica;
        this.options = options;
        own = new CallerSession(replica, false, this::ready);
        openPayload = Sessions.openPayload(options.sessionTimeout().toMillis());
        // Clocks of nodes may differ in speed, and the log's clock follows its leaders': half is left for that.
        sessionRestNanos = options.sessionTimeout().toNanos() / 2;
    }

    private void ready(CallerSession session) {
        ready.add(session);
    }

    /** The session of {@link ReplicatedLog#submit}. */
    CallerSession own() {
        return own;
    }

    /** A session of its own for somebody on this node. Any thread. */
    CallerSession newSession() {
        return new CallerSession(replica, true, this::ready);
    }

    /** A caller's command. */
    void arrived(Submission submission) {
        track(submission);
        submission.session.append(submission);
    }

    private void track(Submission submission) {
        submission.tag = replica.nextTag();
        byTag.put(submission.tag, submission);
        Submission after = lastDue;
        while (after != null && after.deadlineNanos - submission.deadlineNanos > 0) {
            after = after.previousDue;
        }
        Submission before = after == null ? firstDue : after.nextDue;
        submission.previousDue = after;
        submission.nextDue = before;
        if (after == null) {
            firstDue = submission;
        } else {
            after.nextDue = submission;
        }
        if (before == null) {
            lastDue = submission;
        } else {
            before.previousDue = submission;
        }
    }

    private void resolve(Submission submission) {
        submission.resolved = true;
        byTag.remove(submission.tag);
        notUnderWay(submission);
        Submission previous = submission.previousDue;
        Submission next = submission.nextDue;
        if (previous == null) {
            firstDue = next;
        } else {
            previous.nextDue = next;
        }
        if (next == null) {
            lastDue = previous;
        } else {
            next.previousDue = previous;
        }
        submission.previousDue = null;
        submission.nextDue = null;
        if (submission.opens) {
            if (submission.session.opening == submission) {
                submission.session.opening = null;
            }
            return;
        }
        CallerSession session = submission.session;
        session.remove(submission);
        submission.letGo();
        submission.leave();
    }

    /** Commands go to this node from now on (maybe this one itself); null: nowhere. Everything that is on its way to another is sent again. */
    void leaderIs(@Nullable NodeId leader) {
        target = leader;
        waiting = false;
        sendAgain(null, leader);
    }

    /** What waits may have a way now. */
    void situationChanged() {
        waiting = false;
    }

    /** What was sent there may be lost. */
    void disconnected(NodeId peer) {
        sendAgain(peer, null);
    }

    private void sendAgain(@Nullable NodeId only, @Nullable NodeId except) {
        NodeId self = replica.self().node();
        for (Submission s = firstDue; s != null; s = s.nextDue) {
            if (!s.sent) {
                continue;
            }
            NodeId to = s.sentTo == null ? self : s.sentTo;
            if (only != null ? to.equals(only) : !to.equals(except)) {
                notUnderWay(s);
                s.session.lookAgain();
            }
        }
    }

    /** This replica led, and does not any more, or leads anew: what it had taken may come, or not. */
    void lostHere(Submission submission) {
        if (!submission.resolved && submission.sent && submission.sentTo == null) {
            notUnderWay(submission);
            submission.session.lookAgain();
        }
    }

    private static void notUnderWay(Submission submission) {
        if (submission.sent) {
            submission.sent = false;
            if (!submission.opens) {
                submission.session.underWay--;
            }
        }
    }

    /** Sends what can be sent. Proposals for this node's own core are added to the list. */
    void flush(long nowNanos, List<Proposed> proposals) {
        NodeId leader = target;
        if (leader == null || waiting || firstDue == null) {
            return;
        }
        boolean here = leader.equals(replica.self().node());
        forwarding.leader = leader;
        forwarding.blocked = false;
        List<CallerSession> now = ready;
        ready = sending;
        sending = now;
        for (CallerSession session : now) {
            session.listed = false;
            if (session.firstUnsent == null) {
                continue;
            }
            if (!hasSession(session, nowNanos)) {
                Submission opening = session.opening;
                if (opening != null && !opening.sent) {
                    sendUnit(List.of(opening), session, here, proposals);
                }
            } else if (!session.ordered || session.underWay == 0) {
                sendUnit(bunch(session), session, here, proposals);
            }
            session.list();
        }
        now.clear();
        bunch.clear();
        forwarding.end();
        waiting |= forwarding.blocked;
    }

    /** Whether commands can go out under the session; begins to open it if not. */
    private boolean hasSession(CallerSession session, long nowNanos) {
        if (session.id != 0) {
            // An ordered session goes on under its old id until that is known to have expired: a late copy of a command
            // whose outcome is unknown
            // would not be void under another one, and could come after the next command.
            boolean idle = !session.ordered && session.underWay == 0 && session.first == session.firstUnsent;
            if (!idle || nowNanos - session.aliveNanos < sessionRestNanos) {
                return true;
            }
            session.forgetId();
        }
        if (session.opening == null) {
            Submission opening = new Submission(
                    session,
                    LogEntry.Kind.OPEN_SESSION,
                    nowNanos + options.commandTimeout().toNanos(),
                    null);
            opening.payload(openPayload);
            session.opening = opening;
            track(opening);
        }
        return false;
    }

    /** What is to be sent of a session; good until the next call. */
    private List<Submission> bunch(CallerSession session) {
        bunch.clear();
        long bytes = 0;
        Submission s = session.firstUnsent;
        while (s != null) {
            if (!s.sent) {
                if (session.ordered
                        && !bunch.isEmpty()
                        && (bunch.size() == MAX_BUNCH || bytes + s.payloadLength() > Forwarding.MAX_BYTES)) {
                    break;
                }
                if (s.sessionId == 0) {
                    s.sessionId = session.id;
                    s.sequence = session.nextSequence++;
                }
                bytes += s.payloadLength();
                bunch.add(s);
            }
            s = s.nextInSession;
        }
        session.firstUnsent = s;
        return bunch;
    }

    private void sendUnit(List<Submission> unit, CallerSession session, boolean here, List<Proposed> proposals) {
        long answeredBelow = session.answeredBelow();
        if (here) {
            session.toldAnsweredBelow = answeredBelow;
            for (Submission s : unit) {
                leaves(s, null);
                replica.proposals().proposed(s);
                proposals.add(s);
            }
        } else if (session.ordered) {
            forwarding.startUnit(unit);
            for (Submission s : unit) {
                forwarding.add(s, proposalOf(s, answeredBelow));
            }
        } else {
            for (Submission s : unit) {
                forwarding.startUnit(List.of());
                forwarding.add(s, proposalOf(s, answeredBelow));
            }
        }
    }

    private static Proposal proposalOf(Submission s, long answeredBelow) {
        return s.proposal(s.isOfCurrentSession() ? answeredBelow : 0);
    }

    private static void leaves(Submission submission, @Nullable NodeId to) {
        submission.sent = true;
        submission.sentTo = to;
        submission.copies++;
        if (!submission.opens) {
            submission.session.underWay++;
        }
    }

    /** Messages to a leader elsewhere, each of limited size; a unit is never divided. */
    private final class Forwarding {
        static final int MAX_BYTES = 512 * 1024;

        private @Nullable NodeId leader;
        private final List<Submission> submissions = new ArrayList<>();
        private final List<Proposal> proposals = new ArrayList<>();
        private long bytes;
        private boolean blocked;

        void startUnit(List<Submission> unit) {
            long more = 0;
            for (Submission s : unit) {
                more += s.payloadLength();
            }
            if (bytes + more > MAX_BYTES || proposals.size() >= MAX_BUNCH) {
                end();
            }
        }

        void add(Submission submission, Proposal proposal) {
            submissions.add(submission);
            proposals.add(proposal);
            bytes += proposal.payload().length;
        }

        void end() {
            if (proposals.isEmpty()) {
                return;
            }
            NodeId to = leader;
            if (!blocked && to != null && replica.send(to, new Message.Forward(List.copyOf(proposals)))) {
                for (Submission s : submissions) {
                    leaves(s, to);
                }
            } else {
                blocked = true; // no connection, or too much waits to be written: again at the next tick
                for (Submission s : submissions) {
                    s.session.lookAgain();
                }
            }
            submissions.clear();
            proposals.clear();
            bytes = 0;
        }
    }

    /** The core refused it: it was not appended. */
    void rejected(Submission submission, Rejection reason) {
        if (!submission.resolved) {
            refused(submission, reason);
        }
    }

    /** An answer from the node it was forwarded to. */
    void reply(NodeId from, Message.Reply reply) {
        Submission submission = byTag.get(reply.tag());
        if (submission == null) {
            return; // answered or timed out before
        }
        switch (reply.status()) {
            case APPLIED -> {
                submission.session.acknowledged(reply.index()); // before its caller knows
                if (submission.opens) {
                    opened(submission, idOf(reply.result()));
                } else {
                    answered(submission);
                    replica.completions().end(submission, reply.result(), null);
                }
            }
            case SESSION_EXPIRED -> expired(submission);
            case OVERLOADED -> refused(submission, Rejection.OVERLOADED);
            case TOO_FEW_IN_SYNC -> refused(submission, Rejection.TOO_FEW_IN_SYNC);
            case NOT_LEADER -> {
                if (from.equals(submission.sentTo)) {
                    notUnderWay(submission);
                    submission.session.lookAgain();
                    waiting = true;
                }
            }
        }
    }

    /** Session ids travel as the result of their opening. */
    static byte[] resultOfOpening(long sessionId) {
        return ByteBuffer.allocate(Long.BYTES).putLong(sessionId).array();
    }

    private static long idOf(byte[] result) {
        return result.length == Long.BYTES ? ByteBuffer.wrap(result).getLong() : 0;
    }

    /** Applied: the caller has the answer, or is about to get it. */
    void answered(Submission submission) {
        if (!submission.resolved) {
            resolve(submission);
            submission.session.aliveNanos = replica.nowNanos();
        }
    }

    /** The session is open. */
    void opened(Submission opening, long sessionId) {
        if (!opening.resolved) {
            answered(opening);
            opening.session.id = sessionId;
            opening.session.nextSequence = 1;
            opening.session.lookAgain();
        }
    }

    /** Its session was unknown when it was to be applied. */
    void expired(Submission submission) {
        if (submission.resolved) {
            return;
        }
        CallerSession session = submission.session;
        if (session.id == submission.sessionId) {
            session.forgetId();
        }
        if (submission.copies > 1) {
            fail(
                    submission,
                    new OutcomeUnknownException(replica.label()
                            + " the session of the command expired while its outcome was being asked for:"
                            + " an earlier copy may have been applied. Raise sessionTimeout, now "
                            + options.sessionTimeout()));
            return;
        }
        // The only copy is the one that was refused: surely not applied, and free to go again under another session.
        notUnderWay(submission);
        submission.copies = 0;
        submission.sessionId = 0;
        submission.sequence = 0;
        if (session.ordered) {
            session.lookAgain();
        } else {
            session.remove(submission);
            session.append(submission);
        }
    }

    private void refused(Submission submission, Rejection reason) {
        notUnderWay(submission);
        submission.copies = Math.max(0, submission.copies - 1);
        submission.refused(reason);
        submission.session.lookAgain();
        boolean decided = reason == Rejection.OVERLOADED || reason == Rejection.TOO_FEW_IN_SYNC;
        if (!decided || submission.copies > 0) {
            waiting = true;
        } else if (submission.opens) {
            CallerSession session = submission.session;
            resolve(submission);
            for (Submission s = session.first; s != null; ) {
                Submission next = s.nextInSession;
                if (s.copies == 0) {
                    fail(s, exceptionFor(reason));
                }
                s = next;
            }
        } else {
            fail(submission, exceptionFor(reason));
        }
    }

    private void fail(Submission submission, HandoverException reason) {
        resolve(submission);
        replica.completions().end(submission, null, reason);
    }

    /** Time has passed. */
    /** Nothing waits. */
    boolean isEmpty() {
        return firstDue == null && !waiting;
    }

    void tick(long nowNanos) {
        waiting = false;
        while (firstDue != null && firstDue.deadlineNanos - nowNanos <= 0) {
            Submission late = firstDue;
            fail(late, late.copies > 0 ? unknown("within " + options.commandTimeout()) : notSent(late));
        }
    }

    private HandoverException notSent(Submission late) {
        Rejection refusal = late.refusal();
        if (refusal == Rejection.OVERLOADED || refusal == Rejection.TOO_FEW_IN_SYNC) {
            return exceptionFor(refusal);
        }
        return new NotLeaderException(replica.label() + " no leader took the command within " + options.commandTimeout()
                + "; it was not applied, try again (" + replica.situation() + ")");
    }

    private OutcomeUnknownException unknown(String when) {
        return new OutcomeUnknownException(replica.label() + " the command was sent to a leader and not answered "
                + when + "; it may have been applied or may be yet (" + replica.situation() + ")");
    }

    private HandoverException exceptionFor(Rejection reason) {
        String noRoom = reason == Rejection.OVERLOADED ? replica.lacksRoom() : "";
        if (!noRoom.isEmpty()) {
            return new OverloadedException(
                    replica.label() + " the disk is nearly full; the command was not applied: " + noRoom);
        }
        return reason == Rejection.TOO_FEW_IN_SYNC
                ? new RedundancyException(replica.label()
                        + " fewer replicas are in sync than minInSync asks for; the command was not applied."
                        + " Bring a replica back, or lower minInSync (" + replica.situation() + ")")
                : new OverloadedException(
                        replica.label() + " the leader has too much under way, or its disk is nearly full;"
                                + " the command was not applied, slow down and try again");
    }

    /** Nothing more will be answered: what may be in the log is unknown, the rest gets the reason. */
    void end(HandoverException reason) {
        while (firstDue != null) {
            Submission left = firstDue;
            fail(left, left.copies > 0 ? unknown("before this replica stopped") : reason);
        }
    }
}
