package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.handover.FencedException;
import dev.handover.HandoverException;
import dev.handover.NotLeaderException;
import dev.handover.OutcomeUnknownException;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Calls on the caller's own thread. */
class GuardTest {
    private final ManualTime time = new ManualTime();

    private Guard guard(UnaryOperator<GuardBuilder> settings) {
        return settings.apply(Guard.named("inventory").time(time)).build();
    }

    private static int available(Guard guard) {
        return guard.bulkhead().orElseThrow().getMetrics().getAvailableConcurrentCalls();
    }

    private static void fail(Guard guard, int times) {
        for (int i = 0; i < times; i++) {
            assertThatThrownBy(() -> guard.call(() -> {
                        throw new IOException("down");
                    }))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void shouldGiveResultAndFailureAsTheyAre() throws Exception {
        Guard guard = guard(g -> g.bulkhead(3));
        assertThat(guard.<String>call(() -> "tea")).isEqualTo("tea");
        assertThat(guard.<String>get(() -> null)).isNull();
        fail(guard, 1);
        assertThatThrownBy(() -> guard.run(() -> {
                    throw new IllegalStateException("x");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> guard.call(() -> {
                    throw new InterruptedException();
                }))
                .isInstanceOf(InterruptedException.class);
        assertThatThrownBy(() -> guard.get(() -> {
                    throw new StackOverflowError();
                }))
                .isInstanceOf(StackOverflowError.class);
        assertThat(available(guard)).isEqualTo(3);
    }

    @Test
    void shouldSayWhichGuardIsOpenAndWhenToComeBack() throws Exception {
        Guard guard = guard(g -> g);
        fail(guard, 10);

        GuardOpenException refusal = catchThrowableOfType(GuardOpenException.class, () -> guard.call(() -> 1));
        assertThat(refusal.guard()).isEqualTo("inventory");
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(1));
        assertThat(refusal.retry()).isEqualTo(HandoverException.Retry.SAFE);
        assertThat(refusal).hasMessageContaining("inventory").hasMessageContaining("1000 ms");

        time.advance(Duration.ofMillis(600));
        refusal = catchThrowableOfType(GuardOpenException.class, () -> guard.call(() -> 1));
        assertThat(refusal.retryAfter()).isEqualTo(Duration.ofMillis(400));

        time.advance(Duration.ofMillis(401));
        for (int i = 0; i < 3; i++) {
            assertThat(guard.<Integer>call(() -> 1)).isEqualTo(1);
        }
        assertThat(guard.circuitBreaker().orElseThrow().getState()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void shouldStayOpenLongerEachTimeThatItsProbesFail() {
        Guard guard = guard(g -> g);
        fail(guard, 10);
        for (long seconds : new long[] {2, 4, 8, 16, 30, 30}) {
            time.advance(Duration.ofSeconds(31));
            fail(guard, 3);
            assertThat(catchThrowableOfType(GuardOpenException.class, () -> guard.call(() -> 1))
                            .retryAfter())
                    .isEqualTo(Duration.ofSeconds(seconds));
        }
    }

    @Test
    void shouldOpenForSlowCalls() throws Exception {
        Guard guard = guard(g -> g.timeLimit(Duration.ofMillis(100)));
        for (int i = 0; i < 10; i++) {
            guard.run(() -> time.advance(Duration.ofMillis(150)));
        }
        assertThatThrownBy(() -> guard.call(() -> 1)).isInstanceOf(GuardOpenException.class);
    }

    @Test
    void shouldRefuseMoreCallsThanThereArePermitsAndNotBlameTheOtherSide() {
        Guard guard = guard(g -> g.bulkhead(1));
        AtomicInteger refused = new AtomicInteger();
        guard.run(() -> {
            for (int i = 0; i < 100; i++) {
                GuardFullException refusal = catchThrowableOfType(GuardFullException.class, () -> guard.call(() -> 1));
                assertThat(refusal.guard()).isEqualTo("inventory");
                assertThat(refusal.retryAfter()).isPositive();
                refused.incrementAndGet();
            }
        });
        assertThat(refused).hasValue(100);
        assertThat(guard.circuitBreaker().orElseThrow().getMetrics().getNumberOfFailedCalls())
                .isZero();
        assertThat(available(guard)).isEqualTo(1);
    }

    @Test
    void shouldKeepAReserveForControl() throws Exception {
        Guard guard = guard(g -> g.bulkhead(1).controlReserve(1));
        guard.run(() -> {
            assertThatThrownBy(() -> guard.call(() -> 1)).isInstanceOf(GuardFullException.class);
            guard.control().run(() -> {
                assertThatThrownBy(() -> guard.call(() -> 1)).isInstanceOf(GuardFullException.class);
                assertThatThrownBy(() -> guard.control().call(() -> 1)).isInstanceOf(GuardFullException.class);
            });
        });
        assertThat(available(guard)).isEqualTo(1);
        assertThat(guard.reserve().orElseThrow().getMetrics().getAvailableConcurrentCalls())
                .isEqualTo(1);
    }

    @Test
    void shouldRetryIdempotentCallsWithGrowingWaits() throws Exception {
        Guard guard = guard(g -> g.retry(4));
        AtomicInteger calls = new AtomicInteger();
        int result = guard.idempotent().call(() -> {
            if (calls.incrementAndGet() < 4) {
                throw new IOException("down");
            }
            return 7;
        });
        assertThat(result).isEqualTo(7);
        assertThat(calls).hasValue(4);
        assertThat(time.sleeps()).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(time.sleeps().get(i).toMillis()).isBetween(25L << i, 75L << i);
        }
        assertThat(guard.retry().orElseThrow().getMetrics().getNumberOfSuccessfulCallsWithRetryAttempt())
                .isEqualTo(1);
    }

    @Test
    void shouldRetryOthersOnlyWhenTheyWereSurelyNotCarriedOut() {
        Guard guard = guard(g -> g.withoutCircuitBreaker().retry(3));
        assertThat(attempts(guard, new IOException("down"))).isEqualTo(1);
        assertThat(attempts(guard, new OutcomeUnknownException("lost"))).isEqualTo(1);
        assertThat(attempts(guard, new NotLeaderException("not here"))).isEqualTo(3);
        assertThat(attempts(guard, new ConnectException("refused"))).isEqualTo(3);
        assertThat(attempts(guard.idempotent(), new InterruptedException())).isEqualTo(1);
        assertThat(attempts(guard.idempotent(), new OutcomeUnknownException("lost")))
                .isEqualTo(3);
        assertThat(attempts(guard.idempotent(), new FencedException("stop"))).isEqualTo(1);
        assertThat(attempts(guard.idempotent(), new GuardFullException("inner", 1, Duration.ofSeconds(1))))
                .isEqualTo(1);
    }

    private static int attempts(Guard guard, Exception failure) {
        AtomicInteger calls = new AtomicInteger();
        assertThatThrownBy(() -> guard.call(() -> {
                    calls.incrementAndGet();
                    throw failure;
                }))
                .isSameAs(failure);
        return calls.get();
    }

    @Test
    void shouldHoldNothingBetweenAttempts() {
        Guard guard = guard(g -> g.bulkhead(2).retry(3));
        List<Integer> free = new ArrayList<>();
        time.after(0, () -> free.add(available(guard))); // runs in the first wait
        assertThat(attempts(guard.idempotent(), new IOException("down"))).isEqualTo(3);
        assertThat(free).containsExactly(2);
    }

    @Test
    void shouldGiveUpRetriesWhenTheThreadIsInterruptedWhileItWaits() {
        Guard guard = Guard.named("inventory").retry(3).build();
        AtomicInteger calls = new AtomicInteger();
        assertThatThrownBy(() -> guard.idempotent().call(() -> {
                    calls.incrementAndGet();
                    Thread.currentThread().interrupt();
                    throw new IOException("down");
                }))
                .isInstanceOf(IOException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(calls).hasValue(1);
    }

    @Test
    void shouldLetTheBreakerSeeEveryAttemptAndEndTheRetriesWhenItOpens() {
        Guard guard = guard(g -> g.circuitBreaker(b -> b.minimumNumberOfCalls(2).slidingWindowSize(10))
                .retry(5));
        AtomicInteger calls = new AtomicInteger();
        assertThatThrownBy(() -> guard.idempotent().call(() -> {
                    calls.incrementAndGet();
                    throw new IOException("down");
                }))
                .isInstanceOf(GuardOpenException.class);
        assertThat(calls).hasValue(2);
    }

    @Test
    void shouldTakeAnswersForNoFailures() {
        Guard guard = guard(g -> g);
        for (int i = 0; i < 50; i++) {
            assertThatThrownBy(() -> guard.run(() -> {
                        throw new FencedException("a newer leader");
                    }))
                    .isInstanceOf(FencedException.class);
        }
        assertThat(guard.circuitBreaker().orElseThrow().getState()).isEqualTo(CircuitBreaker.State.CLOSED);
    }

    @Test
    void shouldTellWhatThereIsToSee() throws Exception {
        Guard guard = guard(g -> g.bulkhead(2).controlReserve(0));
        assertThat(guard.status()).isEqualTo(new GuardStatus("inventory", "closed", Duration.ZERO, 0, 2, 0, 0, 10, 0));
        guard.call(() -> guard.call(() -> {
            assertThat(guard.status().inUse()).isEqualTo(2);
            assertThatThrownBy(() -> guard.call(() -> 1)).isInstanceOf(GuardFullException.class);
            return 1;
        }));
        fail(guard, 8);
        time.advance(Duration.ofMillis(300));
        GuardStatus open = guard.status();
        assertThat(open.breaker()).isEqualTo("open");
        assertThat(open.openFor()).isEqualTo(Duration.ofMillis(700));
        assertThat(open.inUse()).isZero();
        assertThat(open.refusedFull()).isEqualTo(1);
        assertThatThrownBy(() -> guard.call(() -> 1)).isInstanceOf(GuardOpenException.class);
        assertThat(guard.status().refusedOpen()).isEqualTo(open.refusedOpen() + 1);
        Guard retrying = guard(g -> g.withoutCircuitBreaker().retry(2));
        fail(retrying.idempotent(), 12);
        assertThat(retrying.status().retriesLeft()).isLessThan(1);
        assertThat(retrying.status().retriesRefused()).isPositive();
        Guard bare = guard(g -> g.withoutBulkhead().withoutCircuitBreaker().withoutTimeLimit());
        assertThat(bare.status()).isEqualTo(new GuardStatus("inventory", "none", Duration.ZERO, 0, 0, 0, 0, 10, 0));
    }

    @Test
    void shouldNameAWrongSettingOfTheUsualOnes() {
        assertThatThrownBy(() -> new BreakerSettings(101, 80, null, 50, 10, 3, null))
                .hasMessage("failureRateThreshold 101.0 is no percentage; use above 0, up to 100");
        assertThatThrownBy(() -> new BreakerSettings(50, 80, Duration.ZERO, 50, 10, 3, null))
                .hasMessage("slowCallDurationThreshold PT0S is below a millisecond; use 1 ms or more");
        assertThatThrownBy(() -> new BreakerSettings(50, 80, null, 9, 10, 3, null))
                .hasMessageContaining("minimumNumberOfCalls 10 is above slidingWindowSize 9");
        assertThatThrownBy(() -> new RetrySettings(3, Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .hasMessage("maxWaitDuration PT1S is below waitDuration PT2S; raise it, or lower waitDuration");
    }

    @Test
    void shouldRunBareWithoutAnyLayer() throws Exception {
        Guard guard = guard(g -> g.withoutCircuitBreaker().withoutBulkhead().withoutTimeLimit());
        assertThat(guard.<Integer>call(() -> 1)).isEqualTo(1);
        assertThat(guard.stage(() -> CompletableFuture.completedFuture(2))).isCompletedWithValue(2);
        fail(guard, 100);
        assertThat(guard.circuitBreaker()).isEmpty();
        assertThat(guard.bulkhead()).isEmpty();
    }

    @Test
    void shouldNameAWrongSetting() {
        GuardRegistry registry = GuardRegistry.create();
        Guard.named("a").in(registry).build();
        assertThatThrownBy(() -> Guard.named("a").in(registry).build()).hasMessageContaining("there is a guard 'a'");
        registry.remove("a");
        registry.remove("a");
        Guard again = Guard.named("a").in(registry).build();
        assertThat(registry.find("a")).containsSame(again);
        assertThat(registry.guards()).containsExactly(again);
        assertThatThrownBy(() -> Guard.named(" ")).hasMessageContaining("guard name ' '");
        assertThatThrownBy(() -> Guard.named("a").bulkhead(0)).hasMessageContaining("bulkhead of 0");
        assertThatThrownBy(() -> Guard.named("a").retry(1))
                .hasMessageContaining("maxAttempts 1 is out of range; use 2 to 10");
        assertThatThrownBy(() -> Guard.named("a").controlReserve(-1)).hasMessageContaining("reserve of -1");
        assertThatThrownBy(() -> Guard.named("a").timeLimit(Duration.ZERO)).hasMessageContaining("time limit PT0S");
        assertThatThrownBy(() -> AdaptiveLimit.between(10, 5)).hasMessageContaining("max 5 is below min 10");
    }
}
