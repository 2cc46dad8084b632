package dev.handover.spring;

import dev.handover.guard.AdaptiveLimit;
import dev.handover.guard.BreakerSettings;
import dev.handover.guard.Guard;
import dev.handover.guard.GuardBuilder;
import dev.handover.guard.GuardRegistry;
import dev.handover.guard.RetrySettings;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of one guard, {@code handover.guards.NAME}; what is not set has the default of {@link GuardBuilder}.
 *
 * @param timeLimit After how long a call is given up; 2 s when it is not set, 0 for no limit. Too short: slow answers are thrown away; too long: calls that nobody waits for hold permits.
 * @param interrupts Whether a call that is given up is cancelled, or its thread interrupted.
 * @param controlReserve How many calls of control traffic find a place when the bulkhead is full; 2 when it is not set, 0 for none.
 * @param circuitBreaker Refuses while too much fails or is slow.
 * @param bulkhead How many calls there are at the same time.
 * @param retry Tries again; off as long as max-attempts is not set.
 */
record GuardProperties(
        @Nullable Duration timeLimit,
        @DefaultValue("true") boolean interrupts,
        @Nullable Integer controlReserve,
        @DefaultValue CircuitBreaker circuitBreaker,
        @DefaultValue Bulkhead bulkhead,
        @DefaultValue Retry retry) {
    /** Where they are. */
    static final String PREFIX = "handover.guards";

    /**
     * The circuit breaker.
     *
     * @param enabled Whether there is one.
     * @param failureRateThreshold Percent of failures from which on it opens; 50 when it is not set.
     * @param slowCallRateThreshold Percent of slow calls from which on it opens; 80 when it is not set.
     * @param slowCallDurationThreshold What is slow; the time limit when it is not set.
     * @param slidingWindowSize So many of the last calls are looked at; 50 when it is not set.
     * @param minimumNumberOfCalls Nothing is decided before; 10 when it is not set, or the window if that is smaller.
     * @param permittedNumberOfCallsInHalfOpenState Probes after it was open; 3 when it is not set.
     * @param waitDurationInOpenState How long it is open; 1 s and twice as long each further time up to 30 s when it is not set.
     */
    record CircuitBreaker(
            @DefaultValue("true") boolean enabled,
            @Nullable Float failureRateThreshold,
            @Nullable Float slowCallRateThreshold,
            @Nullable Duration slowCallDurationThreshold,
            @Nullable Integer slidingWindowSize,
            @Nullable Integer minimumNumberOfCalls,
            @Nullable Integer permittedNumberOfCallsInHalfOpenState,
            @Nullable Duration waitDurationInOpenState) {
        private BreakerSettings settings() {
            BreakerSettings defaults = BreakerSettings.DEFAULTS;
            int window = or(slidingWindowSize, defaults.slidingWindowSize());
            return new BreakerSettings(
                    or(failureRateThreshold, defaults.failureRateThreshold()),
                    or(slowCallRateThreshold, defaults.slowCallRateThreshold()),
                    slowCallDurationThreshold,
                    window,
                    or(minimumNumberOfCalls, Math.min(window, defaults.minimumNumberOfCalls())),
                    or(permittedNumberOfCallsInHalfOpenState, defaults.permittedNumberOfCallsInHalfOpenState()),
                    waitDurationInOpenState);
        }
    }

    /**
     * The bulkhead.
     *
     * @param enabled Whether there is one.
     * @param maxConcurrentCalls A fixed limit; when it is not set the limit finds itself.
     * @param adaptive The limit that finds itself.
     */
    record Bulkhead(
            @DefaultValue("true") boolean enabled, @Nullable Integer maxConcurrentCalls, @Nullable Adaptive adaptive) {}

    /**
     * A limit that finds itself from how long calls take.
     *
     * @param initial At the start; 20 when it is not set, within min and max.
     * @param min Never below; 4 when it is not set.
     * @param max Never above; 200 when it is not set.
     * @param window How long is watched before it changes; 100 ms when it is not set.
     * @param tolerance Latency that is no sign of a queue, as a multiple of the long-term one; 1.5 when it is not set.
     */
    record Adaptive(
            @Nullable Integer initial,
            @Nullable Integer min,
            @Nullable Integer max,
            @Nullable Duration window,
            @Nullable Double tolerance) {
        private AdaptiveLimit limit() {
            AdaptiveLimit defaults = AdaptiveLimit.DEFAULTS;
            int least = or(min, defaults.min());
            int most = or(max, defaults.max());
            return new AdaptiveLimit(
                    or(initial, Math.max(least, Math.min(most, defaults.initial()))),
                    least,
                    most,
                    or(window, defaults.window()),
                    or(tolerance, defaults.tolerance()));
        }
    }

    /**
     * Retries, within a budget of one in ten calls.
     *
     * @param maxAttempts The first included, 2 to 10; no retries when it is not set.
     * @param waitDuration Before the second attempt, and twice as long before each further one; 50 ms when it is not set.
     * @param maxWaitDuration Never longer; 2 s when it is not set, or wait-duration if that is longer.
     */
    record Retry(@Nullable Integer maxAttempts, @Nullable Duration waitDuration, @Nullable Duration maxWaitDuration) {
        private Optional<RetrySettings> settings(String key) {
            if (maxAttempts == null) {
                if (waitDuration != null || maxWaitDuration != null) {
                    throw new InvalidPropertyException(
                            key + ".max-attempts",
                            "is not set beside waits of retries",
                            "Set it to 2 to 10, or leave the waits out.");
                }
                return Optional.empty();
            }
            RetrySettings defaults = RetrySettings.attempts(maxAttempts);
            Duration wait = or(waitDuration, defaults.waitDuration());
            Duration longest = wait.compareTo(defaults.maxWaitDuration()) > 0 ? wait : defaults.maxWaitDuration();
            return Optional.of(new RetrySettings(maxAttempts, wait, or(maxWaitDuration, longest)));
        }
    }

    /**
     * Builds the guard and registers it.
     *
     * @throws InvalidPropertyException names the key, the value and a remedy
     */
    Guard build(String name, GuardRegistry registry) {
        String key = PREFIX + "." + name;
        GuardBuilder guard = checked(key, () -> Guard.named(name).in(registry));
        if (timeLimit != null) {
            checked(
                    key + ".time-limit",
                    () -> timeLimit.isZero() ? guard.withoutTimeLimit() : guard.timeLimit(timeLimit));
        }
        if (!interrupts) {
            guard.withoutInterrupts();
        }
        if (controlReserve != null) {
            checked(key + ".control-reserve", () -> guard.controlReserve(controlReserve));
        }
        if (circuitBreaker.enabled) {
            String breaker = key + ".circuit-breaker";
            PropertyNames.checked(
                    breaker,
                    PropertyNames.below(
                            breaker,
                            "failureRateThreshold",
                            "slowCallRateThreshold",
                            "slowCallDurationThreshold",
                            "slidingWindowSize",
                            "minimumNumberOfCalls",
                            "permittedNumberOfCallsInHalfOpenState",
                            "waitDurationInOpenState"),
                    () -> guard.circuitBreaker(circuitBreaker.settings()));
        } else {
            guard.withoutCircuitBreaker();
        }
        bulkhead(key + ".bulkhead", guard);
        String retries = key + ".retry";
        PropertyNames.checked(
                        retries,
                        PropertyNames.below(retries, "maxAttempts", "waitDuration", "maxWaitDuration"),
                        () -> retry.settings(retries))
                .ifPresent(guard::retry);
        return checked(key, guard::build);
    }

    private void bulkhead(String key, GuardBuilder guard) {
        Integer fixed = bulkhead.maxConcurrentCalls;
        Adaptive adaptive = bulkhead.adaptive;
        if (fixed != null && adaptive != null) {
            throw new InvalidPropertyException(
                    key + ".max-concurrent-calls",
                    fixed + " stands beside a limit that finds itself",
                    "Use one of the two, and leave the other out: " + key + ".max-concurrent-calls or " + key
                            + ".adaptive.");
        }
        if (!bulkhead.enabled) {
            guard.withoutBulkhead();
        } else if (fixed != null) {
            checked(key + ".max-concurrent-calls", () -> guard.bulkhead(fixed));
        } else if (adaptive != null) {
            PropertyNames.checked(
                    key + ".adaptive",
                    PropertyNames.below(key + ".adaptive", "initial", "min", "max", "window", "tolerance"),
                    () -> guard.bulkhead(adaptive.limit()));
        }
    }

    private static <T> T checked(String key, Supplier<T> setting) {
        return PropertyNames.checked(key, Map.of(), setting);
    }

    private static <T> T or(@Nullable T value, T otherwise) {
        return Objects.requireNonNullElse(value, otherwise);
    }
}
