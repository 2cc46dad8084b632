package dev.handover.replication;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.OutcomeUnknownException;
import dev.handover.TransferRefusedException;
import dev.handover.event.EventBus;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.TransferStep;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Transfers of the leadership that callers on this node have asked for (R18), until they are answered. Belongs to the loop. */
final class Transfers {
    private static final class Asked {
        final CompletableFuture<TransferResult> future;
        final UnaryOperator<Runnable> caller;
        final long askedNanos;
        long proposedNanos;
        long transferredNanos;

        Asked(CompletableFuture<TransferResult> future, UnaryOperator<Runnable> caller, long nowNanos) {
            this.future = future;
            this.caller = caller;
            askedNanos = nowNanos;
            proposedNanos = nowNanos;
            transferredNanos = nowNanos;
        }
    }

    private final Replica replica;
    private final NodeOptions options;
    private final TreeMap<Long, Asked> asked = new TreeMap<>();
    private long lastId;

    Transfers(Replica replica, NodeOptions options) {
        this.replica = replica;
        this.options = options;
    }

    /** Asks the core; null for the best target. The events are told in the caller's context. */
    void ask(@Nullable NodeId target, CompletableFuture<TransferResult> future, UnaryOperator<Runnable> caller) {
        asked.put(++lastId, new Asked(future, caller, System.nanoTime()));
        replica.step(new Event.Transfer(lastId, target, options.drainTimeout().toNanos()));
    }

    void happened(Effect.Transfer step) {
        long now = System.nanoTime();
        Asked transfer = asked.get(step.id());
        HaEvent event = new HaEvent.Transfer(
                Instant.now(),
                replica.self().node(),
                replica.group(),
                step.step(),
                step.target(),
                step.epoch(),
                now,
                step.detail());
        replica.publish(event, transfer == null ? EventBus.NOBODY : transfer.caller);
        if (transfer == null) {
            return; // its caller has been told that nobody knows
        }
        if (step.step() == TransferStep.PROPOSED) {
            transfer.proposedNanos = now;
        } else if (step.step() == TransferStep.TRANSFERRED) {
            transfer.transferredNanos = now;
        } else if (step.step().isLast()) {
            asked.remove(step.id());
            end(transfer, step, now);
        }
    }

    private void end(Asked transfer, Effect.Transfer last, long now) {
        if (last.step() == TransferStep.REFUSED) {
            replica.completions()
                    .fail(
                            transfer.future,
                            new TransferRefusedException(
                                    replica.label() + " the leadership was not transferred: " + last.detail()));
            return;
        }
        boolean proposed = transfer.proposedNanos != transfer.askedNanos;
        boolean done = transfer.transferredNanos != transfer.askedNanos;
        replica.completions()
                .complete(
                        transfer.future,
                        new TransferResult(
                                last.step(),
                                replica.self().node(),
                                last.target(),
                                last.epoch(),
                                Duration.ofNanos((proposed ? transfer.proposedNanos : now) - transfer.askedNanos),
                                Duration.ofNanos(
                                        proposed
                                                ? (done ? transfer.transferredNanos : now) - transfer.proposedNanos
                                                : 0),
                                Duration.ofNanos(done ? now - transfer.transferredNanos : 0),
                                last.detail()));
    }

    /** Nothing waits. */
    boolean isEmpty() {
        return asked.isEmpty();
    }

    /** One whose fate the configuration store does not tell is not waited for for ever. */
    void tick() {
        long bound =
                3 * options.drainTimeout().toNanos() + options.commandTimeout().toNanos();
        while (!asked.isEmpty() && System.nanoTime() - asked.firstEntry().getValue().askedNanos > bound) {
            replica.completions()
                    .fail(
                            asked.pollFirstEntry().getValue().future,
                            new OutcomeUnknownException(replica.label()
                                    + " the configuration store does not tell whether the leadership is transferred;"
                                    + " it is resolved when the store answers again, see the events ("
                                    + replica.situation() + ")"));
        }
    }

    void end(HandoverException reason) {
        for (Asked transfer : asked.values()) {
            replica.completions().fail(transfer.future, reason);
        }
        asked.clear();
    }
}
