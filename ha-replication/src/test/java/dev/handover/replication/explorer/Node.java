package dev.handover.replication.explorer;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * One node in one state of the world; never changes.
 *
 * @param core null while no process runs
 * @param boot number of the process
 * @param log as the core has ordered it to be
 * @param pending writes that are not durable, each with what is on disk when it is
 * @param fetches reads of the log that wait for those writes
 * @param reading it waits for the configuration
 * @param answer of the configuration store that is on its way
 * @param seen newest epoch that its watch has told
 * @param believed bits of the nodes that it believes to be connected to
 * @param clock of the process
 */
record Node(
        Automaton.State core,
        int boot,
        Disk disk,
        Log log,
        List<Pending> pending,
        List<Effect.Fetch> fetches,
        boolean reading,
        Answer answer,
        long seen,
        int believed,
        long clock,
        Watched watched) {
    /** What is durable. */
    record Disk(Log log, UUID lineage, long highestEpoch, long boots) {}

    /** A write, and the disk behind it. */
    record Pending(long writeId, Disk after) {}

    /** Of a compare-and-set. */
    record Answer(UUID nonce, CasOutcome outcome) {
        Event event() {
            return new Event.CasCompleted(nonce, outcome);
        }
    }

    /**
     * What the rules remember of the process.
     *
     * @param startedEpoch that its disk knew when it started
     * @param epoch adopted
     * @param acknowledged to it by the others in that epoch
     * @param proposed in that epoch; null if nothing
     * @param barrierIndex of its leadership; 0 if it does not lead
     * @param barrierHeld by everybody in sync, once, as far as acknowledgements tell
     * @param transferAskedAt end of its log when it was asked for a transfer
     */
    record Watched(
            long startedEpoch,
            long epoch,
            Map<ReplicaId, Long> acknowledged,
            Configuration proposed,
            long barrierIndex,
            boolean barrierHeld,
            long transferAskedAt,
            long appliedIndex) {
        @Override
        public int hashCode() {
            int hash = (int) (epoch * 31 + barrierIndex) * 31 + (int) appliedIndex;
            for (long index : acknowledged.values()) {
                hash = 31 * hash + (int) index;
            }
            return hash * 4 + (barrierHeld ? 1 : 0) + (proposed == null ? 0 : 2);
        }

        static Watched started(long epoch) {
            return new Watched(epoch, epoch, Map.of(), null, 0, false, 0, 0);
        }

        Watched heard(ReplicaId from, long index) {
            Map<ReplicaId, Long> more = new TreeMap<>(acknowledged);
            more.merge(from, index, Math::max);
            return new Watched(
                    startedEpoch, epoch, more, proposed, barrierIndex, barrierHeld, transferAskedAt, appliedIndex);
        }

        Watched adopted(long next) {
            return new Watched(
                    startedEpoch, next, Map.of(), null, barrierIndex, barrierHeld, transferAskedAt, appliedIndex);
        }

        Watched proposing(Configuration next) {
            return new Watched(
                    startedEpoch, epoch, acknowledged, next, barrierIndex, barrierHeld, transferAskedAt, appliedIndex);
        }

        Watched barrier(long index, boolean held) {
            return new Watched(startedEpoch, epoch, acknowledged, proposed, index, held, transferAskedAt, appliedIndex);
        }

        Watched transferAsked(long index) {
            return new Watched(
                    startedEpoch, epoch, acknowledged, proposed, barrierIndex, barrierHeld, index, appliedIndex);
        }

        Watched applied(long index) {
            return new Watched(
                    startedEpoch, epoch, acknowledged, proposed, barrierIndex, barrierHeld, transferAskedAt, index);
        }
    }

    /** Of what differs most. */
    @Override
    public int hashCode() {
        int hash = core == null ? 7 : core.number;
        hash = 31 * hash + System.identityHashCode(log);
        hash = 31 * hash + System.identityHashCode(disk.log());
        hash = 31 * hash + (int) disk.highestEpoch();
        hash = 31 * hash + pending.size() * 16 + fetches.size();
        hash = 31 * hash + believed * 8 + (reading ? 4 : 0) + (answer == null ? 0 : 2);
        hash = 31 * hash + (int) seen;
        hash = 31 * hash + boot;
        return 31 * hash + watched.hashCode();
    }

    static Node fresh(Log empty) {
        return new Node(
                null,
                0,
                new Disk(empty, null, 0, 0),
                empty,
                List.of(),
                List.of(),
                false,
                null,
                0,
                0,
                0,
                Watched.started(0));
    }

    boolean runs() {
        return core != null;
    }

    boolean leads() {
        return core != null && core.role.leads();
    }

    boolean believes(int peer) {
        return (believed >> peer & 1) != 0;
    }

    /** What is on disk when all writes are done. */
    Disk written() {
        return pending.isEmpty() ? disk : pending.get(pending.size() - 1).after();
    }

    Node down(Disk left) {
        return new Node(
                null,
                boot,
                left,
                left.log(),
                List.of(),
                List.of(),
                false,
                null,
                0,
                0,
                0,
                Watched.started(left.highestEpoch()));
    }

    Node with(Automaton.State next, Log newLog, List<Pending> writes, Watched newWatched) {
        return new Node(next, boot, disk, newLog, writes, fetches, reading, answer, seen, believed, clock, newWatched);
    }

    Node with(Watched newWatched) {
        return with(core, log, pending, newWatched);
    }

    Node fetching(Effect.Fetch fetch) {
        List<Effect.Fetch> more = new ArrayList<>(fetches);
        more.add(fetch);
        return new Node(core, boot, disk, log, pending, more, reading, answer, seen, believed, clock, watched);
    }

    Node persisted() {
        return new Node(
                core, boot, written(), log, List.of(), List.of(), reading, answer, seen, believed, clock, watched);
    }

    Node reading(boolean now) {
        return new Node(core, boot, disk, log, pending, fetches, now, answer, seen, believed, clock, watched);
    }

    Node answered(Answer now) {
        return new Node(core, boot, disk, log, pending, fetches, reading, now, seen, believed, clock, watched);
    }

    Node seen(long epoch) {
        return new Node(core, boot, disk, log, pending, fetches, reading, answer, epoch, believed, clock, watched);
    }

    Node believing(int peers) {
        return new Node(core, boot, disk, log, pending, fetches, reading, answer, seen, peers, clock, watched);
    }

    Node clock(long now) {
        return new Node(core, boot, disk, log, pending, fetches, reading, answer, seen, believed, now, watched);
    }
}
