package dev.handover.guard;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Extra calls (retries, hedges) in proportion to the calls that there are: each call saves a share of one, each extra call spends one. So extra load is at most the share of the load, plus what may be saved: whatever fails, nobody makes it
 * worse by asking again and again. See "Handling Overload" in Beyer et al., Site Reliability Engineering (2016), and Finagle's {@code RetryBudget}.
 */
final class Budget {
    /** What may be saved, and what there is at the beginning: the first failures of a quiet caller are tried again. */
    static final int ALLOWANCE = 10;

    private static final int WHOLE = 1000;

    private final int share;
    private final AtomicInteger saved = new AtomicInteger(ALLOWANCE * WHOLE);

    /** With this many extra calls per hundred. */
    Budget(int percent) {
        share = percent * WHOLE / 100;
    }

    /** A call begins. */
    void called() {
        int now = saved.get();
        while (now < ALLOWANCE * WHOLE) {
            if (saved.compareAndSet(now, Math.min(now + share, ALLOWANCE * WHOLE))) {
                return;
            }
            now = saved.get();
        }
    }

    /** Whether there may be an extra call; if so it is spent. */
    boolean spend() {
        int now = saved.get();
        while (now >= WHOLE) {
            if (saved.compareAndSet(now, now - WHOLE)) {
                return true;
            }
            now = saved.get();
        }
        return false;
    }

    /** Extra calls that there could be now. */
    double left() {
        return (double) saved.get() / WHOLE;
    }

    /** What was spent was not used after all. */
    void giveBack() {
        saved.addAndGet(WHOLE);
    }
}
