package dev.handover.replication;

import dev.handover.replication.protocol.LeaseOptions;
import java.util.function.LongSupplier;

/**
 * The clock by which a leader's lease ends (R16): the monotonic one, but time that it has missed counts as well. A machine that was suspended, or a virtual one that was stopped or moved,
 * goes on with a monotonic clock that knows nothing of it, and with a wall clock that is set right soon: wall and monotonic clock are farther apart then than they were.
 */
final class LeaseClock {
    private static final long SMALLEST_JUMP_NANOS = 5_000_000;
    private static final long MILLI = 1_000_000;

    private final long windowNanos;
    private final long toleranceNanos;
    private final LongSupplier nanos;
    private final LongSupplier wallMillis;

    private long windowSince;
    /** How far the wall clock was ahead of the monotonic one at least, in this window and in the one before. */
    private long least;

    private long leastBefore;

    LeaseClock(LeaseOptions leases, LongSupplier nanos, LongSupplier wallMillis) {
        windowNanos = leases.periodNanos();
        toleranceNanos = Math.max(SMALLEST_JUMP_NANOS, (long) (leases.periodNanos() * leases.drift() / 4));
        this.nanos = nanos;
        this.wallMillis = wallMillis;
        windowSince = nanos.getAsLong();
        least = offset(windowSince);
        leastBefore = least;
    }

    static LeaseClock ofSystem(LeaseOptions leases) {
        return new LeaseClock(leases, System::nanoTime, System::currentTimeMillis);
    }

    private long offset(long now) {
        return wallMillis.getAsLong() * MILLI - now;
    }

    /** Looks at the clocks; to be called often. Belongs to the loop. */
    void sample() {
        long now = nanos.getAsLong();
        long offset = offset(now);
        if (now - windowSince >= windowNanos) {
            windowSince = now;
            leastBefore = least;
            least = offset;
        } else {
            least = Math.min(least, offset);
        }
    }

    /** How far apart the clocks were when the grants of today were asked for. Belongs to the loop. */
    long leastOffset() {
        return Math.min(least, leastBefore);
    }

    /** Whether a grant of today may be older than the monotonic clock says. Belongs to the loop. */
    boolean hasJumped() {
        long now = nanos.getAsLong();
        return nowNanos(leastOffset()) - now > toleranceNanos;
    }

    /** The monotonic clock, and what it has missed since the clocks were so far apart. Any thread. */
    long nowNanos(long leastOffset) {
        long now = nanos.getAsLong();
        long missed = offset(now) - leastOffset;
        return missed > toleranceNanos ? now + missed : now;
    }
}
