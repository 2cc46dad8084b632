package dev.handover.takeover.bluegreen;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one thread on which an instance's part in switches runs. What comes after its end is dropped. */
final class Loop {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);

    private final ScheduledThreadPoolExecutor executor;
    private final String name;
    private volatile @Nullable Thread thread;

    Loop(String name) {
        this.name = name;
        executor = new ScheduledThreadPoolExecutor(1, task -> {
            Thread created = new Thread(task, name);
            created.setDaemon(true);
            thread = created;
            return created;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        executor.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
    }

    /** False if it has ended. */
    boolean execute(Runnable task) {
        try {
            executor.execute(guarded(task));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    void later(Duration delay, Runnable task) {
        try {
            executor.schedule(guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("{} has ended; nothing is done later", name);
        }
    }

    void every(Duration interval, Runnable task) {
        executor.scheduleWithFixedDelay(guarded(task), 0, interval.toNanos(), TimeUnit.NANOSECONDS);
    }

    boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /** Runs what was given before, and ends; waits for it, except on its own thread. */
    void close(Duration longest) {
        executor.shutdown();
        if (isCurrentThread()) {
            return;
        }
        try {
            if (!executor.awaitTermination(longest.toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.warn("{} has not ended within {}", name, longest);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("{}: a task failed; this is a defect of Handover", name, e);
            }
        };
    }
}
