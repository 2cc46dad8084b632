package dev.handover.replication;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A question to the state machine, until it is answered. */
final class ReadRequest<T> extends Mailbox.Mail {
    final Replica replica;
    final long deadlineNanos;
    final CompletableFuture<T> future = new CompletableFuture<>();

    /** Whether it waits for the state machine to be fresh enough; else it asks only whether a leader serves. */
    final boolean needsState;

    private @Nullable Supplier<T> reader; // until it is answered

    /** It waits for the state machine only. Belongs to the loop. */
    boolean confirmed;

    ReadRequest(Replica replica, long deadlineNanos, boolean needsState, Supplier<T> reader) {
        this.replica = replica;
        this.needsState = needsState;
        this.deadlineNanos = deadlineNanos;
        this.reader = reader;
    }

    @Override
    void open() {
        replica.arrived(this);
    }

    /** Asks the state machine and answers. On the applier. */
    void answer() {
        Supplier<T> asked = reader;
        reader = null;
        if (asked == null || future.isDone()) {
            return;
        }
        T result;
        try {
            result = asked.get();
        } catch (RuntimeException | StackOverflowError e) {
            future.completeExceptionally(e); // the asker's business: a read changes nothing
            return;
        }
        future.complete(result);
    }

    void fail(RuntimeException reason) {
        reader = null;
        future.completeExceptionally(reason);
    }
}
