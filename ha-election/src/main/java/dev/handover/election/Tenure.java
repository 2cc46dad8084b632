package dev.handover.election;

import dev.handover.leadership.Leadership;
import java.time.Duration;

/**
 * One leadership of this candidate, in one session of ZooKeeper: how long it may be believed.
 *
 * <p>ZooKeeper ends a session when it has not heard of it for the negotiated time-out T. An answer to a message that was sent at t proves that the ensemble
 * knew of the session after t. If a follower of the ensemble carries the message, the ensemble's leader learns of it up to half a tick later,
 * and not at all if the two are cut off at that moment; then what it knew before counts. With a message every T/6, and a tick of at most T/2 (ZooKeeper's
 * rule), the session lives until t + T - T/6 - T/4 at least. This class believes until t + T/2; the rest is for clocks that run apart.
 *
 * <p>The monotonic clock stands still while a machine is suspended, so the wall clock must agree: if it says that more than that, and a second, has gone by,
 * the leadership is not believed either until ZooKeeper has answered again.
 */
final class Tenure {
    private static final long WALL_TOLERANCE_MILLIS = 1000;

    private final long session;
    private final Leadership.Leading leading;
    private volatile long deadlineNanos;
    private volatile long deadlineMillis;
    private volatile long suspendedNanos;
    private volatile boolean suspended;
    private volatile boolean over;

    Tenure(long epoch, long session, long sentNanos, long sentMillis, int timeoutMillis) {
        this.session = session;
        leading = new Leadership.Leading(epoch, this::isValid);
        deadlineNanos = sentNanos;
        deadlineMillis = sentMillis;
        confirm(sentNanos, sentMillis, timeoutMillis);
    }

    static Duration beat(int timeoutMillis) {
        return Duration.ofMillis(Math.max(timeoutMillis / 6, 10));
    }

    /** An answer came, in this session, to a message sent at this time. */
    void confirm(long sentNanos, long sentMillis, int timeoutMillis) {
        long believed = timeoutMillis / 2;
        deadlineMillis = Math.max(deadlineMillis, sentMillis + believed + WALL_TOLERANCE_MILLIS);
        long next = sentNanos + Duration.ofMillis(believed).toNanos();
        if (next - deadlineNanos > 0) {
            deadlineNanos = next;
        }
        if (suspended && sentNanos - suspendedNanos > 0) {
            suspended = false;
        }
    }

    /** The connection is lost: nothing is believed before an answer to a message that is sent later. */
    void suspend() {
        suspendedNanos = System.nanoTime();
        suspended = true;
    }

    void end() {
        over = true;
    }

    boolean isOver() {
        return over;
    }

    boolean isValid() {
        return !over
                && !suspended
                && deadlineNanos - System.nanoTime() > 0
                && deadlineMillis - System.currentTimeMillis() > 0;
    }

    long leftNanos() {
        return deadlineNanos - System.nanoTime();
    }

    long session() {
        return session;
    }

    Leadership.Leading leading() {
        return leading;
    }
}
