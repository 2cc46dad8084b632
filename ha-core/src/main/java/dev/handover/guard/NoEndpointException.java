package dev.handover.guard;

import java.time.Duration;

/** No endpoint of a group can be asked now: each is ejected, or its guard refuses. Come back when the first of them may be asked again. */
public final class NoEndpointException extends GuardRefusedException {
    private static final long serialVersionUID = 1L;

    NoEndpointException(String group, Duration retryAfter, String why) {
        super(
                group,
                retryAfter,
                "no endpoint of '" + group + "' can be asked: " + why + "; come back in " + retryAfter.toMillis()
                        + " ms");
    }
}
