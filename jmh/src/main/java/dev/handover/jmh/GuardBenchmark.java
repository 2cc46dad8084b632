package dev.handover.jmh;

import dev.handover.guard.Guard;
import io.github.resilience4j.bulkhead.Bulkhead;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.timelimiter.TimeLimiter;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What a guard costs beside the same layers of Resilience4j put together by hand, in the same order and with the same settings, around a call that does nothing. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class GuardBenchmark {
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private final Guard fixed =
            Guard.named("fixed").bulkhead(25).timeLimit(LIMIT).retry(3).build().idempotent();
    private final Guard adaptive =
            Guard.named("adaptive").timeLimit(LIMIT).retry(3).build().idempotent();
    private final CircuitBreaker breaker = CircuitBreaker.of(
            "bare",
            CircuitBreakerConfig.from(fixed.circuitBreaker().orElseThrow().getCircuitBreakerConfig())
                    .build());
    private final Bulkhead bulkhead =
            Bulkhead.of("bare", fixed.bulkhead().orElseThrow().getBulkheadConfig());
    private final Retry retry = Retry.of("bare", fixed.retry().orElseThrow().getRetryConfig());
    private final TimeLimiter limiter =
            TimeLimiter.of("bare", fixed.timeLimiter().orElseThrow().getTimeLimiterConfig());
    private final Callable<Integer> call = () -> 1;
    private final Supplier<CompletionStage<Integer>> stage = () -> CompletableFuture.completedFuture(1);
    private final ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1);

    /** Without this each call by hand would leave a time-out in the queue, until its two seconds are over. */
    @Setup
    public void forgetCancelledTimeouts() {
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Ends the timer of Resilience4j's time limiter and retries. */
    @TearDown
    public void endTimer() {
        timer.shutdownNow();
    }

    /** By hand, on the caller's thread: retry, breaker, bulkhead. */
    @Benchmark
    public int bareCall() throws Exception {
        return Retry.decorateCallable(
                        retry, CircuitBreaker.decorateCallable(breaker, Bulkhead.decorateCallable(bulkhead, call)))
                .call();
    }

    /** A guard with a fixed bulkhead. */
    @Benchmark
    public int guardedCall() throws Exception {
        return fixed.call(call);
    }

    /** A guard whose limit finds itself. */
    @Benchmark
    public int guardedCallAdaptive() throws Exception {
        return adaptive.call(call);
    }

    /** By hand, of a stage: retry, breaker, bulkhead, time limiter. */
    @Benchmark
    public Object bareStage() {
        Supplier<CompletionStage<Integer>> inner =
                Bulkhead.decorateCompletionStage(bulkhead, () -> limiter.executeCompletionStage(timer, stage));
        return Retry.decorateCompletionStage(retry, timer, CircuitBreaker.decorateCompletionStage(breaker, inner))
                .get();
    }

    /** A guard. */
    @Benchmark
    public Object guardedStage() {
        return fixed.stage(stage);
    }
}
