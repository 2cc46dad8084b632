package dev.handover.examples.kv;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for conditions, never for time to pass. */
public final class Waiting {
    private static final long POLL_MILLIS = 10;

    private Waiting() {}

    /**
     * Returns when the condition holds. What it throws counts as "not yet".
     *
     * @throws AssertionError if it does not hold in time; with the last thing it threw
     */
    public static void until(String what, Duration timeout, Callable<Boolean> condition) {
        long deadline = System.nanoTime() + timeout.toNanos();
        Exception last = null;
        while (true) {
            try {
                if (condition.call()) {
                    return;
                }
                last = null;
            } catch (Exception e) {
                last = e;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + timeout + ": " + what, last);
            }
            try {
                Thread.sleep(POLL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting: " + what, e);
            }
        }
    }
}
