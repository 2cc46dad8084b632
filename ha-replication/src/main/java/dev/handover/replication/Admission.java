package dev.handover.replication;

import java.util.concurrent.atomic.AtomicLong;

/** How many commands and reads, and how many bytes of them, this node's callers have under way in a group. Any thread. */
final class Admission {
    private static final int COUNT_SHIFT = 40;
    private static final long BYTES_MASK = (1L << COUNT_SHIFT) - 1;

    private final int maxCount;
    private final long maxBytes;
    private final AtomicLong underWay = new AtomicLong(); // count above, bytes below: one atomic operation for both

    Admission(int maxCount, long maxBytes) {
        this.maxCount = maxCount;
        this.maxBytes = maxBytes;
    }

    /** False if there is no room. A single command always finds room when nothing else is under way. */
    boolean enter(int bytes) {
        long more = 1L << COUNT_SHIFT | bytes;
        long after = underWay.addAndGet(more);
        long count = after >>> COUNT_SHIFT;
        if (count > maxCount || (after & BYTES_MASK) > maxBytes && count > 1) {
            underWay.addAndGet(-more);
            return false;
        }
        return true;
    }

    void release(int bytes) {
        underWay.addAndGet(-(1L << COUNT_SHIFT | bytes));
    }

    long count() {
        return underWay.get() >>> COUNT_SHIFT;
    }

    int maxCount() {
        return maxCount;
    }
}
