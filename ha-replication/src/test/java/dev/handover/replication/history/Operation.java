package dev.handover.replication.history;

import org.jspecify.annotations.Nullable;

/**
 * What one client asked for once, and what it was told. Times are of one clock for all clients, in any unit: steps of a simulator,
 * {@link System#nanoTime} of the one process that all clients run in. Operations that surely had no effect are left out of a history.
 *
 * @param client who asked, for people
 * @param input what was asked
 * @param output what was answered; null if {@link #unknown}
 * @param invoked not later than the moment when the request left the client
 * @param completed not earlier than the moment when the answer reached the client; {@link Long#MAX_VALUE} if it never did
 */
public record Operation<I, O>(String client, I input, @Nullable O output, long invoked, long completed) {
    /** Checks the times. */
    public Operation {
        if (completed < invoked) {
            throw new IllegalArgumentException("operation of " + client + " completed at " + completed
                    + ", before it was invoked at " + invoked + ": use one clock for both");
        }
    }

    /** An operation that was answered. */
    public static <I, O> Operation<I, O> answered(String client, I input, O output, long invoked, long completed) {
        if (completed == Long.MAX_VALUE) {
            throw new IllegalArgumentException("an answered operation needs the time of its answer");
        }
        return new Operation<>(client, input, output, invoked, completed);
    }

    /** An operation that may have happened at any time after it was invoked, or may happen yet, or never. */
    public static <I, O> Operation<I, O> unknown(String client, I input, long invoked) {
        return new Operation<>(client, input, null, invoked, Long.MAX_VALUE);
    }

    /** Whether nobody told how it ended. */
    public boolean isUnknown() {
        return completed == Long.MAX_VALUE;
    }

    @Override
    public String toString() {
        return client + " [" + invoked + ", " + (isUnknown() ? "?" : completed) + "] " + input + " -> "
                + (isUnknown() ? "unknown" : output);
    }
}
