package dev.handover.takeover.bluegreen;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Counts what an instance of the service does, for the comparison of two versions: the application calls {@link #record} when a request has ended. Keeps the last two minutes. Any thread, without
 * locks.
 */
public final class TrafficMonitor {
    private static final long SLICE_NANOS = 250_000_000L;
    private static final int KEPT = 4 * 120;

    private final LongSupplier nanoTime;
    private final long origin;
    private final AtomicReferenceArray<@Nullable Slice> slices = new AtomicReferenceArray<>(KEPT);

    /** With the system's monotonic clock. */
    public TrafficMonitor() {
        this(System::nanoTime);
    }

    /** With that monotonic clock, in nanoseconds. */
    public TrafficMonitor(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        origin = nanoTime.getAsLong();
    }

    private static final class Slice {
        final long number;
        final LongAdder errors = new LongAdder();
        final AtomicIntegerArray latencies = new AtomicIntegerArray(TrafficSample.BUCKETS);

        Slice(long number) {
            this.number = number;
        }
    }

    /**
     * A request has ended.
     *
     * @param nanos how long it took
     * @param failed whether it is an error of the service; a request that was answered with a deliberate refusal is none
     */
    public void record(long nanos, boolean failed) {
        long number = number(nanoTime.getAsLong());
        int place = (int) (number % KEPT);
        Slice slice = slices.get(place);
        while (slice == null || slice.number < number) {
            Slice fresh = new Slice(number);
            slice = slices.compareAndSet(place, slice, fresh) ? fresh : slices.get(place);
        }
        slice.latencies.incrementAndGet(TrafficSample.bucket(nanos));
        if (failed) {
            slice.errors.increment();
        }
    }

    /** What ended between two moments of the monotonic clock, to a quarter of a second, as far back as is kept. */
    public TrafficSample between(long fromNanos, long untilNanos, int openBreakers) {
        long last = number(untilNanos);
        long first = Math.max(number(fromNanos), last - KEPT + 1);
        long requests = 0;
        long errors = 0;
        long[] latencies = new long[TrafficSample.BUCKETS];
        for (long number = first; number <= last; number++) {
            Slice slice = slices.get((int) (number % KEPT));
            if (slice != null && slice.number == number) {
                errors += slice.errors.sum();
                for (int bucket = 0; bucket < latencies.length; bucket++) {
                    int count = slice.latencies.get(bucket);
                    latencies[bucket] += count;
                    requests += count;
                }
            }
        }
        return new TrafficSample(requests, errors, latencies, openBreakers);
    }

    private long number(long nanos) {
        return Math.max(0, nanos - origin) / SLICE_NANOS;
    }
}
