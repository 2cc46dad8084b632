package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Proposed;
import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What stands around the core of one process: applies, answers, and keeps who is waiting. */
final class SimShell {
    private final Simulation sim;
    private final SimReplica replica;
    private Sessions sessions = new Sessions();
    private final SimStateMachine machine = new SimStateMachine();

    /** Entries, or a snapshot to begin anew with. */
    private record Task(List<LogEntry> entries, SimSnapshot snapshot) {}

    private final Deque<Task> toApply = new ArrayDeque<>();
    private boolean applying;
    private long appliedIndex;
    private long slowUntil;

    /** Asked and not yet accepted, by tag. */
    private final Map<Long, SimClient.Attempt> asked = new HashMap<>();
    /** Accepted and not yet applied, by index. */
    private final TreeMap<Long, SimClient.Attempt> accepted = new TreeMap<>();
    /** Transfers that were asked for and have not ended. */
    private final Set<Long> transfers = new TreeSet<>();

    /** Changes of members that were asked for and have not ended: whether to remove. */
    private final Map<Long, Boolean> memberChanges = new TreeMap<>();

    private long lastTransfer;
    /** Confirmed reads that wait until this index is applied. */
    private final TreeMap<Long, List<Runnable>> readable = new TreeMap<>();

    private long droppedTerm;

    /** Those that the core asked for itself, and that have ended. */
    private final Set<Long> ownTransfers = new HashSet<>();

    SimShell(Simulation sim, SimReplica replica) {
        this.sim = sim;
        this.replica = replica;
    }

    long appliedIndex() {
        return appliedIndex;
    }

    long digest() {
        return machine.digest();
    }

    long transferAsked() {
        transfers.add(++lastTransfer);
        return lastTransfer;
    }

    long membersAsked(boolean remove) {
        memberChanges.put(++lastTransfer, remove);
        return lastTransfer;
    }

    /** Something that an operator has asked for has not ended. */
    boolean isTransferring() {
        return !transfers.isEmpty() || !memberChanges.isEmpty();
    }

    /** From a client. */
    void request(SimClient.Attempt attempt) {
        asked.put(attempt.tag(), attempt);
        if (attempt.isRead()) {
            sim.checkers.readArrived(attempt.tag());
            List<Long> ids = List.of(attempt.tag());
            replica.deliver(attempt.isLeased() ? new Event.ReadLeased(ids) : new Event.Read(ids));
        } else {
            replica.deliver(new Event.Propose(List.of(attempt.proposal())));
        }
    }

    void perform(Effect effect) {
        if (effect instanceof Effect.Apply apply) {
            enqueue(new Task(apply.entries(), null));
        } else if (effect instanceof Effect.Accepted done) {
            long index = done.firstIndex();
            for (Proposed proposal : done.proposals()) {
                accepted.put(index++, asked.remove(proposal.tag()));
            }
        } else if (effect instanceof Effect.Rejected rejected) {
            for (Proposed proposal : rejected.proposals()) {
                reject(proposal.tag(), rejected.reason());
            }
        } else if (effect instanceof Effect.ReadReady ready) {
            SimClient.Attempt attempt = asked.remove(ready.readId());
            whenApplied(ready.index(), () -> answerRead(attempt));
        } else if (effect instanceof Effect.ReadLeased leased) {
            SimClient.Attempt attempt = asked.remove(leased.readId());
            whenApplied(leased.index(), () -> readByLease(attempt, leased));
        } else if (effect instanceof Effect.LeaseDropped dropped) {
            droppedTerm = dropped.term();
        } else if (effect instanceof Effect.ReadFailed failed) {
            reject(failed.readId(), failed.reason());
        } else if (effect instanceof Effect.Transfer transfer) {
            if (transfer.step().isLast()) {
                SimFailure.unless(
                        transfers.remove(transfer.id()) || transfer.id() < 0 && ownTransfers.add(transfer.id()),
                        "R18",
                        replica.node() + " ends a transfer twice: " + transfer);
            }
        } else if (effect instanceof Effect.MembersChanged changed) {
            Boolean remove = memberChanges.remove(changed.id());
            SimFailure.unless(remove != null, "R22", replica.node() + " ends a change twice: " + changed);
            sim.checkers.membersChanged(changed, remove);
        } else if (effect instanceof Effect.StatusChanged status
                && !status.role().leads()) {
            for (SimClient.Attempt attempt : accepted.values()) { // the next leader answers them
                attempt.answer(Message.Status.NOT_LEADER, 0, status.leader());
            }
            accepted.clear();
        }
    }

    private void reject(long tag, Effect.Rejection reason) {
        SimClient.Attempt attempt = asked.remove(tag);
        attempt.answer(
                reason == Effect.Rejection.OVERLOADED
                        ? Message.Status.OVERLOADED
                        : reason == Effect.Rejection.TOO_FEW_IN_SYNC
                                ? Message.Status.TOO_FEW_IN_SYNC
                                : Message.Status.NOT_LEADER,
                0,
                replica.core().configuration() == null
                        ? null
                        : replica.core().configuration().leader().node());
    }

    // ---- the state machine

    private void enqueue(Task task) {
        toApply.add(task);
        if (!applying) {
            beginToApply();
        }
    }

    /** After what is to be applied before it. */
    void install(SimSnapshot snapshot) {
        enqueue(new Task(null, snapshot));
    }

    void restore(SimSnapshot snapshot) {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(snapshot.machine()))) {
            machine.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sessions = Sessions.of(snapshot.sessions());
        appliedIndex = snapshot.position().index();
    }

    /** Of the state as it is; it is on the disk some time later. */
    private void takeSnapshot(LogEntry last) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            machine.save(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        SnapshotPosition position = new SnapshotPosition(last.index(), last.epoch(), last.timestamp());
        SimSnapshot taken = new SimSnapshot(
                position,
                replica.core().lineage(),
                sessions.kept(),
                bytes.toByteArray(),
                replica.log().upTo(last.index()),
                false);
        replica.disk().storeAfterWrites(taken, new Event.SnapshotTaken(position));
    }

    private void beginToApply() {
        applying = true;
        int boot = replica.boot();
        long time = sim.dice.between(sim.parameters.applyNanos / 2, 2 * sim.parameters.applyNanos);
        sim.after(
                sim.now() < slowUntil ? 20 * time : time,
                () -> replica.whenAwake(() -> {
                    if (replica.boot() == boot) {
                        applyNext();
                    }
                }));
    }

    private void applyNext() {
        applying = false;
        Task task = toApply.removeFirst();
        if (task.snapshot != null) {
            restore(task.snapshot);
            sim.checkers.restored(replica, appliedIndex, machine.digest());
        } else {
            task.entries.forEach(this::apply);
            if (sim.dice.chance(sim.parameters.snapshotRate)) {
                takeSnapshot(task.entries.get(task.entries.size() - 1));
            }
        }
        while (!readable.isEmpty() && readable.firstKey() <= appliedIndex) {
            readable.pollFirstEntry().getValue().forEach(Runnable::run);
        }
        if (!toApply.isEmpty()) {
            beginToApply();
        }
        replica.deliver(new Event.Applied(appliedIndex));
    }

    private void apply(LogEntry entry) {
        byte @Nullable [] outcome = sessions.apply(entry, command -> {
            sim.checkers.executed(command);
            return machine.apply(command);
        });
        appliedIndex = entry.index();
        Message.Status status = outcome == null ? Message.Status.SESSION_EXPIRED : Message.Status.APPLIED;
        machine.mixIn(status.ordinal());
        machine.mixIn(sessions.size());
        sim.checkers.applied(replica, entry, machine.digest());
        SimClient.Attempt attempt = accepted.remove(entry.index());
        if (attempt != null) {
            long result = entry.kind() == LogEntry.Kind.OPEN_SESSION
                    ? entry.index()
                    : outcome != null ? SimStateMachine.result(outcome) : 0;
            attempt.answer(status, result, replica.node());
        }
    }

    private void answerRead(SimClient.Attempt attempt) {
        attempt.answer(Message.Status.APPLIED, machine.read(attempt.key()), replica.node());
    }

    private void whenApplied(long index, Runnable work) {
        if (index <= appliedIndex) {
            work.run();
        } else {
            readable.computeIfAbsent(index, i -> new ArrayList<>()).add(work);
        }
    }

    /** Reads, perhaps stands still for a while, and looks then whether the lease holds. */
    private void readByLease(SimClient.Attempt attempt, Effect.ReadLeased leased) {
        long value = machine.read(attempt.key());
        if (sim.isHealing() || sim.dice.chance(0.7)) {
            checkLease(attempt, leased, value);
            return;
        }
        int boot = replica.boot();
        long longest = 4 * sim.parameters.options.leases().periodNanos();
        sim.after(
                sim.dice.scale(SimParameters.MICRO, longest),
                () -> replica.whenAwake(() -> {
                    if (replica.boot() == boot) {
                        checkLease(attempt, leased, value);
                    }
                }));
    }

    private void checkLease(SimClient.Attempt attempt, Effect.ReadLeased leased, long value) {
        if (leased.lease().holds(droppedTerm, replica.clock())) {
            sim.checkers.readByLease(replica, leased);
            attempt.answer(Message.Status.APPLIED, value, replica.node());
        } else {
            int boot = replica.boot();
            sim.after(
                    0,
                    () -> replica.whenAwake(
                            () -> { // not from within what is being done now
                                if (replica.boot() == boot) {
                                    asked.put(attempt.tag(), attempt);
                                    replica.deliver(new Event.Read(List.of(attempt.tag())));
                                }
                            }));
        }
    }

    void slowFor(long nanos) {
        slowUntil = sim.now() + nanos;
    }

    void heal() {
        slowUntil = 0;
    }
}
