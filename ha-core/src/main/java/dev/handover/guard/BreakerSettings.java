package dev.handover.guard;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The usual settings of a guard's circuit breaker, by Resilience4j's names but without its types; for all others see {@link GuardBuilder#circuitBreaker(java.util.function.Consumer)}.
 *
 * @param failureRateThreshold percent of the calls in the window; from so many failures on the breaker opens. Above 0, up to 100; default 50
 * @param slowCallRateThreshold the same for slow calls; default 80
 * @param slowCallDurationThreshold what is slow; null, the default: what takes longer than the guard's time limit
 * @param slidingWindowSize so many of the last calls are looked at; default 50. Too small, and a few failures by chance open it; too big, and it opens late
 * @param minimumNumberOfCalls nothing is decided before; at most the window; default 10
 * @param permittedNumberOfCallsInHalfOpenState probes after it was open; default 3
 * @param waitDurationInOpenState how long it is open; null, the default: 1 s, and twice as long each further time up to 30 s
 */
public record BreakerSettings(
        float failureRateThreshold,
        float slowCallRateThreshold,
        @Nullable Duration slowCallDurationThreshold,
        int slidingWindowSize,
        int minimumNumberOfCalls,
        int permittedNumberOfCallsInHalfOpenState,
        @Nullable Duration waitDurationInOpenState) {
    /** The defaults. */
    public static final BreakerSettings DEFAULTS = new BreakerSettings(50, 80, null, 50, 10, 3, null);

    /** Checks. */
    public BreakerSettings {
        percent("failureRateThreshold", failureRateThreshold);
        percent("slowCallRateThreshold", slowCallRateThreshold);
        positive("slowCallDurationThreshold", slowCallDurationThreshold);
        positive("waitDurationInOpenState", waitDurationInOpenState);
        atLeastOne("slidingWindowSize", slidingWindowSize);
        atLeastOne("minimumNumberOfCalls", minimumNumberOfCalls);
        atLeastOne("permittedNumberOfCallsInHalfOpenState", permittedNumberOfCallsInHalfOpenState);
        if (minimumNumberOfCalls > slidingWindowSize) {
            throw new IllegalArgumentException("minimumNumberOfCalls " + minimumNumberOfCalls
                    + " is above slidingWindowSize " + slidingWindowSize + ", which never holds so many");
        }
    }

    private static void atLeastOne(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " " + value + " is below 1; use 1 or more");
        }
    }

    private static void percent(String name, float value) {
        if (!(value > 0 && value <= 100)) {
            throw new IllegalArgumentException(name + " " + value + " is no percentage; use above 0, up to 100");
        }
    }

    static void positive(String name, @Nullable Duration value) {
        if (value != null && value.compareTo(Duration.ofMillis(1)) < 0) {
            throw new IllegalArgumentException(name + " " + value + " is below a millisecond; use 1 ms or more");
        }
    }

    /** Into Resilience4j's; what is slow by default is said by the guard. */
    void applyTo(CircuitBreakerConfig.Builder settings) {
        settings.slidingWindowSize(slidingWindowSize)
                .minimumNumberOfCalls(minimumNumberOfCalls)
                .failureRateThreshold(failureRateThreshold)
                .slowCallRateThreshold(slowCallRateThreshold)
                .permittedNumberOfCallsInHalfOpenState(permittedNumberOfCallsInHalfOpenState);
        if (slowCallDurationThreshold != null) {
            settings.slowCallDurationThreshold(slowCallDurationThreshold);
        }
        if (waitDurationInOpenState != null) {
            settings.waitDurationInOpenState(waitDurationInOpenState);
        }
    }
}
