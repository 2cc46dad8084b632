package dev.handover.guard;

import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.RetryConfig;
import java.time.Duration;

/**
 * The usual settings of a guard's retries, by Resilience4j's names but without its types; for all others see {@link GuardBuilder#retry(java.util.function.Consumer)}.
 *
 * @param maxAttempts the first included; 2 to 10
 * @param waitDuration before the second attempt, and twice as long before each further one, half of it by chance; default 50 ms. Too short, and the other side has no time to recover
 * @param maxWaitDuration never longer; default 2 s
 */
public record RetrySettings(int maxAttempts, Duration waitDuration, Duration maxWaitDuration) {
    /** Checks. */
    public RetrySettings {
        if (maxAttempts < 2 || maxAttempts > 10) {
            throw new IllegalArgumentException(
                    "maxAttempts " + maxAttempts + " is out of range; use 2 to 10, or leave retries away");
        }
        BreakerSettings.positive("waitDuration", waitDuration);
        if (maxWaitDuration.compareTo(waitDuration) < 0) {
            throw new IllegalArgumentException("maxWaitDuration " + maxWaitDuration + " is below waitDuration "
                    + waitDuration + "; raise it, or lower waitDuration");
        }
    }

    /** With the waits of the defaults. */
    public static RetrySettings attempts(int maxAttempts) {
        return new RetrySettings(maxAttempts, Duration.ofMillis(50), Duration.ofSeconds(2));
    }

    void applyTo(RetryConfig.Builder<Object> settings) {
        settings.maxAttempts(maxAttempts)
                .intervalFunction(
                        maxWaitDuration.equals(waitDuration)
                                ? IntervalFunction.ofRandomized(waitDuration, 0.5)
                                : IntervalFunction.ofExponentialRandomBackoff(waitDuration, 2, 0.5, maxWaitDuration));
    }
}
