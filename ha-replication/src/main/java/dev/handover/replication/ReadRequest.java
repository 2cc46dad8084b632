package dev.handover.replication;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A question to the state machine, until it is answered. */
final class ReadRequest<T> extends Mailbox.Mail {
    private static final VarHandle ROOM;

    static {
        try {
            ROOM = MethodHandles.lookup().findVarHandle(ReadRequest.class, "room", Admission.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Replica replica;
    final long deadlineNanos;
    final CompletableFuture<T> future = new CompletableFuture<>();

    /** Whether it waits for the state machine to be fresh enough; else it asks only whether a leader serves. */
    final boolean needsState;

    private @Nullable Supplier<T> reader; // until it is answered
    /** Where it takes room until it is answered; null if nowhere, as that of another node. */
    @SuppressWarnings("UnusedVariable") // only by its handle
    private volatile @Nullable Admission room;

    /** Whether the lease that it relies on holds; null if it was confirmed otherwise. Belongs to the applier. */
    @Nullable
    BooleanSupplier lease;

    /** It waits for the state machine only. Belongs to the loop. */
    boolean confirmed;

    ReadRequest(Replica replica, long deadlineNanos, boolean needsState, Supplier<T> reader) {
        this.replica = replica;
        this.needsState = needsState;
        this.deadlineNanos = deadlineNanos;
        this.reader = reader;
    }

    /** Takes room, if there is any, until it is answered or its asker has given it up. */
    boolean enter(Admission admission) {
        if (!admission.enter(0)) {
            return false;
        }
        room = admission;
        future.whenComplete((result, failure) -> leave()); // he may have completed it himself
        return true;
    }

    private void leave() {
        Admission left = (Admission) ROOM.getAndSet(this, null);
        if (left != null) {
            left.release(0);
        }
    }

    @Override
    void open() {
        replica.arrived(this);
    }

    /** Asks the state machine and answers. On the applier. */
    void answer() {
        BooleanSupplier holds = lease;
        if (!answerIf(holds == null ? () -> true : holds)) {
            lease = null;
            replica.askByRound(this);
        }
    }

    /**
     * Asks the state machine, and answers if what it relies on holds after that: a pause at any place before is seen. On the applier.
     *
     * @return false if it did not hold; the read is as if it had not been asked
     */
    boolean answerIf(BooleanSupplier holds) {
        Supplier<T> asked = reader;
        if (asked == null || future.isDone()) {
            reader = null;
            return true;
        }
        @Nullable T result = null;
        @Nullable Throwable failure = null;
        try {
            result = asked.get();
        } catch (RuntimeException | StackOverflowError e) {
            failure = e; // the asker's business: a read changes nothing
        }
        if (!holds.getAsBoolean()) {
            return false;
        }
        reader = null;
        leave(); // who is told may ask again at once
        if (failure == null) {
            future.complete(result);
        } else {
            future.completeExceptionally(failure);
        }
        return true;
    }

    void fail(RuntimeException reason) {
        reader = null;
        leave();
        future.completeExceptionally(reason);
    }
}
