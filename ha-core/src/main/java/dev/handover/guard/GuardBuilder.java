package dev.handover.guard;

import dev.handover.FencedException;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.bulkhead.BulkheadConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import io.github.resilience4j.timelimiter.TimeLimiter;
import io.github.resilience4j.timelimiter.TimeLimiterConfig;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Builds a {@link Guard}. Without any setting: a breaker, a bulkhead that finds its limit, two seconds, and no retries.
 */
public final class GuardBuilder {
    /** Retries in a hundred calls. */
    static final int RETRY_PERCENT = 10;

    private static final Duration LONGEST = Duration.ofDays(1);

    private final String name;
    private Time time = Time.SYSTEM;
    private @Nullable GuardRegistry registry;
    private boolean breaking = true;
    private Consumer<CircuitBreakerConfig.Builder> breaker = settings -> {};
    private boolean bulkheaded = true;
    private int fixedLimit;
    private AdaptiveLimit adaptiveLimit = AdaptiveLimit.DEFAULTS;
    private int reserve = 2;
    private @Nullable Duration timeLimit = Duration.ofSeconds(2);
    private boolean interrupting = true;
    private @Nullable Consumer<RetryConfig.Builder<Object>> retry;

    GuardBuilder(String name) {
        if (name.isBlank() || name.length() > 64) {
            throw new IllegalArgumentException(
                    "guard name '" + name + "' is blank or longer than 64; name what is called");
        }
        this.name = name;
    }

    /**
     * Changes the breaker's settings, which are Resilience4j's. Default: of the last 50 calls, once there were 10, half failed or 80 of 100 took longer than the time limit: open for 1 s, twice as long each time up to 30 s, then 3 probes. All exceptions are
     * failures, but refusals of inner guards and {@link FencedException}: those are answers. The clock is the guard's, whatever is set.
     */
    public GuardBuilder circuitBreaker(Consumer<CircuitBreakerConfig.Builder> settings) {
        breaking = true;
        breaker = settings;
        return this;
    }

    /** As {@link #circuitBreaker(Consumer)}, with the usual settings. */
    public GuardBuilder circuitBreaker(BreakerSettings settings) {
        return circuitBreaker(settings::applyTo);
    }

    /** Without a breaker: where a refusal is worse than another failure. */
    public GuardBuilder withoutCircuitBreaker() {
        breaking = false;
        return this;
    }

    /** At most so many calls at the same time, 1 or more. Nobody queues: a further one is refused at once. Too big, and a slow other side takes all threads; too small, and calls are refused though there is room. */
    public GuardBuilder bulkhead(int concurrentCalls) {
        if (concurrentCalls < 1) {
            throw new IllegalArgumentException(
                    "bulkhead of " + concurrentCalls + " calls lets nothing through; use 1 or more");
        }
        bulkheaded = true;
        fixedLimit = concurrentCalls;
        return this;
    }

    /** A limit of concurrent calls that finds itself. Default, with {@link AdaptiveLimit#DEFAULTS}. */
    public GuardBuilder bulkhead(AdaptiveLimit limit) {
        bulkheaded = true;
        fixedLimit = 0;
        adaptiveLimit = limit;
        return this;
    }

    /** Any number of calls at the same time. */
    public GuardBuilder withoutBulkhead() {
        bulkheaded = false;
        return this;
    }

    /** How many calls of {@link Guard#control} find a place when the bulkhead is full. Default 2; 0 for none. */
    public GuardBuilder controlReserve(int concurrentCalls) {
        if (concurrentCalls < 0) {
            throw new IllegalArgumentException("reserve of " + concurrentCalls + " calls; use 0 or more");
        }
        reserve = concurrentCalls;
        return this;
    }

    /** After how long a call is given up. Default 2 s. Too short, and slow answers are thrown away and asked for again; too long, and permits are held by calls that nobody waits for. */
    public GuardBuilder timeLimit(Duration limit) {
        if (limit.isNegative() || limit.isZero() || limit.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("time limit " + limit + " is not above 0 and at most a day");
        }
        timeLimit = limit;
        return this;
    }

    /** No time limit: whoever is called answers or fails in a bounded time by itself. */
    public GuardBuilder withoutTimeLimit() {
        timeLimit = null;
        return this;
    }

    /** When a call is given up its future is left alone, and a thread of an executor is not interrupted: it goes on without a permit. Default: cancelled, interrupted. */
    public GuardBuilder withoutInterrupts() {
        interrupting = false;
        return this;
    }

    /** So many attempts, the first included; 2 to 10. Between them 50 ms and twice as long each time up to 2 s, half of it by chance. Default: no retries. */
    public GuardBuilder retry(int attempts) {
        return retry(RetrySettings.attempts(attempts));
    }

    /** As {@link #retry(int)}, with waits. */
    public GuardBuilder retry(RetrySettings settings) {
        return retry(settings::applyTo);
    }

    /** Retries with settings of Resilience4j: attempts, intervals, which exceptions. Whether a call may be retried at all ({@link Guard#idempotent}), and the budget of one in ten calls, stay. */
    public GuardBuilder retry(Consumer<RetryConfig.Builder<Object>> settings) {
        retry = settings;
        return this;
    }

    /** Registers it there, for metrics and to be found by its name. Default: a registry of its own. */
    public GuardBuilder in(GuardRegistry registry) {
        this.registry = registry;
        return this;
    }

    GuardBuilder time(Time time) {
        this.time = time;
        return this;
    }

    /** Checks, builds and registers. A name can be taken once in a registry. */
    public Guard build() {
        GuardRegistry target = registry == null ? GuardRegistry.create() : registry;
        return target.register(name, () -> new Guard(layers(target), target, false, false));
    }

    private Layers layers(GuardRegistry target) {
        Layers.OpenUntil openUntil = new Layers.OpenUntil();
        CircuitBreaker newBreaker = breaking ? target.circuitBreakers().circuitBreaker(name, breaker(openUntil)) : null;
        Bulkhead newReserve = bulkheaded && reserve > 0
                ? target.bulkheads().bulkhead(name + GuardRegistry.CONTROL, fixed(reserve))
                : null;
        TimeLimiter newLimiter = timeLimit == null
                ? null
                : target.timeLimiters()
                        .timeLimiter(
                                name,
                                TimeLimiterConfig.custom()
                                        .timeoutDuration(timeLimit)
                                        .cancelRunningFuture(interrupting)
                                        .build());
        Retry newRetry = retry == null ? null : target.retries().retry(name, retryConfig(retry));
        return new Layers(
                name,
                time,
                newBreaker,
                openUntil,
                bulkheaded ? bulkhead(target) : null,
                newReserve,
                newLimiter,
                newRetry);
    }

    private CircuitBreakerConfig breaker(Layers.OpenUntil openUntil) {
        CircuitBreakerConfig.Builder settings = CircuitBreakerConfig.custom()
                .slowCallDurationThreshold(timeLimit == null ? Duration.ofSeconds(60) : timeLimit)
                .ignoreExceptions(GuardRefusedException.class, FencedException.class);
        BreakerSettings.DEFAULTS.applyTo(settings);
        IntervalFunction untouched = settings.build().getWaitIntervalFunctionInOpenState();
        breaker.accept(settings);
        CircuitBreakerConfig chosen = settings.build();
        IntervalFunction wait = chosen.getWaitIntervalFunctionInOpenState() == untouched // it may be set once only
                ? IntervalFunction.ofExponentialBackoff(Duration.ofSeconds(1), 2, Duration.ofSeconds(30))
                : chosen.getWaitIntervalFunctionInOpenState();
        return CircuitBreakerConfig.from(chosen)
                .clock(time.clock())
                .currentTimestampFunction(clock -> time.nanos(), TimeUnit.NANOSECONDS)
                .waitIntervalFunctionInOpenState(opened -> {
                    long millis = wait.apply(opened);
                    openUntil.nanos = time.nanos() + TimeUnit.MILLISECONDS.toNanos(millis);
                    return millis;
                })
                .build();
    }

    private Bulkhead bulkhead(GuardRegistry target) {
        if (fixedLimit > 0) {
            return target.bulkheads().bulkhead(name, fixed(fixedLimit));
        }
        Bulkhead adaptive = new AdaptiveBulkhead(name, adaptiveLimit, time);
        target.bulkheads().bulkhead(name, fixed(adaptiveLimit.initial())); // the registry takes others only in exchange
        target.bulkheads().replace(name, adaptive);
        return adaptive;
    }

    private static BulkheadConfig fixed(int concurrentCalls) {
        return BulkheadConfig.custom()
                .maxConcurrentCalls(concurrentCalls)
                .maxWaitDuration(Duration.ZERO)
                .build();
    }

    private static RetryConfig retryConfig(Consumer<RetryConfig.Builder<Object>> chosen) {
        RetryConfig.Builder<Object> settings = RetryConfig.custom();
        RetrySettings.attempts(3).applyTo(settings);
        chosen.accept(settings);
        return settings.build();
    }
}
