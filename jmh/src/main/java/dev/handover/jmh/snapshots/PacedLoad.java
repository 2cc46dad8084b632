package dev.handover.jmh.snapshots;

import dev.handover.replication.ReplicatedLog;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Commands at a fixed rate, whether or not the ones before have been answered; a command's time runs from when it was due, so that a stall counts for everybody who would have come
 * meanwhile (G. Tene, "How NOT to measure latency").
 */
final class PacedLoad implements AutoCloseable {
    private static final Duration END = Duration.ofSeconds(60);

    private final ReplicatedLog log;
    private final byte[] command;
    private final long intervalNanos;
    private final Thread thread;
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean over;

    private long[] due = new long[1 << 16];
    private long[] took = new long[1 << 16];
    private int count;

    private PacedLoad(ReplicatedLog log, int perSecond, int bytes) {
        this.log = log;
        command = new byte[bytes];
        intervalNanos = 1_000_000_000L / perSecond;
        thread = new Thread(this::run, "paced-load");
        thread.setDaemon(true);
    }

    static PacedLoad start(ReplicatedLog log, int perSecond, int bytes) {
        PacedLoad load = new PacedLoad(log, perSecond, bytes);
        load.thread.start();
        return load;
    }

    private void run() {
        long next = System.nanoTime();
        while (!over) {
            long now = System.nanoTime();
            if (now < next) {
                LockSupport.parkNanos(next - now);
                continue;
            }
            submit(next);
            next += intervalNanos;
        }
    }

    private void submit(long dueNanos) {
        open.incrementAndGet();
        log.submit(command).whenComplete((answer, thrown) -> {
            if (thrown == null) {
                add(dueNanos, System.nanoTime() - dueNanos);
            } else {
                failure.compareAndSet(null, thrown);
            }
            open.decrementAndGet();
        });
    }

    private synchronized void add(long dueNanos, long tookNanos) {
        if (count == due.length) {
            due = Arrays.copyOf(due, 2 * count);
            took = Arrays.copyOf(took, 2 * count);
        }
        due[count] = dueNanos;
        took[count++] = tookNanos;
    }

    /** Those due from then until then; both by {@link System#nanoTime}. */
    synchronized Latencies between(String name, long fromNanos, long toNanos) {
        long[] some = new long[count];
        int found = 0;
        for (int i = 0; i < count; i++) {
            if (due[i] - fromNanos >= 0 && due[i] - toNanos < 0) {
                some[found++] = took[i];
            }
        }
        return new Latencies(name, Arrays.copyOf(some, found));
    }

    /** Ends, and fails if any command did: figures of a load that lost something mean nothing. */
    @Override
    public void close() {
        over = true;
        try {
            thread.join(END.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while commands were answered", e);
        }
        long deadline = System.nanoTime() + END.toNanos();
        while (open.get() > 0 && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(1_000_000);
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("a command failed", thrown);
        }
        if (thread.isAlive() || open.get() > 0) {
            throw new IllegalStateException(open.get() + " commands were not answered within " + END);
        }
    }
}
