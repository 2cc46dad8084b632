package dev.handover.replication.storage;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps work that is large and not urgent from taking a disk, a network and processors away from commits: whoever works rests twice as long as the work took, so that it gets a third of whatever there is,
 * fast or slow. Not thread-safe; resting blocks the caller, for 200 ms at most.
 */
final class Sparing {
    private static final int REST_PER_WORK = 2;
    private static final long LONGEST_REST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private long workedNanos;
    private long sinceNanos;

    /** Work begins. */
    void begin() {
        sinceNanos = System.nanoTime();
    }

    /** It ends for now. */
    void end() {
        workedNanos += System.nanoTime() - sinceNanos;
    }

    /** In the middle of work: the rest for all of it so far, and then it goes on. */
    void rest() {
        end();
        long rest = restFor(workedNanos);
        workedNanos = 0;
        if (rest > 0) {
            LockSupport.parkNanos(rest);
        }
        begin();
    }

    static long restFor(long workedNanos) {
        return Math.min(REST_PER_WORK * workedNanos, LONGEST_REST_NANOS);
    }
}
