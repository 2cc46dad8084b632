package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Calls that answer later. */
@Timeout(20)
class AsyncGuardTest {
    private final ManualTime time = new ManualTime();

    private Guard guard(UnaryOperator<GuardBuilder> settings) {
        return settings.apply(Guard.named("inventory").time(time).bulkhead(2).timeLimit(Duration.ofSeconds(1)))
                .build();
    }

    private static int available(Guard guard) {
        return guard.bulkhead().orElseThrow().getMetrics().getAvailableConcurrentCalls();
    }

    private static Throwable failureOf(CompletableFuture<?> result) {
        assertThat(result).isCompletedExceptionally();
        return result.handle((value, failure) -> Guard.unwrapped(failure)).join();
    }

    @Test
    void shouldHoldAPermitUntilTheStageCompletes() {
        Guard guard = guard(g -> g);
        CompletableFuture<String> answer = new CompletableFuture<>();
        CompletableFuture<String> result = guard.stage(() -> answer);
        assertThat(available(guard)).isEqualTo(1);
        answer.complete("tea");
        assertThat(result).isCompletedWithValue("tea");
        assertThat(available(guard)).isEqualTo(2);
        time.advance(Duration.ofSeconds(5));
        assertThat(time.waiting()).isZero();
    }

    @Test
    void shouldFreeThePermitOfWhatTakesTooLongAndCountItAsFailure() {
        Guard guard = guard(g -> g);
        CompletableFuture<String> answer = new CompletableFuture<>();
        CompletableFuture<String> result = guard.stage(() -> answer);
        time.advance(Duration.ofMillis(999));
        assertThat(result).isNotDone();
        time.advance(Duration.ofMillis(1));
        assertThat(failureOf(result)).isInstanceOfSatisfying(GuardTimeoutException.class, failure -> {
            assertThat(failure.guard()).isEqualTo("inventory");
            assertThat(failure.limit()).isEqualTo(Duration.ofSeconds(1));
        });
        assertThat(available(guard)).isEqualTo(2);
        assertThat(answer).isCancelled();
        assertThat(guard.circuitBreaker().orElseThrow().getMetrics().getNumberOfFailedCalls())
                .isEqualTo(1);
        assertThat(time.waiting()).isZero();
    }

    @Test
    void shouldFreeThePermitOfWhatNobodyWaitsForAndBlameNobody() {
        Guard guard = guard(g -> g);
        CompletableFuture<String> answer = new CompletableFuture<>();
        CompletableFuture<String> result = guard.stage(() -> answer);
        result.cancel(true);
        assertThat(available(guard)).isEqualTo(2);
        assertThat(answer).isCancelled();
        assertThat(guard.circuitBreaker().orElseThrow().getMetrics().getNumberOfBufferedCalls())
                .isZero();
    }

    @Test
    void shouldFreeThePermitOfAProbeThatWasCancelled() {
        Guard guard = guard(g -> g.bulkhead(10));
        guard.circuitBreaker().orElseThrow().transitionToOpenState();
        time.advance(Duration.ofSeconds(2));
        for (int i = 0; i < 20; i++) { // three at a time, if they did not give back what they took
            CompletableFuture<String> result = guard.stage(CompletableFuture::new);
            assertThat(result).isNotDone();
            result.cancel(false);
        }
    }

    @Test
    void shouldRefuseWithoutCalling() {
        Guard guard = guard(g -> g);
        guard.stage(CompletableFuture::new);
        guard.stage(CompletableFuture::new);
        AtomicInteger calls = new AtomicInteger();
        CompletableFuture<Integer> third =
                guard.stage(() -> CompletableFuture.completedFuture(calls.incrementAndGet()));
        assertThat(failureOf(third)).isInstanceOf(GuardFullException.class);
        assertThat(calls).hasValue(0);
    }

    @Test
    void shouldFailWithWhatTheSupplierThrows() {
        Guard guard = guard(g -> g);
        CompletableFuture<String> result = guard.stage(() -> {
            throw new IllegalStateException("no connection");
        });
        assertThat(failureOf(result)).hasMessage("no connection");
        CompletableFuture<String> missing = guard.stage(() -> null);
        assertThat(failureOf(missing)).isInstanceOf(NullPointerException.class);
        CompletableFuture<String> wrapped =
                guard.stage(() -> CompletableFuture.failedFuture(new CompletionException(new IOException("down"))));
        assertThat(failureOf(wrapped)).isInstanceOf(IOException.class);
        assertThat(available(guard)).isEqualTo(2);
    }

    @Test
    void shouldRetryAfterWaitsThatHoldNothing() {
        Guard guard = guard(g -> g.retry(3)).idempotent();
        List<CompletableFuture<String>> answers = new ArrayList<>();
        CompletableFuture<String> result = guard.stage(() -> {
            answers.add(new CompletableFuture<>());
            return answers.get(answers.size() - 1);
        });
        answers.get(0).completeExceptionally(new IOException("down"));
        assertThat(available(guard)).isEqualTo(2);
        assertThat(answers).hasSize(1);
        time.advance(Duration.ofMillis(75));
        assertThat(answers).hasSize(2);
        time.advance(Duration.ofSeconds(1)); // the second one times out
        time.advance(Duration.ofMillis(150));
        assertThat(answers).hasSize(3);
        answers.get(2).complete("tea");
        assertThat(result).isCompletedWithValue("tea");
        assertThat(available(guard)).isEqualTo(2);
    }

    @Test
    void shouldNotTryAgainWhatWasCancelledWhileItWaited() {
        Guard guard = guard(g -> g.retry(3)).idempotent();
        AtomicInteger calls = new AtomicInteger();
        CompletableFuture<String> result = guard.stage(() -> {
            calls.incrementAndGet();
            return CompletableFuture.failedFuture(new IOException("down"));
        });
        result.cancel(true);
        time.advance(Duration.ofSeconds(10));
        assertThat(calls).hasValue(1);
        assertThat(available(guard)).isEqualTo(2);
    }

    @Test
    void shouldForgetWhatHasEndedBeforeItsTime() {
        Guard guard = guard(g -> g.bulkhead(10));
        for (int i = 0; i < 10_000; i++) {
            guard.stage(() -> CompletableFuture.completedFuture(1));
            CompletableFuture<Integer> answer = new CompletableFuture<>();
            guard.stage(() -> answer);
            answer.complete(1);
        }
        assertThat(guard.layers().deadlines.size()).isLessThanOrEqualTo(1);
        assertThat(time.waiting()).isEqualTo(1);
    }

    @Test
    void shouldInterruptTheExecutorsThreadWhenTheTimeIsOver() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try {
            Guard guard = Guard.named("inventory")
                    .bulkhead(1)
                    .timeLimit(Duration.ofMillis(50))
                    .build();
            CountDownLatch interrupted = new CountDownLatch(1);
            CompletableFuture<String> result = guard.submit(executor, () -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    interrupted.countDown();
                    throw e;
                }
                return "late";
            });
            assertThatThrownBy(() -> result.get(10, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(GuardTimeoutException.class);
            assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(available(guard)).isEqualTo(1);
            assertThat(guard.<String>submit(executor, () -> "tea").get(10, TimeUnit.SECONDS))
                    .isEqualTo("tea");
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void shouldCallItFullWhenTheExecutorTakesNoMore() {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new SynchronousQueue<>());
        try {
            Guard guard = guard(g -> g.bulkhead(10));
            CountDownLatch end = new CountDownLatch(1);
            CompletableFuture<String> first = guard.submit(executor, () -> {
                end.await();
                return "tea";
            });
            assertThat(failureOf(guard.submit(executor, () -> "second")))
                    .isInstanceOf(GuardFullException.class)
                    .hasMessageContaining("executor");
            assertThat(available(guard)).isEqualTo(9);
            end.countDown();
            assertThat(first.join()).isEqualTo("tea");
            assertThat(guard.circuitBreaker().orElseThrow().getMetrics().getNumberOfFailedCalls())
                    .isZero();
        } finally {
            executor.shutdownNow();
        }
    }
}
