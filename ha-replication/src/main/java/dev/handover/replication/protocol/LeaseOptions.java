package dev.handover.replication.protocol;

import java.time.Duration;

/**
 * Whether and how a leader takes leases for reads (R16). What counts is the option of whoever leads; it writes the period into the group's configuration, and every
 * replica grants what the leader asks for, whatever its own option says.
 *
 * @param periodNanos for how long a grant holds; 0 switches leases off, the default. So much longer a take-over may take, unless the old leader has said goodbye
 * @param drift by what part of it another replica's clock may run faster than this one's, at most; default 0.1. The leader uses a grant for
 *     {@code period × (1 − drift)}. Too small: a read may be stale when clocks differ by more; too big: leases end between two heartbeats
 */
public record LeaseOptions(long periodNanos, double drift) {
    /** No leases. */
    public static final LeaseOptions OFF = new LeaseOptions(0, 0.1);

    /** No grant is longer. */
    static final long LONGEST_NANOS = 60_000_000_000L;

    /** Checks the numbers. */
    public LeaseOptions {
        if (periodNanos < 0 || periodNanos > LONGEST_NANOS) {
            throw new IllegalArgumentException("a lease of " + Duration.ofNanos(periodNanos)
                    + " is not between 0 and " + Duration.ofNanos(LONGEST_NANOS)
                    + ": a take-over may have to wait for so long");
        }
        if (!(drift >= 0 && drift < 1)) {
            throw new IllegalArgumentException(
                    "a drift allowance of " + drift + " is not in 0 to 1; 0.1 allows clocks that differ by a tenth");
        }
    }

    /** For how long a leader relies on a grant of this period. */
    long usable(long periodInForce) {
        return (long) (periodInForce * (1 - drift));
    }
}
