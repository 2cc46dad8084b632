package dev.handover.guard;

import java.time.Duration;

/** As many calls are under way as the guard allows. Nobody queues: come back later, or slow down. */
public final class GuardFullException extends GuardRefusedException {
    private static final long serialVersionUID = 1L;

    GuardFullException(String guard, int limit, Duration retryAfter) {
        super(
                guard,
                retryAfter,
                "guard '" + guard + "' is full: " + limit + " calls are under way; come back in "
                        + retryAfter.toMillis() + " ms, or slow down");
    }

    GuardFullException(String guard, Duration retryAfter, Throwable rejected) {
        super(
                guard,
                retryAfter,
                "guard '" + guard + "' found no room in the executor (" + rejected.getMessage() + "); come back in "
                        + retryAfter.toMillis() + " ms, or slow down");
        initCause(rejected);
    }
}
