package dev.handover.replication.protocol;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What a replica does that does not lead: takes over the leader's log, acknowledges it, asks it for read indexes, and watches whether it lives. */
final class Followership {
    private static final UUID NO_LINEAGE = new UUID(0, 0);

    private final ReplicaState state;
    /** Who has been heard as leader in the adopted epoch. */
    private @Nullable ReplicaId leader;
    /** Equal to that leader's log up to here; says nothing about other epochs. */
    private long matched;
    /** Greatest read round seen in the adopted epoch. */
    private long round;
    /** Something was received that is not acknowledged yet. */
    private boolean acknowledgementDue;

    private long lastHeardNanos;
    private long lastJoinNanos = Long.MIN_VALUE / 2;
    private boolean suspected;
    private boolean suspicionDated;
    private long suspectedNanos;
    /** Not only silent: it is proven not to lead any more. */
    private boolean gone;
    /** R21: the leader's node vouches for the leader; nothing is expected from it. */
    private boolean resting;
    /** Reads that wait for the leader's answer: own number, and the caller's. */
    private final TreeMap<Long, Long> reads = new TreeMap<>();

    private long nextRequestId;
    private int groupLevel = FeatureLevels.FIRST;

    Followership(ReplicaState state) {
        this.state = state;
        nextRequestId = state.ids.get().getMostSignificantBits()
                >>> 1; // answers to an earlier process of this node fit none of ours
        lastHeardNanos = state.now;
    }

    @Nullable
    ReplicaId leader() {
        return leader;
    }

    boolean suspects() {
        return suspected;
    }

    /** A higher epoch was adopted: what was known about the leader's log is void. */
    void newEpoch() {
        leader = null;
        matched = 0;
        round = 0;
        acknowledgementDue = false;
        heardNothingYet();
        failReads();
    }

    /** Begins to wait for the leader afresh. */
    void heardNothingYet() {
        lastHeardNanos = state.now;
        resting = false;
        suspected = false;
        gone = false;
    }

    /** Whether there is proof that the leader that is suspected lives no more. */
    boolean leaderIsGone() {
        return gone;
    }

    void leaderGone() {
        gone = true;
    }

    /** For how long the leader has been suspected, from the first tick after that on: while it rested (R21) nobody has told the time. */
    long suspectedForNanos() {
        return suspected && suspicionDated ? state.now - suspectedNanos : 0;
    }

    void tick() {
        if (suspected && !suspicionDated) {
            suspicionDated = true;
            suspectedNanos = state.now;
        }
    }

    void suspect() {
        if (!suspected) {
            suspicionDated = false;
        }
        suspected = true;
        resting = false;
        failReads();
    }

    boolean silentFor(long nanos) {
        return !resting && state.now - lastHeardNanos > nanos;
    }

    /** A message of the leader's node is on its way, and has not all come yet. */
    void receiving() {
        if (!suspected) {
            lastHeardNanos = state.now;
        }
    }

    /** An append of the adopted epoch. */
    void append(ReplicaId from, Message.Append append) {
        if (leader == null) {
            leader = from;
        } else if (!leader.equals(from)) {
            throw new InvariantViolation("two leaders in epoch " + append.epoch() + ": " + leader + " and " + from);
        }
        lastHeardNanos = state.now;
        suspected = false;
        gone = false;
        resting = false;
        boolean newRound = append.round() > round;
        round = Math.max(round, append.round());
        long known = state.log.firstIndex() - 1;
        if (append.prevIndex() < known) { // R3: up to there all was committed, so this leader's log holds the same
            matched = Math.max(matched, known);
        } else if (state.log.epochAt(append.prevIndex()) != append.prevEpoch()) { // R3
            mismatch(from.node(), append);
            return;
        }
        boolean appended = take(append);
        matched = Math.max(matched, append.prevIndex() + append.entries().size());
        state.advanceCommit(Math.min(append.commitIndex(), matched));
        if (append.entries().isEmpty()) {
            tellFeatureLevel(from.node(), append.epoch());
            tellLackOfRoom(from.node(), append.epoch());
        }
        if (appended && !newRound) {
            acknowledgementDue = true; // when it is durable; until then there is nothing new to say
        } else {
            acknowledge();
        }
    }

    /** R21: the leader has nothing to do. */
    void rest(ReplicaId from, Message.Rest question, Rest rest) {
        boolean idle = !suspected && !acknowledgementDue && reads.isEmpty() && !state.disk.lacksRoom();
        if (idle && rest.mayFollow(question, from, leader, matched)) {
            lastHeardNanos = state.now;
            resting = true;
            state.send(from.node(), new Message.Resting(question.epoch(), question.lastIndex()));
        }
    }

    /** Under whom it rests; null if it does not. */
    @Nullable
    ReplicaId restsUnder() {
        return resting ? leader : null;
    }

    /** R21: it is on its own again; the leader's node was heard at that time. */
    void wake(long heardNanos) {
        if (resting) {
            resting = false;
            lastHeardNanos = heardNanos;
            joinAgain();
        }
    }

    /** R20: until the group is at this level, or at another's that is lower and says nothing. */
    private void tellFeatureLevel(NodeId to, long epoch) {
        if (groupLevel < state.options.featureLevel() && state.epochIsDurable()) { // R2
            state.send(to, new Message.Supports(epoch, state.options.featureLevel()));
        }
    }

    /** R15: said again and again, so that silence means that there is room. */
    private void tellLackOfRoom(NodeId to, long epoch) {
        if (state.disk.lacksRoom() && state.epochIsDurable()) { // R2
            state.send(to, new Message.LacksRoom(epoch));
        }
    }

    /** The group's level, as far as is known. */
    void groupLevel(int featureLevel) {
        groupLevel = featureLevel;
    }

    private void mismatch(NodeId to, Message.Append append) {
        if (!state.epochIsDurable()) {
            return; // R2; the leader asks again
        }
        long hint = state.log.lastNotAbove(Math.min(append.prevIndex() - 1, state.log.lastIndex()), append.prevEpoch());
        if (append.prevIndex() > state.log.lastIndex()) {
            hint = state.log.lastNotAbove(state.log.lastIndex(), append.prevEpoch());
        }
        if (hint < state.log.firstIndex() - 1) {
            throw new InvariantViolation(
                    "the leader of epoch " + append.epoch() + " has another entry than this replica at or below "
                            + (state.log.firstIndex() - 1) + ", up to where everything is committed and in a snapshot");
        }
        state.send(to, new Message.Mismatch(append.epoch(), append.prevIndex(), hint, state.log.epochAt(hint), round));
    }

    /** R3: skips what is here already, cuts what conflicts, appends the rest. */
    private boolean take(Message.Append append) {
        List<LogEntry> entries = append.entries();
        long expected = append.prevIndex() + 1;
        int first = 0;
        while (first < entries.size() && isHere(entries.get(first))) {
            first++;
        }
        for (LogEntry entry : entries) {
            if (entry.index() != expected++ || entry.epoch() > append.epoch()) {
                throw new InvariantViolation(
                        "append of epoch " + append.epoch() + " after " + append.prevIndex() + " holds " + entry);
            }
        }
        if (first == entries.size()) {
            return false;
        }
        long cut = entries.get(first).index();
        if (cut <= state.log.lastIndex()) {
            if (cut <= state.commitIndex) { // R3
                throw new InvariantViolation("the leader of epoch " + append.epoch() + " would cut the log at " + cut
                        + ", but everything up to " + state.commitIndex + " is committed");
            }
            state.log.truncateFrom(cut);
        }
        state.log.append(new ArrayList<>(entries.subList(first, entries.size())));
        state.log.forgetUpTo(state.apply.handedIndex());
        return true;
    }

    /** Whether the log holds this very entry, or a snapshot its effect. */
    private boolean isHere(LogEntry entry) {
        return entry.index() < state.log.firstIndex() - 1 || state.log.epochAt(entry.index()) == entry.epoch();
    }

    /** The snapshot's position is committed, so the leader's log is the same up to there; said when it is durable here. */
    void installed(long index) {
        matched = Math.max(matched, index);
        if (state.log.durableIndex() >= index) {
            acknowledge();
        } else {
            acknowledgementDue = true;
        }
    }

    /** R4: only what is durable and known to be the leader's. R2: not before the epoch is durable. */
    void acknowledge() {
        if (leader == null) {
            return;
        }
        if (!state.epochIsDurable()) {
            acknowledgementDue = true;
            return;
        }
        acknowledgementDue = false;
        long durableIndex = Math.min(state.log.durableIndex(), matched); // R4
        state.send(leader.node(), new Message.Ack(state.highestEpoch, durableIndex, round));
    }

    void persisted() {
        if (acknowledgementDue) {
            acknowledge();
        }
    }

    /** Tells the presumed leader that this replica is here, until it sends. */
    void join(@Nullable ReplicaId to, boolean inSync) {
        long interval = state.options.heartbeatNanos();
        boolean quiet = leader == null
                || silentFor(4 * interval)
                || state.options.learner() && inSync; // R22: until the leader has it out of there
        if (to != null
                && !to.equals(state.self)
                && quiet
                && state.connected.contains(to.node())
                && state.now - lastJoinNanos >= interval) {
            lastJoinNanos = state.now;
            UUID lineage = state.lineage;
            state.send(
                    to.node(),
                    new Message.Join(
                            state.highestEpoch,
                            lineage == null ? NO_LINEAGE : lineage,
                            state.log.lastIndex(),
                            state.log.lastEpoch(),
                            state.options.featureLevel(),
                            state.options.learner()));
        }
    }

    /** Asks at once at the next chance. */
    void joinAgain() {
        lastJoinNanos = Long.MIN_VALUE / 2;
    }

    void read(List<Long> readIds, @Nullable NodeId to) {
        for (long readId : readIds) {
            if (to == null || !state.connected.contains(to)) {
                state.effects.add(new Effect.ReadFailed(readId, Effect.Rejection.NOT_LEADER));
            } else {
                long requestId = nextRequestId++;
                reads.put(requestId, readId);
                state.send(to, new Message.ReadIndexRequest(requestId));
            }
        }
    }

    void readIndex(Message.ReadIndexReply reply) {
        Long readId = reads.remove(reply.requestId());
        if (readId != null) {
            state.effects.add(
                    reply.readIndex() < 0
                            ? new Effect.ReadFailed(readId, Effect.Rejection.NOT_LEADER)
                            : new Effect.ReadReady(readId, reply.readIndex()));
        }
    }

    void failReads() {
        for (long readId : reads.values()) {
            state.effects.add(new Effect.ReadFailed(readId, Effect.Rejection.NOT_LEADER));
        }
        reads.clear();
    }

    /** The members of the in-sync set that can be reached, without the old leader: who takes part in a take-over (R9). */
    List<ReplicaId> reachableWithout(ReplicaId oldLeader, List<ReplicaId> inSync) {
        TreeSet<ReplicaId> members = new TreeSet<>();
        for (ReplicaId member : inSync) {
            if (member.equals(state.self) || (!member.equals(oldLeader) && state.reachable(member))) {
                members.add(member);
            }
        }
        return List.copyOf(members);
    }
}
