package dev.handover.guard;

import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.timelimiter.TimeLimiter;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Stands before calls to something that may fail, hang or be slow, and keeps that from spreading:
 *
 * <pre>{@code
 * Guard inventory = Guard.named("inventory").bulkhead(32).timeLimit(Duration.ofSeconds(1)).retry(3).build();
 * int stock = inventory.idempotent().call(() -> client.stock(item));
 * }</pre>
 *
 * <p>The layers, from the outside, and why in this order: <b>retry</b> (each attempt asks the others anew, and waits between attempts without holding anything), <b>circuit breaker</b> (refuses before anything is taken; it sees every
 * attempt), <b>bulkhead</b> (a permit is held for one attempt only), <b>time limit</b> (what is given up gives its permit back at that moment, and counts as a failure with the breaker). A permit that the bulkhead refuses is no failure with the breaker.
 *
 * <p>A refusal is a {@link GuardRefusedException}: the call was surely not made. A {@link GuardTimeoutException} says that it was given up. What the call itself throws comes through as it is.
 *
 * <p>A guard has no threads. Calls run on the caller's thread, on the given executor, or where their stage completes; time-outs and further attempts of stages begin on the JDK's common pool. For any number of threads.
 */
public final class Guard {
    private final Layers layers;
    private final GuardRegistry registry;
    private final boolean idempotent;
    private final boolean control;

    Guard(Layers layers, GuardRegistry registry, boolean idempotent, boolean control) {
        this.layers = layers;
        this.registry = registry;
        this.idempotent = idempotent;
        this.control = control;
    }

    /** Begins one with safe defaults: see {@link GuardBuilder}. */
    public static GuardBuilder named(String name) {
        return new GuardBuilder(name);
    }

    /** Its name. */
    public String name() {
        return layers.name;
    }

    /** The same guard for calls that do no harm when they are made twice: only these are retried after whatever failure. Others only if the failure says that they were surely not carried out. */
    public Guard idempotent() {
        return idempotent ? this : new Guard(layers, registry, true, control);
    }

    /** The same guard for control traffic: when the bulkhead is full it takes from a reserve that other calls cannot use, so that one can still look, switch and stop under overload. */
    public Guard control() {
        return control ? this : new Guard(layers, registry, idempotent, true);
    }

    /**
     * Makes the call on this thread. It cannot be ended from outside (an interrupt would close the file channels and connections that it is using), so the time limit does not cut it short: a call that takes longer counts as slow with the breaker. For
     * a bound that holds use {@link #submit} or {@link #stage}.
     *
     * @throws GuardRefusedException it was not made
     * @throws Exception what the call throws. If the thread is interrupted between two attempts, the last attempt's failure, with the interrupt left for the caller
     */
    public <T extends @Nullable Object> T call(Callable<? extends T> call) throws Exception {
        if (layers.retry == null) {
            return once(call);
        }
        layers.retries.called();
        Retry.AsyncContext<T> context = layers.retry.asyncContext();
        int attempt = 1;
        while (true) {
            try {
                T result = once(call);
                context.onComplete();
                return result;
            } catch (Exception e) {
                long wait = layers.retryIn(context, e, attempt++, idempotent);
                if (wait < 0 || !slept(wait)) {
                    throw e;
                }
            }
        }
    }

    private <T extends @Nullable Object> T once(Callable<? extends T> call) throws Exception {
        Bulkhead held = layers.enter(control);
        long begin = layers.time.nanos();
        T result;
        try {
            result = call.call();
        } catch (InterruptedException e) {
            layers.abandoned(held);
            throw e;
        } catch (Throwable e) {
            layers.failed(held, layers.time.nanos() - begin, e);
            throw e;
        }
        layers.succeeded(held, layers.time.nanos() - begin, result);
        return result;
    }

    private boolean slept(long nanos) {
        try {
            layers.time.sleep(nanos);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** As {@link #call}, for what throws nothing checked. */
    public <T extends @Nullable Object> T get(Supplier<? extends T> call) {
        try {
            return this.<T>call(call::get);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("a supplier threw something checked", e);
        }
    }

    /** As {@link #call}, for what has no result. */
    public void run(Runnable call) {
        this.<@Nullable Object>get(() -> {
            call.run();
            return null;
        });
    }

    /**
     * Makes a call that answers later. Never blocks. When the time limit is over, or the result is cancelled, the permit is given back at once and the stage of the call is cancelled, if it can be.
     *
     * @return completes with what the call's stage completes with, on the thread that completes it; or with a {@link GuardRefusedException} or {@link GuardTimeoutException}
     */
    public <T extends @Nullable Object> CompletableFuture<T> stage(Supplier<? extends CompletionStage<T>> call) {
        return new AsyncCall<>(layers, idempotent, control, call).start();
    }

    /**
     * Makes the call on a thread of the executor. When the time limit is over, or the result is cancelled, the permit is given back at once and the executor's thread is interrupted.
     *
     * @return as {@link #stage}; a {@link GuardFullException} also where the executor takes no more
     */
    public <T extends @Nullable Object> CompletableFuture<T> submit(
            ExecutorService executor, Callable<? extends T> call) {
        return stage(() -> {
            Running<T> running = new Running<>();
            try {
                running.task = executor.submit(() -> {
                    try {
                        running.complete(call.call());
                    } catch (Throwable e) {
                        running.completeExceptionally(e);
                        if (e instanceof Error) {
                            throw e; // the executor's thread should know
                        }
                    }
                    return null;
                });
            } catch (RejectedExecutionException e) {
                throw new GuardFullException(layers.name, layers.turnover(), e);
            }
            return running;
        });
    }

    /** A call on an executor; cancelling it interrupts. */
    private static final class Running<T extends @Nullable Object> extends CompletableFuture<T> {
        private volatile @Nullable Future<?> task;

        @Override
        public boolean cancel(boolean mayInterrupt) {
            Future<?> known = task;
            if (known != null) {
                known.cancel(mayInterrupt);
            }
            return super.cancel(mayInterrupt);
        }
    }

    /** What a failed stage failed with. */
    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    /** Resilience4j's circuit breaker of this guard, for its events, metrics, and to force it open or closed by hand. */
    public Optional<CircuitBreaker> circuitBreaker() {
        return Optional.ofNullable(layers.breaker);
    }

    /** Resilience4j's bulkhead of this guard. */
    public Optional<Bulkhead> bulkhead() {
        return Optional.ofNullable(layers.bulkhead);
    }

    /** Resilience4j's bulkhead for what of {@link #control} finds the other one full. */
    public Optional<Bulkhead> reserve() {
        return Optional.ofNullable(layers.reserve);
    }

    /** Resilience4j's time limiter of this guard. */
    public Optional<TimeLimiter> timeLimiter() {
        return Optional.ofNullable(layers.limiter);
    }

    /** Resilience4j's retry of this guard. */
    public Optional<Retry> retry() {
        return Optional.ofNullable(layers.retry);
    }

    /** Where it is registered. */
    public GuardRegistry registry() {
        return registry;
    }

    /** What there is to see of it, as it is now; for whoever shows it. Any thread. */
    public GuardStatus status() {
        return layers.status();
    }

    /** How many retries there were none of because the budget was spent. */
    public long retriesRefused() {
        return layers.unaffordable.sum();
    }

    Layers layers() {
        return layers;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Guard that
                && that.layers == layers
                && that.idempotent == idempotent
                && that.control == control;
    }

    @Override
    public int hashCode() {
        return Objects.hash(layers, idempotent, control);
    }

    @Override
    public String toString() {
        return "Guard[" + layers.name + (layers.breaker == null ? "" : ", " + layers.breaker.getState()) + "]";
    }
}
