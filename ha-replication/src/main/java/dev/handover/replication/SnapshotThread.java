package dev.handover.replication;

import java.util.concurrent.TimeUnit;

/** A thread for what may take long: one writes snapshots, another one sends and receives them. Looks around regularly. */
final class SnapshotThread extends Worker {
    private final Runnable look;
    private final long everyNanos;
    private long lastNanos = System.nanoTime();

    SnapshotThread(String name, long everyMillis, Runnable look) {
        super(name);
        this.look = look;
        everyNanos = TimeUnit.MILLISECONDS.toNanos(everyMillis);
    }

    /** Runs the task here, after what was handed over before; not at all after the end. */
    void run(Runnable task) {
        tryRun(task);
    }

    @Override
    long afterBatch(boolean any) {
        long now = System.nanoTime();
        if (now - lastNanos >= everyNanos) {
            lastNanos = now;
            look.run();
        }
        return everyNanos;
    }
}
