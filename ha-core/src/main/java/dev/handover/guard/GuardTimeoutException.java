package dev.handover.guard;

import dev.handover.HandoverException;
import java.time.Duration;

/** The call took longer than its guard allows, and was given up. It may have been carried out, or may still be. */
public final class GuardTimeoutException extends HandoverException {
    private static final long serialVersionUID = 1L;

    private final String guard;
    private final Duration limit;

    GuardTimeoutException(String guard, Duration limit) {
        super(
                Retry.MAY_APPLY_TWICE,
                "a call through guard '" + guard + "' was given up after " + limit.toMillis()
                        + " ms; it may have been carried out");
        this.guard = guard;
        this.limit = limit;
    }

    /** Name of the guard. */
    public String guard() {
        return guard;
    }

    /** The time limit that was exceeded. */
    public Duration limit() {
        return limit;
    }
}
