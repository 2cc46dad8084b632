package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.guard.Guard;
import dev.handover.guard.GuardFullException;
import dev.handover.guard.GuardOpenException;
import dev.handover.guard.GuardRegistry;
import dev.handover.guard.GuardStatus;
import dev.handover.guard.GuardTimeoutException;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** {@code handover.guards.*}: guards that nobody has written a bean for. */
@Timeout(60)
class GuardPropertiesTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(HandoverGuardsAutoConfiguration.class))
            .withBean(Service.class);

    static class Service {
        private final AtomicInteger calls = new AtomicInteger();

        @Guarded(value = "inventory", idempotent = true)
        public int flaky(int failures) throws IOException {
            if (calls.incrementAndGet() <= failures) {
                throw new IOException("down");
            }
            return calls.get();
        }

        @Guarded("inventory")
        public CompletableFuture<String> later(CompletableFuture<String> answer) {
            return answer;
        }

        @Guarded("other-one")
        public void other() {}
    }

    private static Guard guard(GuardRegistry registry) {
        return registry.find("inventory").orElseThrow();
    }

    @Test
    void shouldMakeTheGuardsThatAreConfiguredBeforeTheFirstCall() {
        runner.withPropertyValues(
                        "handover.guards.inventory.time-limit=300ms",
                        "handover.guards.inventory.control-reserve=0",
                        "handover.guards.inventory.bulkhead.max-concurrent-calls=1",
                        "handover.guards.inventory.circuit-breaker.sliding-window-size=4",
                        "handover.guards.inventory.circuit-breaker.failure-rate-threshold=75",
                        "handover.guards.inventory.circuit-breaker.slow-call-rate-threshold=90",
                        "handover.guards.inventory.circuit-breaker.slow-call-duration-threshold=5s",
                        "handover.guards.inventory.circuit-breaker.wait-duration-in-open-state=1m",
                        "handover.guards.inventory.retry.max-attempts=3",
                        "handover.guards.inventory.retry.wait-duration=1ms",
                        "handover.guards.inventory.retry.max-wait-duration=2ms",
                        "handover.guards[other-one].bulkhead.adaptive.min=7",
                        "handover.guards[other-one].bulkhead.adaptive.initial=9",
                        "handover.guards[other-one].circuit-breaker.enabled=false")
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    GuardRegistry registry = context.getBean(GuardRegistry.class);
                    Service service = context.getBean(Service.class);
                    assertThat(registry.guards()).extracting(Guard::name).containsExactly("inventory", "other-one");
                    GuardStatus other = registry.find("other-one").orElseThrow().status();
                    assertThat(other.limit()).isEqualTo(9);
                    assertThat(other.breaker()).isEqualTo("none");
                    service.other();
                    CircuitBreakerConfig breaker =
                            guard(registry).circuitBreaker().orElseThrow().getCircuitBreakerConfig();
                    assertThat(breaker.getFailureRateThreshold()).isEqualTo(75);
                    assertThat(breaker.getSlowCallRateThreshold()).isEqualTo(90);
                    assertThat(breaker.getSlowCallDurationThreshold()).hasSeconds(5);

                    assertThat(service.flaky(2)).isEqualTo(3); // the retries
                    CompletableFuture<String> never = service.later(new CompletableFuture<>());
                    assertThatThrownBy(() ->
                                    service.later(new CompletableFuture<>()).get(20, TimeUnit.SECONDS))
                            .isInstanceOf(ExecutionException.class)
                            .hasCauseInstanceOf(GuardFullException.class); // the bulkhead
                    assertThatThrownBy(() -> never.get(20, TimeUnit.SECONDS))
                            .hasCauseInstanceOf(GuardTimeoutException.class); // the time limit
                    assertThat(guard(registry).status().breaker()).isEqualTo("open"); // three of four
                    assertThatThrownBy(() -> service.flaky(0)).isInstanceOf(GuardOpenException.class);
                    assertThat(guard(registry).status().openFor())
                            .isBetween(Duration.ofSeconds(20), Duration.ofMinutes(1));
                });
    }

    @Test
    void shouldLetTheApplicationsGuardWin() {
        runner.withPropertyValues("handover.guards.inventory.bulkhead.max-concurrent-calls=7")
                .withBean(
                        "inventory",
                        Guard.class,
                        () -> Guard.named("mine").bulkhead(3).retry(2).build())
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean(Service.class).flaky(1)).isEqualTo(2);
                    assertThat(context.getBean(GuardRegistry.class).find("inventory"))
                            .isEmpty();
                });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
            time-limit=-1s | handover.guards.inventory.time-limit: time limit PT-1S is not above 0
            control-reserve=-1 | handover.guards.inventory.control-reserve: reserve of -1 calls; use 0 or more
            bulkhead.max-concurrent-calls=0 | handover.guards.inventory.bulkhead.max-concurrent-calls: bulkhead of 0 calls lets nothing through; use 1 or more
            bulkhead.adaptive.min=300 | handover.guards.inventory.bulkhead.adaptive.max: max 200 is below min 300; raise it, or lower min
            bulkhead.adaptive.min=0 | handover.guards.inventory.bulkhead.adaptive.min: min 0 is below 1; use 1 or more
            bulkhead.adaptive.max=3 | handover.guards.inventory.bulkhead.adaptive.max: max 3 is below min 4
            bulkhead.adaptive.initial=201 | handover.guards.inventory.bulkhead.adaptive.initial: initial 201 is not within min 4 and max 200
            bulkhead.adaptive.window=0s | handover.guards.inventory.bulkhead.adaptive.window: window PT0S is no time
            bulkhead.adaptive.tolerance=0.5 | handover.guards.inventory.bulkhead.adaptive.tolerance: tolerance 0.5 is below 1
            circuit-breaker.failure-rate-threshold=0 | handover.guards.inventory.circuit-breaker.failure-rate-threshold: failureRateThreshold 0.0 is no percentage; use above 0, up to 100
            circuit-breaker.slow-call-rate-threshold=101 | handover.guards.inventory.circuit-breaker.slow-call-rate-threshold: slowCallRateThreshold 101.0 is no percentage
            circuit-breaker.slow-call-duration-threshold=1us | handover.guards.inventory.circuit-breaker.slow-call-duration-threshold: slowCallDurationThreshold PT0.000001S is below a millisecond
            circuit-breaker.sliding-window-size=0 | handover.guards.inventory.circuit-breaker.sliding-window-size: slidingWindowSize 0 is below 1
            circuit-breaker.minimum-number-of-calls=51 | handover.guards.inventory.circuit-breaker.minimum-number-of-calls: minimumNumberOfCalls 51 is above slidingWindowSize 50
            circuit-breaker.permitted-number-of-calls-in-half-open-state=0 | handover.guards.inventory.circuit-breaker.permitted-number-of-calls-in-half-open-state: permittedNumberOfCallsInHalfOpenState 0 is below 1
            circuit-breaker.wait-duration-in-open-state=0s | handover.guards.inventory.circuit-breaker.wait-duration-in-open-state: waitDurationInOpenState PT0S is below a millisecond
            retry.max-attempts=11 | handover.guards.inventory.retry.max-attempts: maxAttempts 11 is out of range; use 2 to 10
            retry.wait-duration=1s | handover.guards.inventory.retry.max-attempts: is not set beside waits of retries. Set it to 2 to 10
            """)
    void shouldRefuseWhatMakesNoSenseWithKeyAndRemedy(String property, String message) {
        runner.withPropertyValues("handover.guards.inventory." + property).run(context -> assertThat(context)
                .getFailure()
                .hasStackTraceContaining(InvalidPropertyException.class.getName())
                .hasStackTraceContaining(message));
    }

    @Test
    void shouldNameTheWaitsOfRetriesAndLetThemBeLong() {
        runner.withPropertyValues(
                        "handover.guards.inventory.retry.max-attempts=2",
                        "handover.guards.inventory.retry.wait-duration=3s",
                        "handover.guards.inventory.retry.max-wait-duration=2s")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("handover.guards.inventory.retry.max-wait-duration: maxWaitDuration"
                                + " PT2S is below waitDuration PT3S; raise it"));
        runner.withPropertyValues(
                        "handover.guards.inventory.retry.max-attempts=2",
                        "handover.guards.inventory.retry.wait-duration=3s")
                .run(context -> assertThat(context).hasNotFailed());
    }

    @Test
    void shouldRefuseTwoLimitsAndWhatItDoesNotKnow() {
        runner.withPropertyValues(
                        "handover.guards.inventory.bulkhead.max-concurrent-calls=5",
                        "handover.guards.inventory.bulkhead.adaptive.max=50")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(InvalidPropertyException.class)
                        .hasMessageContaining("5 stands beside a limit that finds itself"));
        runner.withPropertyValues("handover.guards.inventory.timelimits=5s").run(context -> assertThat(context)
                .getFailure()
                .rootCause()
                .hasMessageContaining("handover.guards.inventory.timelimits"));
    }
}
