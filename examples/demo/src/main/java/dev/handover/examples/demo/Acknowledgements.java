package dev.handover.examples.demo;

import java.util.concurrent.atomic.LongAdder;

/** Counts the acknowledged writes of all writers, and hands the times of those of one client to whoever measures gaps. Any thread. */
class Acknowledgements {
    private final LongAdder acknowledged;
    private final LongAdder refused;
    private final LongAdder redirected;
    private final LongAdder broken;

    Acknowledgements() {
        this(new LongAdder(), new LongAdder(), new LongAdder(), new LongAdder());
    }

    private Acknowledgements(LongAdder acknowledged, LongAdder refused, LongAdder redirected, LongAdder broken) {
        this.acknowledged = acknowledged;
        this.refused = refused;
        this.redirected = redirected;
        this.broken = broken;
    }

    /** A write was acknowledged at this moment, by {@link System#nanoTime()}. */
    void acknowledged(long nanos) {
        acknowledged.increment();
    }

    /** A write was refused by a server that promised not to have executed it. */
    void refused() {
        refused.increment();
    }

    /** A write was not executed, because its server is stopping in order and sent the client elsewhere. */
    void redirected() {
        redirected.increment();
    }

    /** A write got no answer, or one that says that nobody knows. */
    void broken() {
        broken.increment();
    }

    long redirections() {
        return redirected.sum();
    }

    long breaks() {
        return broken.sum();
    }

    long total() {
        return acknowledged.sum();
    }

    long refusals() {
        return refused.sum();
    }

    /** The same counters, with the times kept. */
    Times withTimes() {
        return new Times(this);
    }

    /** Remembers when each write was acknowledged; for one writer. */
    static final class Times extends Acknowledgements {
        private long[] nanos = new long[1 << 12];
        private int count;

        private Times(Acknowledgements shared) {
            super(shared.acknowledged, shared.refused, shared.redirected, shared.broken);
        }

        @Override
        synchronized void acknowledged(long at) {
            super.acknowledged(at);
            if (count == nanos.length) {
                nanos = java.util.Arrays.copyOf(nanos, count * 2);
            }
            nanos[count++] = at;
        }

        /** Whether something was acknowledged after that moment. */
        synchronized boolean anyAfter(long moment) {
            return count > 0 && nanos[count - 1] - moment > 0;
        }

        /** The longest time between two acknowledged writes next to each other, of which the second came after {@code from} and the first before {@code to}. */
        synchronized long longestGap(long from, long to) {
            long longest = 0;
            for (int i = count - 1; i > 0 && nanos[i] - from > 0; i--) {
                if (nanos[i - 1] - to < 0) {
                    longest = Math.max(longest, nanos[i] - nanos[i - 1]);
                }
            }
            return longest;
        }
    }
}
