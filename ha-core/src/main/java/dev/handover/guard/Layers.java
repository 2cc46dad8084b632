package dev.handover.guard;

import dev.handover.HandoverException;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.timelimiter.TimeLimiter;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The layers of one guard, and the way of one attempt through them: {@link #enter}, and then exactly one of {@link #succeeded}, {@link #failed}, {@link #timedOut} and {@link #abandoned}. */
final class Layers {
    private static final long SOONEST_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long LATEST_NANOS = TimeUnit.SECONDS.toNanos(1);

    final String name;
    final Time time;
    final @Nullable CircuitBreaker breaker;
    final @Nullable Bulkhead bulkhead;
    final @Nullable Bulkhead reserve;
    final @Nullable TimeLimiter limiter;
    final @Nullable Deadlines deadlines;
    final @Nullable Retry retry;
    final Budget retries = new Budget(GuardBuilder.RETRY_PERCENT);
    final LongAdder unaffordable = new LongAdder();
    private final LongAdder full = new LongAdder();
    private final @Nullable AdaptiveBulkhead adaptive;
    private final OpenUntil openUntil;
    private volatile long meanNanos;

    /** When a breaker that is open lets calls through again, as it has told when it opened. */
    static final class OpenUntil {
        volatile long nanos;
    }

    Layers(
            String name,
            Time time,
            @Nullable CircuitBreaker breaker,
            OpenUntil openUntil,
            @Nullable Bulkhead bulkhead,
            @Nullable Bulkhead reserve,
            @Nullable TimeLimiter limiter,
            @Nullable Retry retry) {
        this.name = name;
        this.time = time;
        this.breaker = breaker;
        this.openUntil = openUntil;
        this.bulkhead = bulkhead;
        this.reserve = reserve;
        this.limiter = limiter;
        this.retry = retry;
        adaptive = bulkhead instanceof AdaptiveBulkhead found ? found : null;
        deadlines = limiter == null
                ? null
                : new Deadlines(
                        time,
                        limiter.getTimeLimiterConfig().getTimeoutDuration().toNanos());
    }

    /** Takes what an attempt holds: the bulkhead that has given a permit, if any. */
    @Nullable
    Bulkhead enter(boolean control) {
        if (breaker != null && !breaker.tryAcquirePermission()) {
            throw new GuardOpenException(name, breaker.getState().toString(), closedAgainIn(breaker));
        }
        if (bulkhead == null || bulkhead.tryAcquirePermission()) {
            return bulkhead;
        }
        if (control && reserve != null && reserve.tryAcquirePermission()) {
            return reserve;
        }
        if (breaker != null) {
            breaker.releasePermission(); // that we are busy says nothing about the other side
        }
        full.increment();
        throw new GuardFullException(name, bulkhead.getMetrics().getMaxAllowedConcurrentCalls(), turnover());
    }

    void succeeded(@Nullable Bulkhead held, long nanos, @Nullable Object result) {
        leave(held, nanos);
        long mean = meanNanos;
        meanNanos = mean + (nanos - mean) / 16; // an estimate: updates that are lost do no harm
        if (breaker != null) {
            breaker.onResult(nanos, TimeUnit.NANOSECONDS, result);
        }
        if (limiter != null) {
            limiter.onSuccess();
        }
    }

    void failed(@Nullable Bulkhead held, long nanos, Throwable failure) {
        leave(held, -1);
        if (breaker != null) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, failure);
        }
        if (limiter != null) {
            limiter.onError(failure);
        }
    }

    GuardTimeoutException timedOut(@Nullable Bulkhead held, long nanos) {
        leave(held, nanos);
        GuardTimeoutException failure = new GuardTimeoutException(name, limit());
        if (breaker != null) {
            breaker.onError(nanos, TimeUnit.NANOSECONDS, failure);
        }
        if (limiter != null) {
            limiter.onError(new TimeoutException(failure.getMessage()));
        }
        return failure;
    }

    /** The caller does not want it any more, or it was not begun: nothing was learned. */
    void abandoned(@Nullable Bulkhead held) {
        leave(held, -1);
        if (breaker != null) {
            breaker.releasePermission();
        }
    }

    private void leave(@Nullable Bulkhead held, long sampleNanos) {
        if (held != null) {
            held.onComplete();
            if (adaptive != null && held == adaptive && sampleNanos >= 0) {
                adaptive.sample(sampleNanos);
            }
        }
    }

    /**
     * Whether an attempt that has failed is made again, and when.
     *
     * @return nanoseconds to wait; negative: no
     */
    long retryIn(Retry.AsyncContext<?> context, Throwable failure, int attempt, boolean idempotent) {
        Retry known = retry;
        if (known == null || !mayRetry(failure, idempotent)) {
            return -1;
        }
        if (attempt < known.getRetryConfig().getMaxAttempts() && !retries.spend()) {
            unaffordable.increment();
            return -1;
        }
        long millis = context.onError(failure);
        return millis < 0 ? -1 : TimeUnit.MILLISECONDS.toNanos(millis);
    }

    /** What a guard has refused is not asked again; what is not idempotent only if it was surely not carried out: the failure says so, or there was no connection. */
    static boolean mayRetry(Throwable failure, boolean idempotent) {
        if (failure instanceof GuardRefusedException
                || failure instanceof InterruptedException
                || !(failure instanceof Exception)) {
            return false;
        }
        if (failure instanceof HandoverException known) {
            return known.retry() == HandoverException.Retry.SAFE
                    || (idempotent && known.retry() == HandoverException.Retry.MAY_APPLY_TWICE);
        }
        return idempotent || failure instanceof ConnectException || failure instanceof UnknownHostException;
    }

    GuardStatus status() {
        int permits = bulkhead == null ? 0 : bulkhead.getMetrics().getMaxAllowedConcurrentCalls();
        int inUse = bulkhead == null
                ? 0
                : adaptive != null
                        ? adaptive.inFlight()
                        : permits - bulkhead.getMetrics().getAvailableConcurrentCalls();
        CircuitBreaker.State state = breaker == null ? null : breaker.getState();
        return new GuardStatus(
                name,
                state == null ? "none" : state.name().toLowerCase(Locale.ROOT).replace('_', ' '),
                state == CircuitBreaker.State.OPEN
                        ? Duration.ofNanos(Math.max(0, openUntil.nanos - time.nanos()))
                        : Duration.ZERO,
                inUse,
                permits,
                breaker == null ? 0 : breaker.getMetrics().getNumberOfNotPermittedCalls(),
                full.sum(),
                retries.left(),
                unaffordable.sum());
    }

    Duration limit() {
        return limiter == null ? Duration.ZERO : limiter.getTimeLimiterConfig().getTimeoutDuration();
    }

    /** After about the time of a call, the permits of now have come back. */
    Duration turnover() {
        return Duration.ofNanos(Math.max(SOONEST_NANOS, Math.min(LATEST_NANOS, meanNanos)));
    }

    private Duration closedAgainIn(CircuitBreaker known) {
        if (known.getState() == CircuitBreaker.State.OPEN) {
            return Duration.ofNanos(Math.max(SOONEST_NANOS, openUntil.nanos - time.nanos()));
        }
        return turnover(); // its probes are under way
    }
}
