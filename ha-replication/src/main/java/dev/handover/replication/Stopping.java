package dev.handover.replication;

import dev.handover.event.EventBus;
import dev.handover.replication.protocol.Event;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An orderly stop of one group on this node: gives the leadership away if it has it and there is somebody to take it, waits until what callers here are owed is answered, then lets the core leave. Each
 * part has the drain time-out at most, and what does not work out is left: closing always ends. Belongs to the loop.
 */
final class Stopping {
    private static final Logger LOG = LoggerFactory.getLogger(Stopping.class);

    private enum Part {
        NOT_BEGUN,
        TRANSFER,
        ANSWERS,
        LEAVE
    }

    private final Replica replica;
    private final long patienceNanos;
    private Part part = Part.NOT_BEGUN;
    private long deadlineNanos;
    private @Nullable CompletableFuture<TransferResult> transfer;

    Stopping(Replica replica, NodeOptions options) {
        this.replica = replica;
        patienceNanos = options.drainTimeout().toNanos();
    }

    void begin() {
        if (part != Part.NOT_BEGUN) {
            return;
        }
        if (replica.leads() && replica.hasHeir()) {
            enter(Part.TRANSFER);
            CompletableFuture<TransferResult> asked = new CompletableFuture<>();
            transfer = asked;
            replica.transfers().ask(null, asked, EventBus.NOBODY);
        } else {
            if (replica.leads()) { // no transfer that is refused: this is no fault
                LOG.info("{} stops without a hand-over: nobody else in sync is there to lead", replica.label());
            }
            enter(Part.ANSWERS);
        }
        advance();
    }

    private void enter(Part next) {
        part = next;
        deadlineNanos = System.nanoTime() + patienceNanos;
    }

    boolean isUnderWay() {
        return part != Part.NOT_BEGUN;
    }

    /** After every event. */
    void advance() {
        CompletableFuture<TransferResult> asked = transfer;
        if (part == Part.TRANSFER && (isOver() || asked == null || asked.isDone())) {
            enter(Part.ANSWERS);
        }
        if (part == Part.ANSWERS && (isOver() || replica.admission().count() == 0)) {
            enter(Part.LEAVE);
            replica.step(new Event.Stop());
        }
    }

    private boolean isOver() {
        return System.nanoTime() - deadlineNanos > 0;
    }
}
