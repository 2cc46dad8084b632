package dev.handover.leadership;

import dev.handover.Registration;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a task while its source says that this process leads, never twice at a time. At the end of the leadership the task is interrupted, and
 * not started for a later epoch before it has returned. A task that throws is started again after 100 ms, then twice as long each time up to 30 s; one that
 * returns is not started again in the same epoch.
 */
public final class LeaderTaskRunner implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LeaderTaskRunner.class);
    private static final long FIRST_PAUSE_NANOS = Duration.ofMillis(100).toNanos();
    private static final long LONGEST_PAUSE_NANOS = Duration.ofSeconds(30).toNanos();

    private final String name;
    private final LeaderTask task;
    private final Thread thread;
    private final Registration registration;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private Leadership.@Nullable Leading wanted;
    private long finishedEpoch;
    private boolean running;
    private boolean closed;

    /** Starts. The name is that of the thread and of log lines. */
    public LeaderTaskRunner(String name, LeadershipSource source, LeaderTask task) {
        this.name = name;
        this.task = task;
        thread = new Thread(this::loop, name);
        thread.setDaemon(true);
        thread.start();
        registration = source.listen(this::know);
    }

    /** What the source says. Another epoch than before, or none, interrupts the task. */
    private void know(Leadership leadership) {
        lock.lock();
        try {
            Leadership.Leading next = leadership instanceof Leadership.Leading leading ? leading : null;
            if (!closed) {
                want(next);
            }
        } finally {
            lock.unlock();
        }
    }

    /** One interrupt for one end, so that the task's clean-up is left alone. */
    private void want(Leadership.@Nullable Leading next) {
        if (Objects.equals(next, wanted)) {
            return;
        }
        wanted = next;
        if (running) {
            thread.interrupt();
        }
        changed.signalAll();
    }

    /**
     * Ends the task now, though the source has not said so yet, and waits for it: what a source does before it gives its leadership away.
     *
     * @return whether the task has ended in time
     */
    public boolean stopAndAwait(Duration timeout) {
        lock.lock();
        try {
            want(null);
            long left = timeout.toNanos();
            while (running && left > 0 && Thread.currentThread() != thread) {
                left = changed.awaitNanos(left);
            }
            return !running;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** Interrupts the task and waits up to ten seconds for it, except when the task itself calls. Closing twice is fine. */
    @Override
    public void close() {
        registration.close();
        lock.lock();
        try {
            closed = true;
            want(null);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (!stopAndAwait(Duration.ofSeconds(10)) && Thread.currentThread() != thread) {
            LOG.warn("{}: the task has not returned within 10 s of its interrupt", name);
        }
    }

    private void loop() {
        long pause = FIRST_PAUSE_NANOS;
        long pausedEpoch = 0;
        for (Leadership.Leading leading = next(); leading != null; leading = next()) {
            if (leading.epoch() != pausedEpoch) {
                pausedEpoch = leading.epoch();
                pause = FIRST_PAUSE_NANOS;
            }
            boolean failed = run(leading);
            if (failed) {
                pause(leading, pause);
                pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
            }
        }
    }

    /** Waits for a leadership in which the task is still to be run; null at close. */
    private Leadership.@Nullable Leading next() {
        lock.lock();
        try {
            while (!closed) {
                Leadership.Leading next = wanted;
                if (next != null && next.epoch() != finishedEpoch) {
                    running = true;
                    return next;
                }
                changed.awaitUninterruptibly();
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private boolean run(Leadership.Leading leading) {
        boolean failed = false;
        try {
            task.run(leading);
        } catch (InterruptedException e) {
            LOG.debug("{}: interrupted in epoch {}", name, leading.epoch(), e);
            failed = true;
        } catch (Exception | Error e) {
            LOG.warn(
                    "{}: the task failed in epoch {}; it is started again while this process leads",
                    name,
                    leading.epoch(),
                    e);
            failed = true;
        }
        lock.lock();
        try {
            running = false;
            boolean interrupted = Thread.interrupted(); // it was meant for the task
            boolean goesOn = leading.equals(wanted);
            if (!failed && goesOn && !interrupted) {
                finishedEpoch = leading.epoch();
            }
            changed.signalAll();
            return failed && goesOn;
        } finally {
            lock.unlock();
        }
    }

    private void pause(Leadership.Leading leading, long nanos) {
        lock.lock();
        try {
            long left = nanos;
            while (!closed && leading.equals(wanted) && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            LOG.debug("{}: interrupted while it waits; it looks again at who leads", name, e);
        } finally {
            lock.unlock();
        }
    }
}
