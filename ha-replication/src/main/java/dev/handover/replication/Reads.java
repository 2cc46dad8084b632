package dev.handover.replication;

import dev.handover.HandoverException;
import dev.handover.NotLeaderException;
import dev.handover.OverloadedException;
import dev.handover.RedundancyException;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Effect.Rejection;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LeaseOptions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Linearizable reads of callers on this node (R16): those that wait together are confirmed together, by a round or by the leader's lease. Belongs to the loop. */
final class Reads {
    private record Asked(long atNanos, List<ReadRequest<?>> reads) {}

    private final Replica replica;
    private final NodeOptions options;
    private final @Nullable LeaseClock leaseClock;
    private List<ReadRequest<?>> fresh = new ArrayList<>();
    /** A lease that ended while they were executed is no proof of anything. */
    private List<ReadRequest<?>> byRound = new ArrayList<>();

    private final TreeMap<Long, Asked> asked = new TreeMap<>();
    private final Deque<ReadRequest<?>> byDeadline = new ArrayDeque<>();
    private long lastReadId;
    private boolean waiting;

    Reads(Replica replica, NodeOptions options) {
        this.replica = replica;
        this.options = options;
        LeaseOptions leases = options.protocol().leases();
        leaseClock = leases.periodNanos() == 0 ? null : LeaseClock.ofSystem(leases);
    }

    void arrived(ReadRequest<?> read) {
        fresh.add(read);
        byDeadline.add(read);
    }

    /** Nothing waits. */
    boolean isEmpty() {
        return fresh.isEmpty() && byRound.isEmpty() && asked.isEmpty() && byDeadline.isEmpty();
    }

    /** Somebody else leads, or a connection stands: what waits is asked at once. */
    void situationChanged() {
        waiting = false;
    }

    /** A read whose lease did not hold. */
    void askByRound(ReadRequest<?> read) {
        byRound.add(read);
    }

    /** What the core shall be asked now. */
    List<Event> flush(long nowNanos) {
        if (waiting || (fresh.isEmpty() && byRound.isEmpty())) {
            return List.of();
        }
        List<Event> events = new ArrayList<>();
        if (leaseClock == null) {
            byRound.addAll(fresh);
            fresh.clear();
        } else if (!fresh.isEmpty()) {
            events.add(new Event.ReadLeased(List.of(number(nowNanos, fresh))));
            fresh = new ArrayList<>();
        }
        if (!byRound.isEmpty()) {
            events.add(new Event.Read(List.of(number(nowNanos, byRound))));
            byRound = new ArrayList<>();
        }
        return events;
    }

    private long number(long nowNanos, List<ReadRequest<?>> reads) {
        lastReadId++;
        asked.put(lastReadId, new Asked(nowNanos, reads));
        return lastReadId;
    }

    /** May be answered when everything up to index is applied, if the lease holds after that. */
    void leased(Effect.ReadLeased effect, GroupApplier state, Applier applier) {
        Asked batch = asked.remove(effect.readId());
        if (batch == null) {
            return;
        }
        LeaseClock clock = leaseClock;
        if (clock == null || clock.hasJumped()) {
            byRound.addAll(batch.reads);
            replica.touch();
            return;
        }
        long offset = clock.leastOffset();
        BooleanSupplier holds = () -> effect.lease().holds(replica.droppedLease(), clock.nowNanos(offset));
        applier.run(() -> {
            if (holds.getAsBoolean()) { // nobody else had committed anything when it was asked
                state.localReads().proved(effect.index(), batch.atNanos);
            }
            for (ReadRequest<?> read : batch.reads) {
                read.lease = holds;
                if (read.needsState) {
                    state.read(effect.index(), read);
                } else {
                    read.answer();
                }
            }
        });
    }

    /** Confirmed: may be answered when everything up to index is applied. */
    void ready(long readId, long index, GroupApplier state, Applier applier) {
        Asked batch = asked.remove(readId);
        if (batch == null) {
            return;
        }
        applier.run(() -> state.localReads().proved(index, batch.atNanos));
        List<ReadRequest<?>> needState = new ArrayList<>(batch.reads.size());
        for (ReadRequest<?> read : batch.reads) {
            read.confirmed = true;
            if (read.needsState) {
                needState.add(read);
            } else {
                applier.run(read::answer);
            }
        }
        if (!needState.isEmpty()) {
            applier.run(() -> {
                for (ReadRequest<?> read : needState) {
                    state.read(index, read);
                }
            });
        }
    }

    void failed(long readId, Rejection reason) {
        Asked batch = asked.remove(readId);
        if (batch == null) {
            return;
        }
        switch (reason) {
            case NOT_LEADER, NOT_YET -> {
                fresh.addAll(batch.reads);
                waiting = true;
            }
            case OVERLOADED ->
                fail(
                        batch.reads,
                        new OverloadedException(
                                replica.label() + " too many reads wait for confirmation; slow down and try again"));
            case TOO_FEW_IN_SYNC ->
                fail(
                        batch.reads,
                        new RedundancyException(replica.label()
                                + " fewer replicas are in sync than minInSync asks for, so that the leader cannot"
                                + " commit the beginning of its epoch; LOCAL reads work (" + replica.situation()
                                + ")"));
        }
    }

    private void fail(List<ReadRequest<?>> reads, HandoverException reason) {
        for (ReadRequest<?> read : reads) {
            replica.completions().fail(read.future, reason);
        }
    }

    void tick(long nowNanos) {
        waiting = false;
        if (leaseClock != null) {
            leaseClock.sample();
        }
        // A question that was lost on its way is asked again; the answer to the earlier one is not waited for any more.
        while (!asked.isEmpty()) {
            Map.Entry<Long, Asked> oldest = asked.firstEntry();
            if (nowNanos - oldest.getValue().atNanos < options.failureTimeout().toNanos()) {
                break;
            }
            asked.remove(oldest.getKey());
            fresh.addAll(oldest.getValue().reads);
        }
        fresh.removeIf(read -> read.future.isDone());
        byRound.removeIf(read -> read.future.isDone());
        while (!byDeadline.isEmpty()) {
            ReadRequest<?> read = byDeadline.element();
            if (!read.future.isDone()) {
                if (read.deadlineNanos - nowNanos > 0) {
                    return;
                }
                replica.completions().fail(read.future, late(read));
            }
            byDeadline.remove();
        }
    }

    private HandoverException late(ReadRequest<?> read) {
        return read.confirmed
                ? new OverloadedException(replica.label() + " this replica did not apply fast enough to answer within "
                        + options.commandTimeout() + "; ask another node, or try again (" + replica.situation() + ")")
                : new NotLeaderException(replica.label() + " no leader confirmed the read within "
                        + options.commandTimeout() + "; try again, or read LOCAL (" + replica.situation() + ")");
    }

    void end(HandoverException reason) {
        for (Asked batch : asked.values()) {
            fail(batch.reads, reason);
        }
        asked.clear();
        fail(fresh, reason);
        fresh.clear();
        fail(byRound, reason);
        byRound.clear();
        byDeadline.clear();
    }
}
