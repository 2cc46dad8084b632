package dev.handover.replication;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that opens the mails of its box until it is told to end. When it sleeps, another thread may {@link #help}: it opens what it has posted itself, which
 * costs less than waking a thread. Whoever opens holds {@link #opening}, so that mails are opened by one thread at a time, and each sees what the one before has
 * done.
 */
abstract class Worker {
    /** A mail that runs something. */
    static final class Task extends Mailbox.Mail {
        private final Runnable task;

        Task(Runnable task) {
            this.task = task;
        }

        @Override
        void open() {
            task.run();
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** How soon the thread looks again when it has met a helper, who takes far less. */
    private static final long HELPED_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    /** So much too late the thread may wake for what a helper has found to be due. */
    private static final long EARLY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Mailbox mailbox = new Mailbox();
    private final AtomicBoolean opening = new AtomicBoolean();
    private final Thread thread;
    private volatile boolean ending;
    private volatile boolean killed;
    private volatile @Nullable Throwable helperFailure;
    /** When the thread wakes by itself. */
    private volatile long asleepUntilNanos;

    Worker(String name) {
        thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    final void start() {
        thread.start();
    }

    /** Hands over; false after the end. Any thread. */
    final boolean post(Mailbox.Mail mail) {
        return mailbox.post(mail);
    }

    /** Hands over and wakes nobody; the caller has to call {@link #help} soon. False after the end. Any thread. */
    final boolean postQuietly(Mailbox.Mail mail) {
        return mailbox.postQuietly(mail);
    }

    /** Whether something waits to be opened. Any thread. */
    final boolean hasMail() {
        return mailbox.hasMail();
    }

    /**
     * Opens what waits on the calling thread, unless it is being opened: then whoever does that sees the rest, too. What has come when that is done is
     * left to the own thread. Any thread that does not itself wait for this one.
     */
    final void help() {
        if (!mailbox.hasMail()) {
            return;
        }
        if (ending || killed) {
            mailbox.wake();
            return;
        }
        if (!opening.compareAndSet(false, true)) {
            return;
        }
        boolean slept = mailbox.standIn();
        long sleepNanos = 0;
        try {
            mailbox.openAll();
            sleepNanos = afterBatch(true);
        } catch (RuntimeException | Error e) {
            helperFailure = e; // ends the thread as if it had happened there
        } finally {
            opening.set(false);
        }
        if (slept) {
            mailbox.standBack();
        } else {
            wakeForMail(); // the thread may have met this one, and sleep since
        }
        if (sleepNanos < IDLE_NANOS && System.nanoTime() + sleepNanos + EARLY_NANOS - asleepUntilNanos < 0) {
            mailbox.wake();
        }
    }

    /** Whether the thread sleeps, and nobody opens in its place: who has posted quietly has to see to it. Any thread. */
    final boolean sleeps() {
        return mailbox.consumerSleeps();
    }

    /** Wakes the thread if it sleeps and something waits. Any thread. */
    final void wakeForMail() {
        if (mailbox.hasMail()) {
            mailbox.wake();
        }
    }

    /** Runs the task on this thread, after what was handed over before; false after the end. */
    final boolean tryRun(Runnable task) {
        return mailbox.post(new Task(task));
    }

    final boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    /** Opens what waits, then ends. */
    final void end() {
        ending = true;
        wake();
    }

    /** Ends without looking at what waits, as a dying process would. */
    final void kill() {
        killed = true;
        wake();
    }

    final boolean killed() {
        return killed;
    }

    private void wake() {
        tryRun(() -> {});
    }

    /** Waits for the end of the thread; false if it does not come in time. */
    final boolean join(long millis) {
        if (isCurrentThread()) {
            return false;
        }
        boolean interrupted = false;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (thread.isAlive()) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left <= 0) {
                LOG.warn("Thread {} has not ended within {} ms", thread.getName(), millis);
                break;
            }
            try {
                thread.join(left);
            } catch (InterruptedException e) {
                interrupted = true; // closing goes on; the caller sees the flag afterwards
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return !thread.isAlive();
    }

    private void run() {
        mailbox.consumedByThisThread();
        try {
            work();
        } catch (RuntimeException | Error e) {
            LOG.error("Defect: thread {} ends", thread.getName(), e);
            mailbox.discard();
        }
        ended();
    }

    private void work() {
        while (!killed) {
            if (!opening.compareAndSet(false, true)) {
                mailbox.awaitWhile(opening, HELPED_NANOS);
                continue;
            }
            boolean any;
            long sleepNanos;
            try {
                rethrow(helperFailure);
                any = mailbox.openAll();
                sleepNanos = Math.min(afterBatch(any), IDLE_NANOS);
            } finally {
                opening.set(false);
            }
            if (!any) {
                if (ending) {
                    break;
                }
                asleepUntilNanos = System.nanoTime() + sleepNanos;
                mailbox.await(sleepNanos);
            }
        }
        while (!opening.compareAndSet(false, true)) { // and keeps it: nobody helps any more
            LockSupport.parkNanos(this, HELPED_NANOS);
        }
        if (killed) {
            mailbox.discard();
        } else {
            mailbox.close();
            afterBatch(true);
        }
    }

    private static void rethrow(@Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /** After everything that waited was opened: does what is due, and tells how long there is nothing else to do. */
    abstract long afterBatch(boolean any);

    /** Last call on the thread. */
    void ended() {}
}
