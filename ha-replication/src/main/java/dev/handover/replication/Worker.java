package dev.handover.replication;

import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that opens the mails of its box until it is told to end. */
abstract class Worker {
    private static final class Task extends Mailbox.Mail {
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

    private final Mailbox mailbox = new Mailbox();
    private final Thread thread;
    private volatile boolean ending;
    private volatile boolean killed;

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
            boolean any = mailbox.openAll();
            long sleepNanos = afterBatch(any);
            if (!any) {
                if (ending) {
                    break;
                }
                mailbox.await(Math.min(sleepNanos, IDLE_NANOS));
            }
        }
        if (killed) {
            mailbox.discard();
        } else {
            mailbox.close();
            afterBatch(true);
        }
    }

    /** After everything that waited was opened: does what is due, and tells how long there is nothing else to do. */
    abstract long afterBatch(boolean any);

    /** Last call on the thread. */
    void ended() {}
}
