package dev.handover.replication.storage;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How fast segments are made while nobody waits for them. All logs of a process share one pace, since they share the device: what many logs make together would keep the forces of
 * all waiting for seconds. Any thread.
 */
final class SegmentPace {
    /** Of all logs of this process: 40 MB/s together. */
    static final SegmentPace OF_THE_PROCESS = new SegmentPace(24);

    private final long nanosPerByte;
    private final AtomicInteger making = new AtomicInteger();

    SegmentPace(long nanosPerByte) {
        this.nanosPerByte = nanosPerByte;
    }

    /** Another segment is being made. */
    void begin() {
        making.incrementAndGet();
    }

    /** One less. */
    void end() {
        making.decrementAndGet();
    }

    /** To wait after so many bytes of one of them. */
    long pauseNanos(int bytes) {
        return bytes * nanosPerByte * making.get();
    }
}
