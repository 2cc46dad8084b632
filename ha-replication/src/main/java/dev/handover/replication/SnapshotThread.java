package dev.handover.replication;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A thread for what may take long: one writes snapshots, another one sends and receives them. Looks around regularly while there is something to look at. */
final class SnapshotThread extends Worker {
    private final BooleanSupplier look;
    private final long everyNanos;
    private long lastNanos = System.nanoTime();
    private boolean again = true;

    /**
     * A thread that looks around after it was given something to do, and as long as that is wanted.
     *
     * @param look says whether to look again
     */
    SnapshotThread(String name, long everyMillis, BooleanSupplier look) {
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
        again |= any;
        if (!again) {
            return Long.MAX_VALUE;
        }
        if (now - lastNanos >= everyNanos) {
            lastNanos = now;
            again = look.getAsBoolean();
        }
        return everyNanos;
    }
}
