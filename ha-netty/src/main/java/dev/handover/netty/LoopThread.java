package dev.handover.netty;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Makes the one daemon thread of an event loop, and waits for its end. */
final class LoopThread implements ThreadFactory {
    private final String name;
    private volatile @Nullable Thread thread;

    LoopThread(String name) {
        this.name = name;
    }

    @Override
    public Thread newThread(Runnable task) {
        Thread created = new FastThreadLocalThread(task, name);
        created.setDaemon(true);
        thread = created;
        return created;
    }

    /** Waits until it has ended, also when interrupted (which the caller then still learns of). False if it has not ended in time. */
    boolean awaitEnd(long timeoutNanos) {
        Thread awaited = thread;
        if (awaited == null) {
            return true;
        }
        boolean interrupted = false;
        long deadline = System.nanoTime() + timeoutNanos;
        long left = timeoutNanos;
        while (awaited.isAlive() && left > 0) {
            try {
                TimeUnit.NANOSECONDS.timedJoin(awaited, left);
            } catch (InterruptedException e) {
                interrupted = true;
            }
            left = deadline - System.nanoTime();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !awaited.isAlive();
    }
}
