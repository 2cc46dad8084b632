package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.replication.protocol.Effect;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** How often every fault struck and every rule had something to do: what never happens is not tested. */
final class SimCounts {
    /** What comes of the rules. */
    enum Happening {
        /** R3: a replica cut its log. */
        TRUNCATION,
        /** R7: a leader removed members. */
        SHRINK,
        /** R8: a leader added members. */
        EXPANSION,
        /** R9: a member replaced the leader. */
        TAKE_OVER,
        /** R9: a new leader's barrier committed. */
        SERVING,
        /** R10: a proposal in doubt was made again. */
        PROPOSED_AGAIN,
        /** R11: a replica named as leader took over from its own earlier process. */
        TAKE_OVER_FROM_ITSELF,
        /** R12: a disk that was rolled back was refused. */
        ROLLED_BACK_REFUSED,
        /** R15: a replica stopped itself because its disk had failed. */
        DISK_FAULT,
        /** R16: a linearizable read was confirmed. */
        READ,
        /** R16: a read was answered under a lease, as far as the core is concerned. */
        READ_LEASED,
        /** R15: a leader without room gave the leadership to one that has some. */
        LEFT_FOR_ROOM,
        /** R18: a leader gave the leadership away. */
        TRANSFER,
        /** R20: a leader raised the feature level. */
        LEVEL_RAISED,
        /** A replica dropped its log for a snapshot. */
        SNAPSHOT_INSTALLED,
        /** A log was dropped behind a snapshot. */
        COMPACTION,
        /** Entries were read from a disk. */
        FETCH
    }

    private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
    private final Map<Happening, Long> happenings = new EnumMap<>(Happening.class);

    void count(Fault fault) {
        faults.merge(fault, 1L, Long::sum);
    }

    void count(Happening happening) {
        happenings.merge(happening, 1L, Long::sum);
    }

    void stored(Configuration before, Configuration next) {
        if (before == null) {
            return;
        }
        if (next.reason().startsWith("transfer from")) {
            count(Happening.TRANSFER);
            if (next.reason().endsWith("has no room")) {
                count(Happening.LEFT_FOR_ROOM);
            }
        } else if (next.reason().startsWith("take-over from")) {
            count(next.leader().equals(before.leader()) ? Happening.TAKE_OVER_FROM_ITSELF : Happening.TAKE_OVER);
        } else if (next.featureLevel() > before.featureLevel()) {
            count(Happening.LEVEL_RAISED);
        } else if (before.inSync().containsAll(next.inSync())) {
            count(Happening.SHRINK);
        } else {
            count(Happening.EXPANSION);
        }
    }

    /**
     * What a core wants done.
     *
     * @param proposed nonce of what the process has proposed before in this epoch; null if nothing
     */
    void effect(SimReplica replica, UUID proposed, Effect effect) {
        if (effect instanceof Effect.TruncateLog) {
            count(Happening.TRUNCATION);
        } else if (effect instanceof Effect.InstallSnapshot) {
            count(Happening.SNAPSHOT_INSTALLED);
        } else if (effect instanceof Effect.CompactLog) {
            count(Happening.COMPACTION);
        } else if (effect instanceof Effect.Fetch) {
            count(Happening.FETCH);
        } else if (effect instanceof Effect.ReadReady) {
            count(Happening.READ);
        } else if (effect instanceof Effect.ReadLeased) {
            count(Happening.READ_LEASED);
        } else if (effect instanceof Effect.TakeOver step && step.step() == TakeOverStep.SERVING) {
            count(Happening.SERVING);
        } else if (effect instanceof Effect.CompareAndSet cas
                && cas.next().nonce().equals(proposed)) {
            count(Happening.PROPOSED_AGAIN);
        } else if (effect instanceof Effect.Faulted faulted) {
            if (replica.disk().isRolledBack()) {
                count(Happening.ROLLED_BACK_REFUSED);
            } else if (faulted.reason().startsWith("Disk failed")) {
                count(Happening.DISK_FAULT);
            }
        }
    }

    synchronized void add(SimCounts other) {
        other.faults.forEach((fault, times) -> faults.merge(fault, times, Long::sum));
        other.happenings.forEach((happening, times) -> happenings.merge(happening, times, Long::sum));
    }

    /** The names of everything that has never happened. */
    List<String> never() {
        List<String> never = new ArrayList<>();
        for (Fault fault : Fault.values()) {
            if (!faults.containsKey(fault)) {
                never.add(fault.name());
            }
        }
        for (Happening happening : Happening.values()) {
            if (!happenings.containsKey(happening)) {
                never.add(happening.name());
            }
        }
        return never;
    }

    @Override
    public String toString() {
        return "faults " + faults + "; rules " + happenings;
    }
}
