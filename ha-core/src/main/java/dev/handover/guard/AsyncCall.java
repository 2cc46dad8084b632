package dev.handover.guard;

import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.retry.Retry;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A call that answers later, with its attempts, of which one is under way at a time. */
final class AsyncCall<T extends @Nullable Object> {
    private final Layers layers;
    private final boolean idempotent;
    private final boolean control;
    private final Supplier<? extends CompletionStage<T>> call;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final Retry.@Nullable AsyncContext<T> context;
    private volatile @Nullable Attempt current;
    private int attempts;

    AsyncCall(Layers layers, boolean idempotent, boolean control, Supplier<? extends CompletionStage<T>> call) {
        this.layers = layers;
        this.idempotent = idempotent;
        this.control = control;
        this.call = call;
        context = layers.retry == null ? null : layers.retry.asyncContext();
    }

    CompletableFuture<T> start() {
        if (context != null) {
            layers.retries.called();
        }
        attempt();
        if (!result.isDone()) {
            result.whenComplete((value, failure) -> abandon());
        }
        return result;
    }

    /** Somebody else has completed the result: what is under way is wanted no more. */
    private void abandon() {
        Attempt known = current;
        if (known != null) {
            known.abandon();
        }
    }

    private void attempt() {
        if (result.isDone()) {
            return;
        }
        attempts++;
        Attempt attempt;
        try {
            attempt = new Attempt(layers.enter(control), layers.time.nanos());
        } catch (GuardRefusedException e) {
            result.completeExceptionally(e);
            return;
        }
        current = attempt;
        attempt.begin();
        if (result.isDone()) {
            attempt.abandon(); // cancelled before it was known
        }
    }

    private void failed(Throwable failure) {
        long wait = context == null ? -1 : layers.retryIn(context, failure, attempts, idempotent);
        if (wait < 0) {
            result.completeExceptionally(failure);
        } else {
            layers.time.after(wait, this::attempt);
        }
    }

    /** One attempt. It ends once: by its stage, by the time limit, or because nobody wants it. */
    private final class Attempt extends Deadlines.Timed {
        private final @Nullable Bulkhead held;
        private final long begin;
        private final AtomicBoolean ended = new AtomicBoolean();
        private volatile @Nullable CompletionStage<T> stage;

        Attempt(@Nullable Bulkhead held, long begin) {
            this.held = held;
            this.begin = begin;
        }

        private void begin() {
            CompletionStage<T> begun;
            try {
                begun = Objects.requireNonNull(call.get(), "the call gave no stage");
            } catch (GuardFullException e) { // of the executor
                if (end()) {
                    layers.abandoned(held);
                    result.completeExceptionally(e);
                }
                return;
            } catch (Throwable e) {
                completed(null, e);
                return;
            }
            stage = begun;
            begun.whenComplete(this::completed);
            if (layers.deadlines != null && !isEnded()) {
                layers.deadlines.enter(this);
            }
            if (isEnded()) {
                cancelStage(); // ended by another thread that did not see the stage yet; of one that is complete it
                // does nothing
            }
        }

        private void completed(@Nullable T value, @Nullable Throwable failure) {
            if (!end()) {
                return;
            }
            long nanos = layers.time.nanos() - begin;
            if (failure == null) {
                layers.succeeded(held, nanos, value);
                if (context != null) {
                    context.onComplete();
                }
                @SuppressWarnings("NullAway") // null only where T says so
                T given = value;
                result.complete(given);
            } else {
                Throwable cause = Guard.unwrapped(failure);
                layers.failed(held, nanos, cause);
                failed(cause);
            }
        }

        @Override
        void expire() {
            if (end()) {
                GuardTimeoutException failure = layers.timedOut(held, layers.time.nanos() - begin);
                if (layers.limiter == null
                        || layers.limiter.getTimeLimiterConfig().shouldCancelRunningFuture()) {
                    cancelStage();
                }
                failed(failure);
            }
        }

        private void abandon() {
            if (end()) {
                layers.abandoned(held);
                cancelStage();
            }
        }

        private boolean end() {
            return ended.compareAndSet(false, true);
        }

        @Override
        boolean isEnded() {
            return ended.get();
        }

        private void cancelStage() {
            CompletionStage<T> known = stage;
            if (known instanceof CompletableFuture<T> future) { // others cannot be cancelled
                future.cancel(true);
            }
        }
    }
}
