package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.SnapshotPosition;
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
    /** What is before it is kept for the checkers only. */
    private long firstIndex = 1;

    private SimSnapshots snapshots = new SimSnapshots();
    private boolean rolledBack;
    private Snapshot snapshot;

    private final Deque<Effect.Write> waiting = new ArrayDeque<>();
    private List<Effect.Write> batch = List.of();
    private long lastWriteId;
    /** Reads that wait for this write. */
    private final Map<Effect.Fetch, Long> fetches = new LinkedHashMap<>();
    /** Snapshots that become durable after this write, and what is told then. */
    private final Map<Event, Long> storing = new LinkedHashMap<>();

    private final Map<Event, SimSnapshot> stored = new LinkedHashMap<>();

    private boolean receiving;
    private boolean failNext;
    private boolean failed;
    private long slowUntil;
    private long stalledUntil;
    /** An entry that cannot be read any more; 0 for none. */
    private long damagedIndex;

    private record Snapshot(
            UUID lineage, long highestEpoch, long boots, ChainLog log, long firstIndex, SimSnapshots snapshots) {}

    SimDisk(Simulation sim, SimReplica replica) {
        this.sim = sim;
        this.replica = replica;
        logId = sim.dice.uuid();
    }

    /** Whether a write is under way. */
    boolean forces() {
        return !batch.isEmpty();
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

    /** What is found to be damaged at a start is a new log from then on, which the others fill. */
    void check() {
        if (isDamaged()) {
            wipe();
        }
    }

    RecoveredReplica open() {
        failed = false;
        failNext = false;
        boots++;
        if (rolledBack) { // a start that dies before it is recorded would hide the roll-back from the counter: left
            // out, see docs/simulator.md
            boots = Math.min(boots, sim.register.recordedBoot(replica.id()));
        }
        snapshots.dropDamaged();
        SimSnapshot newest = snapshots.newest();
        if (newest != null
                && log.chainAt(newest.position().index()) != newest.history().lastChain()) {
            damagedIndex = 0;
            log = newest.history().copy(); // it was received, and the log was not reset before the crash
            firstIndex = newest.position().index() + 1;
        }
        return new RecoveredReplica(
                lineage,
                highestEpoch,
                boots,
                firstIndex,
                log.lastIndex(),
                log.epochsFrom(firstIndex),
                log.lastTimestamp(),
                newest == null ? SnapshotPosition.NONE : newest.position());
    }

    SimSnapshots snapshots() {
        return snapshots;
    }

    /** A bit flips in the newest snapshot while the process is down. */
    void damageNewestSnapshot() {
        snapshots.damageNewest(firstIndex);
    }

    /** The snapshot becomes durable some time after all that was asked to be written before; then this is told. */
    void storeAfterWrites(SimSnapshot snapshot, Event told) {
        if (failed || receiving && told instanceof Event.SnapshotReceived) {
            return; // one is received at a time
        }
        receiving |= told instanceof Event.SnapshotReceived;
        stored.put(told, snapshot);
        if (batch.isEmpty()) {
            store(told);
        } else {
            storing.put(told, lastWriteId);
        }
    }

    private void store(Event told) {
        int boot = replica.boot();
        SimSnapshot snapshot = stored.remove(told);
        if (snapshot == null) {
            return;
        }
        sim.after(sim.dice.after(4 * sim.parameters.forceNanos), () -> {
            if (replica.boot() == boot && replica.isRunning() && !failed) {
                snapshots.add(snapshot);
                sim.checkers.snapshotStored(replica, snapshot);
                if (sim.isTalkative()) {
                    sim.note(replica, "has a snapshot at " + snapshot.position());
                }
                sim.after(sim.dice.after(sim.parameters.forceNanos), () -> {
                    if (replica.boot() == boot && replica.isRunning()) {
                        receiving &= !(told instanceof Event.SnapshotReceived);
                        replica.deliver(told);
                    }
                });
            }
        });
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
        return Math.max(sim.now() < slowUntil ? time * 20 : time, stalledUntil - sim.now());
    }

    private void fail(String what) {
        failed = true;
        if (sim.isTalkative()) {
            sim.note(replica, "its disk fails: " + what);
        }
        replica.expectFault();
        replica.deliver(new Event.DiskFailed("simulated"));
    }

    private void complete() {
        if (sim.now() < stalledUntil) { // it began to stall meanwhile
            int boot = replica.boot();
            sim.after(stalledUntil - sim.now(), () -> {
                if (replica.boot() == boot && replica.isRunning() && !failed) {
                    complete();
                }
            });
            return;
        }
        if (failNext) {
            fail("a force");
            return;
        }
        for (Effect.Write write : batch) {
            perform(write);
        }
        long last = batch.get(batch.size() - 1).writeId();
        batch = List.of();
        if (snapshot == null || sim.dice.chance(0.02)) {
            snapshot = new Snapshot(lineage, highestEpoch, boots, log.copy(), firstIndex, snapshots.copy());
        }
        fetches.entrySet().removeIf(fetch -> {
            boolean due = fetch.getValue() <= last;
            if (due) {
                read(fetch.getKey());
            }
            return due;
        });
        storing.entrySet().removeIf(one -> {
            boolean due = one.getValue() <= last;
            if (due) {
                store(one.getKey());
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
            mendDamageFrom(truncate.fromIndex());
        } else if (write instanceof Effect.CompactLog compact) {
            SimFailure.unless(
                    snapshots.newest() != null && snapshots.newest().position().index() >= compact.firstIndex() - 1,
                    "I9",
                    replica.node() + " drops its log before " + compact.firstIndex() + " without a snapshot of that");
            if (sim.dice.chance(0.7)) { // it may keep more
                firstIndex = compact.firstIndex();
            }
        } else if (write instanceof Effect.InstallSnapshot install) {
            damagedIndex = 0;
            log = snapshots.at(install.position().index()).history().copy();
            firstIndex = install.position().index() + 1;
        } else if (write instanceof Effect.WriteState state) {
            lineage = state.lineage();
            highestEpoch = state.highestEpoch();
        }
    }

    /** What stood there is gone, and what comes in its place is well. */
    private void mendDamageFrom(long index) {
        if (damagedIndex >= index) {
            damagedIndex = 0;
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
            } else if (write instanceof Effect.InstallSnapshot install) {
                forced = install.position().index();
            }
        }
        log.truncateFrom(sim.dice.between(Math.min(forced, log.lastIndex()), log.lastIndex()) + 1);
        mendDamageFrom(log.lastIndex() + 1);
        batch = List.of();
        waiting.clear();
        fetches.clear();
        storing.clear();
        stored.clear();
        receiving = false;
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
                if (isDamaged() && fetch.fromIndex() <= damagedIndex && damagedIndex <= fetch.toIndex()) {
                    fail("entry " + damagedIndex + " is damaged");
                    return;
                }
                List<LogEntry> found = log.read(fetch.fromIndex(), fetch.toIndex(), fetch.maxBytes());
                replica.deliver(new Event.Fetched(fetch.fetchId(), found));
            }
        });
    }

    void slowFor(long nanos) {
        slowUntil = sim.now() + nanos;
    }

    void stallFor(long nanos) {
        stalledUntil = sim.now() + nanos;
    }

    /** A bit flips somewhere in what the log holds. */
    void damage() {
        damagedIndex = log.lastIndex() < firstIndex ? 0 : sim.dice.between(firstIndex, log.lastIndex());
    }

    /** Whether a start would find it; what was cut off, given up for a snapshot or written again does no harm. */
    boolean isDamaged() {
        return damagedIndex >= firstIndex && damagedIndex <= log.lastIndex();
    }

    void failNext() {
        failNext = true;
    }

    void heal() {
        slowUntil = 0;
        stalledUntil = 0;
        failNext = false;
    }

    /** Another disk in the place of this one. */
    void wipe() {
        logId = sim.dice.uuid();
        lineage = null;
        highestEpoch = 0;
        boots = 0;
        log = new ChainLog();
        firstIndex = 1;
        snapshots = new SimSnapshots();
        damagedIndex = 0;
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
        damagedIndex = 0;
        log = snapshot.log.copy();
        firstIndex = snapshot.firstIndex;
        snapshots = snapshot.snapshots.copy();
        rolledBack = true;
        return true;
    }
}
