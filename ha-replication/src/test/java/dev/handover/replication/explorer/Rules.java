package dev.handover.replication.explorer;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.event.HaEvent.TransferStep;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The invariants of {@code docs/protocol.md} over states that never change: what the simulator's checkers watch along one history, said once more for many at a time. What they remember is part of
 * the state ({@link Shared}, {@link Node.Watched}), so that two states are only one if the rules see no difference either.
 */
final class Rules {
    private final World world;

    Rules(World world) {
        this.world = world;
    }

    private String who(int i) {
        return world.ids[i].node().value();
    }

    // ---- a step of one core

    Node.Watched before(Node.Watched watched, Event event) {
        return event instanceof Event.Received received
                        && received.message() instanceof Message.Ack ack
                        && ack.epoch() == watched.epoch()
                ? watched.heard(received.from(), ack.durableIndex())
                : watched;
    }

    /** I5: epochs grow. I7: what everybody in sync is known to hold. */
    Node.Watched after(Shared shared, int i, Node before, Node after) {
        Node.Watched watched = after.watched();
        long epoch = after.core().epoch;
        if (epoch != watched.epoch()) {
            Violation.unless(
                    epoch > watched.epoch(), "I5", who(i) + " went from epoch " + watched.epoch() + " to " + epoch);
            watched = watched.adopted(epoch);
        }
        if (!after.leads()) {
            return watched.barrierIndex() == 0 ? watched : watched.barrier(0, false);
        } else if (watched.barrierIndex() > 0
                && !watched.barrierHeld()
                && everybodyHolds(shared, i, after, watched, watched.barrierIndex())) {
            return watched.barrier(watched.barrierIndex(), true);
        }
        return watched;
    }

    private boolean everybodyHolds(Shared shared, int i, Node node, Node.Watched watched, long index) {
        Shared.Stored stored = shared.ofEpoch(watched.epoch());
        if (stored == null || node.disk().log().lastIndex() < index) {
            return false;
        }
        for (ReplicaId member : stored.value().configuration().inSync()) {
            if (!member.equals(world.ids[i]) && watched.acknowledged().getOrDefault(member, 0L) < index) {
                return false;
            }
        }
        return true;
    }

    /** I2, among all logs that there are and those of the leaders of all epochs. */
    void appended(Shared shared, int[] state, int i, Log log) {
        for (int other = 0; other < world.size; other++) {
            Node node = world.node(state, other);
            agree(i, log, node.disk().log());
            if (other != i) {
                agree(i, log, node.log());
            }
        }
        for (Log leader : shared.leaders().values()) {
            agree(i, log, leader);
        }
    }

    private void agree(int i, Log one, Log other) {
        if (!Log.agree(one, other)) {
            throw new Violation(
                    "I2", who(i) + " has " + one + ", another log is or was " + other + ": not one past for one entry");
        }
    }

    /** I4. */
    void truncating(Shared shared, int i, Automaton.State core, Event cause, Log log, long fromIndex) {
        long epoch = cause instanceof Event.Received received && received.message() instanceof Message.Append append
                ? append.epoch()
                : core.epoch;
        boolean inSync =
                shared.newest() != null && shared.newest().configuration().isInSync(world.ids[i]);
        for (long index = fromIndex;
                index <= Math.min(log.lastIndex(), shared.committed().lastIndex());
                index++) {
            if (log.upTo(index) == shared.committed().upTo(index)) {
                long in = shared.committedIn().get((int) index - 1);
                Violation.unless(
                        in > epoch && !inSync,
                        "I4",
                        who(i) + " cuts " + index + " in epoch " + epoch + ", which was committed in epoch " + in
                                + (inSync ? ", and is in sync" : ""));
            }
        }
    }

    /** I3, I6, I9: the commit index has moved. */
    Shared committed(Shared shared, int[] state, int i, Node before, Node after) {
        long index = after.core().commitIndex;
        Violation.unless(
                index > before.core().commitIndex,
                "I9",
                who(i) + " takes its commit index back from " + before.core().commitIndex + " to " + index);
        Violation.unless(
                index <= after.log().lastIndex(), "I9", who(i) + " commits " + index + " behind its log's end");
        Log log = after.log().upTo(index);
        Shared next = shared;
        if (after.leads() || after.watched().barrierIndex() > 0) {
            restsOnAcknowledgements(shared, i, after, index);
            next = extend(shared, after.watched().epoch(), log);
            if (next.committed() != shared.committed()) {
                for (int other = 0; other < world.size; other++) {
                    holdsEverything(next, other, other == i ? after : world.node(state, other));
                }
            }
        } else {
            Violation.unless(
                    index <= shared.committed().lastIndex(),
                    "I6",
                    who(i) + " considers " + index + " committed, no leader does");
        }
        Violation.unless(
                next.committed().upTo(index) == log,
                "I3",
                who(i) + " in epoch " + after.core().epoch + " considers " + log + " committed, others "
                        + next.committed());
        return next;
    }

    private void restsOnAcknowledgements(Shared shared, int i, Node node, long index) {
        long epoch = node.watched().epoch();
        Shared.Stored stored = shared.ofEpoch(epoch);
        String who = who(i) + " commits " + index + " in epoch " + epoch;
        Violation.unless(stored != null, "I6", who + ", which does not exist");
        Configuration configuration = stored.value().configuration();
        Violation.unless(configuration.leader().equals(world.ids[i]), "I2", who + ", which is another's");
        Violation.unless(
                configuration.inSync().size() >= configuration.minInSync(),
                "I6",
                who + " with too few in sync: " + configuration);
        Set<ReplicaId> needed = new TreeSet<>(configuration.inSync());
        if (node.watched().proposed() != null) {
            needed.addAll(node.watched().proposed().inSync());
        }
        for (ReplicaId member : needed) {
            long held = member.equals(world.ids[i])
                    ? node.disk().log().lastIndex()
                    : node.watched().acknowledged().getOrDefault(member, 0L);
            Violation.unless(
                    held >= index,
                    "I6",
                    who + ", but " + member.node() + " has only acknowledged " + held + " of " + needed);
        }
    }

    private static Shared extend(Shared shared, long epoch, Log log) {
        List<Long> in = new ArrayList<>(shared.committedIn());
        for (int at = 0; at < log.lastIndex(); at++) {
            if (at == in.size()) {
                in.add(epoch);
            } else {
                in.set(at, Math.min(in.get(at), epoch));
            }
        }
        boolean longer = log.lastIndex() > shared.committed().lastIndex();
        if (longer && log.upTo(shared.committed().lastIndex()) != shared.committed()) {
            throw new Violation(
                    "I3", "epoch " + epoch + " commits " + log + ", committed before is " + shared.committed());
        }
        return shared.committed(longer ? log : shared.committed(), in);
    }

    /** I3: every member of the newest in-sync set has what is committed, durable. */
    void holdsEverything(Shared shared, int i, Node node) {
        if (shared.newest() == null || !shared.newest().configuration().isInSync(world.ids[i])) {
            return;
        }
        Log committed = shared.committed();
        if (node.disk().log().upTo(committed.lastIndex()) != committed) {
            throw new Violation(
                    "I3",
                    who(i) + " is in sync in epoch "
                            + shared.newest().configuration().epoch() + ", but of " + committed
                            + ", which is committed, its disk has "
                            + node.disk().log());
        }
    }

    // ---- what it sends and proposes

    Shared sending(Shared shared, int i, Node node, Message message) {
        if (message instanceof Message.Append append) {
            inEpoch(i, node, append.epoch(), "sends as leader");
            return append(shared, i, node, append);
        } else if (message instanceof Message.Ack ack) {
            inEpoch(i, node, ack.epoch(), "acknowledges");
            acknowledges(shared, i, node, ack);
        } else if (message instanceof Message.Mismatch mismatch) {
            inEpoch(i, node, mismatch.epoch(), "answers");
        } else if (message instanceof Message.Stale stale) {
            inEpoch(i, node, stale.epoch(), "answers");
        } else if (message instanceof Message.Transferred transferred) {
            Configuration said = transferred.configuration().configuration();
            Shared.Stored stored = shared.ofEpoch(said.epoch());
            Violation.unless(
                    stored != null && stored.value().configuration().equals(said),
                    "R1",
                    who(i) + " says that the leadership is transferred, which is not stored: " + said);
        }
        return shared;
    }

    /** I5, R2. */
    private void inEpoch(int i, Node node, long epoch, String what) {
        if (epoch != node.watched().epoch() || node.disk().highestEpoch() != epoch) {
            throw new Violation(
                    "I5",
                    who(i) + " " + what + " in epoch " + epoch + ", having adopted "
                            + node.watched().epoch() + " and " + node.disk().highestEpoch() + " on disk");
        }
    }

    /** I2, R1, R11, R18: who has won the epoch sends, or who is named by it and was running when it adopted it for the first time. */
    private Shared append(Shared shared, int i, Node node, Message.Append append) {
        Shared.Stored stored = shared.ofEpoch(append.epoch());
        String who = who(i) + " sends as leader of epoch " + append.epoch();
        Violation.unless(stored != null, "I2", who + ", which does not exist");
        Violation.unless(
                stored.value().configuration().leader().equals(world.ids[i])
                        && ((stored.node() == i && stored.boot() == node.boot())
                                || node.watched().startedEpoch() < append.epoch()),
                "I2",
                who + " as process " + node.boot() + ", which was won by "
                        + stored.value().configuration().leader().node() + ", process " + stored.boot());
        return shared.leads(append.epoch(), node.log());
    }

    /** I5. */
    private void acknowledges(Shared shared, int i, Node node, Message.Ack ack) {
        String who = who(i) + " acknowledges " + ack.durableIndex() + " in epoch " + ack.epoch();
        Log durable = node.disk().log().upTo(ack.durableIndex());
        Violation.unless(
                durable != null, "I5", who + ", but its disk has " + node.disk().log());
        Log leader = shared.leaders().get(ack.epoch());
        Violation.unless(leader != null, "I5", who + ", whose leader never sent anything");
        Violation.unless(
                leader.upTo(ack.durableIndex()) == durable, "I5", who + ", has " + durable + ", the leader " + leader);
    }

    /** R6, I7, R9, R13, R18. */
    Node.Watched proposing(Shared shared, int i, Node node, Configuration next) {
        String who = who(i) + " proposes " + next;
        Node.Watched watched = node.watched();
        ReplicaId self = world.ids[i];
        Violation.unless(
                watched.proposed() == null || watched.proposed().nonce().equals(next.nonce()) || !node.leads(),
                "R6",
                who + ", while " + watched.proposed() + " is under way");
        Shared.Stored stored = shared.ofEpoch(next.epoch() - 1);
        if (stored != null) {
            Configuration base = stored.value().configuration();
            if (!next.leader().equals(self)) {
                Violation.unless(node.leads() && base.leader().equals(self), "R18", who + ", but leads not: " + base);
                Violation.unless(next.inSync().equals(base.inSync()), "R18", who + " with another in-sync set");
                Violation.unless(watched.barrierHeld(), "I7", who + ", but not everybody holds its barrier");
                long held = watched.acknowledged().getOrDefault(next.leader(), 0L);
                Violation.unless(
                        held >= watched.transferAskedAt(),
                        "R18",
                        who + ", who has acknowledged " + held + " of " + watched.transferAskedAt());
            } else if (node.leads()) {
                Violation.unless(
                        base.inSync().containsAll(next.inSync()) || watched.barrierHeld(),
                        "I7",
                        who + ", but not everybody holds its barrier at " + watched.barrierIndex() + ": "
                                + watched.acknowledged());
            } else {
                Violation.unless(base.isInSync(self), "R13", who + ", but is not in sync: " + base);
                Violation.unless(base.inSync().containsAll(next.inSync()), "R9", who + " with strangers to " + base);
                Violation.unless(
                        base.leader().equals(self) || !next.isInSync(base.leader()),
                        "R9",
                        who + " with the old leader");
            }
        }
        return watched.proposing(next);
    }

    /** I1. */
    void storing(Shared shared, Configuration next) {
        if (shared.newest() == null) {
            Violation.unless(next.epoch() == 1, "I1", "the first epoch is " + next.epoch());
            return;
        }
        Configuration before = shared.newest().configuration();
        Violation.unless(
                next.epoch() == before.epoch() + 1, "I1", "after epoch " + before.epoch() + " comes " + next.epoch());
        Violation.unless(next.lineage().equals(before.lineage()), "I1", "the lineage changes in epoch " + next.epoch());
    }

    Node.Watched transferring(Node node, ReplicaId self, Effect.Transfer transfer) {
        Node.Watched watched = node.watched();
        if (transfer.step() == TransferStep.ASKED) {
            return watched.transferAsked(node.core().lastIndex);
        } else if (transfer.step() == TransferStep.GIVEN_UP
                && watched.proposed() != null
                && !watched.proposed().leader().equals(self)) {
            return watched.proposing(null); // let go after a doubt: it changes nobody's in-sync set
        }
        return watched;
    }

    // ---- what it answers

    /** I9. */
    Node.Watched applying(Shared shared, int i, Node node, List<LogEntry> entries) {
        Node.Watched watched = node.watched();
        for (LogEntry entry : entries) {
            Violation.unless(
                    entry.index() == watched.appliedIndex() + 1,
                    "I9",
                    who(i) + " applies " + entry + " after " + watched.appliedIndex());
            watched = watched.applied(entry.index());
        }
        long last = watched.appliedIndex();
        Violation.unless(
                last <= node.core().commitIndex
                        && shared.committed().upTo(last) == node.log().upTo(last),
                "I9",
                who(i) + " applies up to " + last + ", which is not committed");
        return watched;
    }

    /** I6, I7. */
    void confirming(Shared shared, int i, Node node, Effect.ReadReady ready) {
        long floor = shared.floors().get(ready.readId());
        Violation.unless(
                ready.index() >= floor,
                "I6",
                who(i) + " confirms a read at " + ready.index() + " that arrived when " + floor + " was committed");
        Violation.unless(
                node.watched().barrierIndex() == 0
                        || node.core().commitIndex >= node.watched().barrierIndex(),
                "I7",
                who(i) + " confirms a read before its barrier at "
                        + node.watched().barrierIndex());
    }
}
