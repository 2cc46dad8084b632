package dev.handover.fencing;

import dev.handover.FencedException;
import org.jspecify.annotations.Nullable;

/**
 * Carries the epoch over HTTP: the leader sends the header {@value #HEADER} with its requests, and the server lets a guard look at it before it does anything. {@link HttpFenceFilter} does so
 * in servlet containers; other servers call {@link #admit} with the header's value.
 */
public final class HttpFence {
    /** Name of the request header: a decimal number. */
    public static final String HEADER = "Handover-Epoch";

    private final FencingGuard guard;

    /** Asks this guard. */
    public HttpFence(FencingGuard guard) {
        this.guard = guard;
    }

    /**
     * What to do with a request.
     *
     * @param status 0 to go on; else the HTTP status to answer with: 428 no epoch, 400 not a number, 412 a higher epoch has been here
     * @param reason for the answer's body; empty to go on
     */
    public record Decision(int status, String reason) {
        /** Whether the request may go on. */
        public boolean admitted() {
            return status == 0;
        }
    }

    /** Decides about a request with this header value, null if it has none. */
    public Decision admit(@Nullable String header) {
        if (header == null) {
            return new Decision(
                    428, "this resource needs the header " + HEADER + " with the epoch of the caller's leadership");
        }
        long epoch;
        try {
            epoch = Long.parseLong(header.strip());
        } catch (NumberFormatException e) {
            return new Decision(400, "the header " + HEADER + " is no decimal number");
        }
        try {
            guard.admit(epoch);
            return new Decision(0, "");
        } catch (FencedException e) {
            return new Decision(412, String.valueOf(e.getMessage()));
        }
    }
}
