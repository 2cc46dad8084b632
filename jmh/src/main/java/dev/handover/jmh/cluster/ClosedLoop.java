package dev.handover.jmh.cluster;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** Keeps a number of commands under way: an answer is followed by the next command at once. */
final class ClosedLoop implements Contender.Replies {
    private static final long HIGHEST_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int DIGITS = 3;

    private final Contender.Client client;
    private final int window;
    private final byte[] payload;
    private final int readPercent;
    private final long[] startedNanos;
    private final long[] turns;
    private final Recorder latencies = new Recorder(HIGHEST_NANOS, DIGITS);
    private final AtomicLong errors = new AtomicLong();
    private final AtomicInteger underWay = new AtomicInteger();
    private final CountDownLatch idle = new CountDownLatch(1);
    private volatile boolean stopping;

    /** What was measured. */
    record Result(Histogram latencies, long nanos, long errors) {
        double perSecond() {
            return latencies.getTotalCount() * 1e9 / nanos;
        }
    }

    ClosedLoop(Contender.Client client, int window, int bytes, int readPercent) {
        this.client = client;
        this.window = window;
        this.readPercent = readPercent;
        payload = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            payload[i] = (byte) (i * 31);
        }
        Ledger.putNumber(payload, -1);
        startedNanos = new long[window];
        turns = new long[window];
    }

    void start() {
        client.listen(this);
        underWay.set(window);
        for (int slot = 0; slot < window; slot++) {
            turns[slot] = slot; // reads and writes are spread over the slots
            next(slot);
        }
    }

    /** Measures for so long. */
    Result measure(long nanos) {
        latencies.reset();
        long errorsBefore = errors.get();
        long begin = System.nanoTime();
        long end = begin + nanos;
        for (long left = nanos; left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        Histogram histogram = latencies.getIntervalHistogram();
        return new Result(histogram, System.nanoTime() - begin, errors.get() - errorsBefore);
    }

    /** Commands that failed since the start. */
    long errors() {
        return errors.get();
    }

    /** Begins no further command and waits for those under way; false if some are not answered in time. */
    boolean stop() throws InterruptedException {
        stopping = true;
        return idle.await(20, TimeUnit.SECONDS);
    }

    private void next(int slot) {
        startedNanos[slot] = System.nanoTime();
        if (readPercent > 0 && turns[slot]++ % 100 < readPercent) {
            client.read(slot);
        } else {
            client.submit(slot, payload);
        }
    }

    @Override
    public void reply(int slot, boolean ok) {
        if (ok) {
            latencies.recordValue(Math.min(HIGHEST_NANOS, System.nanoTime() - startedNanos[slot]));
        } else {
            errors.incrementAndGet();
        }
        if (!stopping) {
            next(slot);
        } else if (underWay.decrementAndGet() == 0) {
            idle.countDown();
        }
    }
}
