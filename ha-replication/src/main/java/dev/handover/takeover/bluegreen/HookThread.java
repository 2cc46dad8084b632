package dev.handover.takeover.bluegreen;

import dev.handover.takeover.bluegreen.Report.Task;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs the application's hooks, one at a time, each for a bounded time. Everything but the hooks runs on the instance's loop. */
final class HookThread {
    private static final Logger LOG = LoggerFactory.getLogger(HookThread.class);
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final Instance instance;
    private final ExecutorService executor;
    private @Nullable Run running;

    HookThread(Instance instance) {
        this.instance = instance;
        executor = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "handover-" + instance.node().id() + "-blue-green-hooks");
            thread.setDaemon(true);
            return thread;
        });
    }

    private static final class Run {
        final String what;
        final long deadlineNanos;
        final Duration time;
        final Consumer<Task> result;

        @Nullable
        Future<?> future;
        /** Its result was told; the hook itself may not have returned yet. */
        boolean over;

        Run(String what, long deadlineNanos, Duration time, Consumer<Task> result) {
            this.what = what;
            this.deadlineNanos = deadlineNanos;
            this.time = time;
            this.result = result;
        }
    }

    boolean isBusy() {
        return running != null;
    }

    /** Runs it and tells how it ended, at the latest when its time is over. */
    void run(String what, Duration time, Callable<Task> hook, Consumer<Task> result) {
        Run earlier = running;
        if (earlier != null) {
            result.accept(Task.failed("the " + earlier.what + " begun earlier has not returned"));
            return;
        }
        Run run = new Run(what, instance.now() + time.toNanos(), time, result);
        running = run;
        run.future = executor.submit(() -> {
            Task ended;
            try {
                ended = hook.call();
            } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
                LOG.warn("{} the {} of the application failed", instance.label(), what, e);
                ended = Task.failed("the " + what + " threw " + e);
            }
            Task told = ended;
            instance.loop().execute(() -> returned(run, told));
        });
    }

    private void returned(Run run, Task ended) {
        if (running == run) {
            running = null;
        }
        tell(run, ended);
    }

    private static void tell(Run run, Task ended) {
        if (!run.over) {
            run.over = true;
            run.result.accept(ended);
        }
    }

    /** Interrupts what has had its time. */
    void tick() {
        Run run = running;
        if (run != null && !run.over && instance.now() - run.deadlineNanos >= 0) {
            interrupt(run);
            tell(run, Task.failed("the " + run.what + " did not end within " + run.time));
        }
    }

    /** Whatever runs is not wanted any more. */
    void cancel(String why) {
        Run run = running;
        if (run != null && !run.over) {
            interrupt(run);
            tell(run, Task.failed("the " + run.what + " was interrupted: " + why));
        }
    }

    private static void interrupt(Run run) {
        Future<?> future = run.future;
        if (future != null) {
            future.cancel(true);
        }
    }

    /** Not on the loop. */
    void close() {
        executor.shutdownNow();
        try {
            if (!executor.awaitTermination(CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn(
                        "{} a hook of the application ignores that it was interrupted, and runs on after the end",
                        instance.label());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
