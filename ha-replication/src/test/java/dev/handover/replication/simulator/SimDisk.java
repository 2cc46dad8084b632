package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The disk of a node. Takes all writes that wait, does them in order, forces once, reports. What is written is durable after that; a crash before leaves any
 * part of it: writes done so far, of appended entries perhaps fewer. Cuts and the small state are durable as soon as they are done.
 */
final class SimDisk {
    private final Simulation sim;
    private final SimReplica replica;

    private UUID logId;
    private UUID lineage;
    private long highestEpoch;
    private long boots;
    private ChainLog log = new ChainLog();
    private boolean rolledBack;
    private Snapshot snapshot;

    private final Deque<Effect.Write> waiting = new ArrayDeque<>();
    private List<Effect.Write> batch = List.of();
    private long lastWriteId;
    /** Reads that wait for this write. */
    private final Map<Effect.Fetch, Long> fetches = new LinkedHashMap<>();

    private boolean failNext;
    private boolean failed;
    private long slowUntil;

    private record Snapshot(UUID lineage, long highestEpoch, long boots, ChainLog log) {}

    SimDisk(Simulation sim, SimReplica replica) {
        this.sim = sim;
        this.replica = replica;
        logId = sim.dice.uuid();
    }

    UUID logId() {
        return logId;
    }

    /** Everything durable. */
    ChainLog log() {
        return log;
    }

    /** Durable. */
    long highestEpoch() {
        return highestEpoch;
    }

    /** It is not what it once told others to be. */
    boolean isRolledBack() {
        return rolledBack;
    }

    RecoveredReplica open() {
        failed = false;
        failNext = false;
        boots++;
        if (rolledBack) { // a start that dies before it is recorded would hide the roll-back from the counter: left
            // out, see docs/simulator.md
            boots = Math.min(boots, sim.register.recordedBoot(replica.id()));
        }
        return new RecoveredReplica(lineage, highestEpoch, boots, log.lastIndex(), log.epochs(), log.lastTimestamp());
    }

    void write(Effect.Write write) {
        if (failed) {
            return;
        }
        waiting.add(write);
        lastWriteId = write.writeId();
        if (batch.isEmpty()) {
            begin();
        }
    }

    private void begin() {
        batch = List.copyOf(waiting);
        waiting.clear();
        int boot = replica.boot();
        sim.after(forceTime(), () -> {
            if (replica.boot() == boot && replica.isRunning() && !failed) {
                complete();
            }
        });
    }

    private long forceTime() {
        long time = sim.dice.between(sim.parameters.forceNanos / 2, 2 * sim.parameters.forceNanos);
        return sim.now() < slowUntil ? time * 20 : time;
    }

    private void complete() {
        if (failNext) {
            failed = true;
            if (sim.isTalkative()) {
                sim.note(replica, "its disk fails");
            }
            replica.expectFault();
            replica.deliver(new Event.DiskFailed("simulated"));
            return;
        }
        for (Effect.Write write : batch) {
            perform(write);
        }
        long last = batch.get(batch.size() - 1).writeId();
        batch = List.of();
        if (snapshot == null || sim.dice.chance(0.02)) {
            snapshot = new Snapshot(lineage, highestEpoch, boots, log.copy());
        }
        fetches.entrySet().removeIf(fetch -> {
            boolean due = fetch.getValue() <= last;
            if (due) {
                read(fetch.getKey());
            }
            return due;
        });
        sim.checkers.durableChanged(replica);
        replica.deliver(new Event.Persisted(last));
        if (!waiting.isEmpty() && batch.isEmpty()) {
            begin();
        }
    }

    private void perform(Effect.Write write) {
        if (write instanceof Effect.WriteEntries entries) {
            entries.entries().forEach(log::append);
        } else if (write instanceof Effect.TruncateLog truncate) {
            log.truncateFrom(truncate.fromIndex());
        } else if (write instanceof Effect.WriteState state) {
            lineage = state.lineage();
            highestEpoch = state.highestEpoch();
        }
    }

    /** The process is gone: of what was under way, something may be on disk. */
    void crash() {
        long forced = log.lastIndex();
        int done = batch.isEmpty() ? 0 : sim.dice.below(batch.size() + 1);
        for (Effect.Write write : batch.subList(0, done)) {
            perform(write);
            if (write instanceof Effect.TruncateLog truncate) {
                forced = Math.min(forced, truncate.fromIndex() - 1);
            }
        }
        log.truncateFrom(sim.dice.between(Math.min(forced, log.lastIndex()), log.lastIndex()) + 1);
        batch = List.of();
        waiting.clear();
        fetches.clear();
        sim.checkers.durableChanged(replica);
    }

    /** Reads, some time after the writes that were asked for before. */
    void fetch(Effect.Fetch fetch) {
        if (batch.isEmpty()) {
            read(fetch);
        } else {
            fetches.put(fetch, lastWriteId);
        }
    }

    private void read(Effect.Fetch fetch) {
        int boot = replica.boot();
        sim.after(forceTime(), () -> {
            if (replica.boot() == boot && replica.isRunning() && !failed) {
                List<LogEntry> found = log.read(fetch.fromIndex(), fetch.toIndex(), fetch.maxBytes());
                replica.deliver(new Event.Fetched(fetch.fetchId(), found));
            }
        });
    }

    void slowFor(long nanos) {
        slowUntil = sim.now() + nanos;
    }

    void failNext() {
        failNext = true;
    }

    void heal() {
        slowUntil = 0;
        failNext = false;
    }

    /** Another disk in the place of this one. */
    void wipe() {
        logId = sim.dice.uuid();
        lineage = null;
        highestEpoch = 0;
        boots = 0;
        log = new ChainLog();
        rolledBack = false;
        snapshot = null;
    }

    /**
     * Back to what it was some time ago, if that was before a start that is on record: going back within one run of a process is what
     * no boot counter can tell (R12).
     */
    boolean rollBack(long recordedBoot) {
        if (snapshot == null || snapshot.boots >= recordedBoot) {
            return false;
        }
        lineage = snapshot.lineage;
        highestEpoch = snapshot.highestEpoch;
        boots = snapshot.boots;
        log = snapshot.log.copy();
        rolledBack = true;
        return true;
    }
}
