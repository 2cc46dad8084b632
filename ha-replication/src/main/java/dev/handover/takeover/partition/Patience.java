package dev.handover.takeover.partition;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How long a partition stays before it is given away once more. Instances with the same settings come to rest, see {@link PartitionPlan}; with different ones (weights or zones of partitions, in two releases say) one may
 * give away what the other gives back, for ever. So from the third time on a partition waits for a second, and twice as long each time; who has not wanted to give it away for sixteen times as long as it would have to wait has
 * forgotten. A partition then goes to and fro some twelve times in the first hour, and once more whenever the time has doubled. Time is given, not read.
 */
final class Patience {
    /** From so many times on it is no accident. */
    static final int SUSPICIOUS = 4;

    private static final long FIRST_NANOS = 1_000_000_000L;
    /** So often a partition may go without a wait: an instance that has come, gone, and come back. */
    private static final int FREE = 2;

    private static final int MOST_DOUBLINGS = 20;
    private static final int MEMORY = 16;

    private static final class Given {
        int times;
        long lastNanos;
    }

    private final Map<Integer, Given> given = new TreeMap<>();

    /** Whether the partition may be given away now. */
    boolean allows(int partition, long nowNanos) {
        Given before = remembered(partition, nowNanos);
        return before == null || before.times < FREE || nowNanos - before.lastNanos >= waitNanos(before);
    }

    /** It was given away; how many times that is since it last had come to rest here. */
    int given(int partition, long nowNanos) {
        Given before = remembered(partition, nowNanos);
        if (before == null) {
            before = new Given();
            given.put(partition, before);
        }
        before.times++;
        before.lastNanos = nowNanos;
        return before.times;
    }

    /** How long it stays here at least before the next time. */
    long waitNanos(int partition) {
        Given before = given.get(partition);
        return before == null || before.times < FREE ? 0 : waitNanos(before);
    }

    private @Nullable Given remembered(int partition, long nowNanos) {
        Given before = given.get(partition);
        if (before != null && nowNanos - before.lastNanos >= MEMORY * waitNanos(before)) {
            given.remove(partition);
            return null;
        }
        return before;
    }

    private static long waitNanos(Given before) {
        return FIRST_NANOS << Math.min(MOST_DOUBLINGS, Math.max(0, before.times - FREE));
    }
}
