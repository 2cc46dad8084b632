package dev.handover.guard;

import java.time.Duration;

/** The circuit breaker is open: too many calls have failed or were slow. Come back when it lets calls through again. */
public final class GuardOpenException extends GuardRefusedException {
    private static final long serialVersionUID = 1L;

    GuardOpenException(String guard, String state, Duration retryAfter) {
        super(
                guard,
                retryAfter,
                "guard '" + guard + "' lets nothing through: its circuit breaker is " + state + "; come back in "
                        + retryAfter.toMillis() + " ms");
    }
}
