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
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
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

/**
 * What a guard costs beside the same layers of Resilience4j put together by hand, in the same order and with the same settings, around a call that does nothing. By hand a stage takes a timer of its own for each call, and a benchmark of that measures how fast the timer's
 * thread is woken; so there is beside it a chain whose timer never rings and costs nothing, which is less than anybody can have.
 */
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
    private final FreeTimer freeTimer = new FreeTimer();

    /** Schedules nothing. */
    private static final class FreeTimer extends ScheduledThreadPoolExecutor {
        private final ScheduledFuture<?> cancelled;

        FreeTimer() {
            super(1);
            cancelled = super.schedule(() -> {}, 1, TimeUnit.DAYS);
            cancelled.cancel(false);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
            return cancelled;
        }
    }

    /** Without this each call by hand would leave a time-out in the queue, until its two seconds are over. */
    @Setup
    public void forgetCancelledTimeouts() {
        timer.setRemoveOnCancelPolicy(true);
    }

    /** Ends the timer of Resilience4j's time limiter and retries. */
    @TearDown
    public void endTimer() {
        timer.shutdownNow();
        freeTimer.shutdownNow();
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

    private CompletionStage<Integer> bare(ScheduledExecutorService rings, Supplier<CompletionStage<Integer>> call) {
        Supplier<CompletionStage<Integer>> inner =
                Bulkhead.decorateCompletionStage(bulkhead, () -> limiter.executeCompletionStage(rings, call));
        return Retry.decorateCompletionStage(retry, rings, CircuitBreaker.decorateCompletionStage(breaker, inner))
                .get();
    }

    /** By hand, of a stage that is complete: retry, breaker, bulkhead, time limiter. */
    @Benchmark
    public Object bareStage() {
        return bare(freeTimer, stage);
    }

    /** The same with a real timer. */
    @Benchmark
    public Object bareStageAndTimer() {
        return bare(timer, stage);
    }

    /** A guard. */
    @Benchmark
    public Object guardedStage() {
        return fixed.stage(stage);
    }

    /** By hand, of a stage that completes a moment later. */
    @Benchmark
    public Object bareLater() {
        CompletableFuture<Integer> answer = new CompletableFuture<>();
        CompletionStage<Integer> result = bare(freeTimer, () -> answer);
        answer.complete(1);
        return result;
    }

    /** A guard, which has to remember when that stage's time is over. */
    @Benchmark
    public Object guardedLater() {
        CompletableFuture<Integer> answer = new CompletableFuture<>();
        CompletionStage<Integer> result = fixed.stage(() -> answer);
        answer.complete(1);
        return result;
    }
}
