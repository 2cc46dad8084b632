package dev.handover.replication;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From many threads to one, which takes everything that waits at once: posting is one compare-and-set, taking one swap (a Treiber stack, reversed
 * on the way out, so that what one thread posted comes out in its order). The consumer is woken only if it sleeps, and another thread may open in its place. It has
 * no bound of its own: who posts what a caller or a peer causes counts it first.
 */
final class Mailbox {
    /** What is posted: once at a time. */
    abstract static class Mail {
        private @Nullable Mail next;

        /** Called by the consumer. */
        abstract void open();
    }

    private static final class Mark extends Mail {
        @Override
        void open() {
            throw new IllegalStateException("not a mail");
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Mailbox.class);
    private static final Mail CLOSED = new Mark();

    private final AtomicReference<@Nullable Mail> head = new AtomicReference<>();
    /** The consumer sleeps, or is about to, and nobody stands in for it: who posts has to wake it. */
    private final AtomicBoolean asleep = new AtomicBoolean();

    private volatile @Nullable Thread consumer;

    /** The calling thread is the one that takes. */
    void consumedByThisThread() {
        consumer = Thread.currentThread();
    }

    /** Posts; false if the mailbox is closed. */
    boolean post(Mail mail) {
        if (!postQuietly(mail)) {
            return false;
        }
        wake();
        return true;
    }

    /** Posts and wakes nobody: the caller sees to it that what waits is opened soon. False if the mailbox is closed. */
    boolean postQuietly(Mail mail) {
        while (true) {
            Mail top = head.get();
            if (top == CLOSED) {
                return false;
            }
            mail.next = top;
            if (head.compareAndSet(top, mail)) {
                return true;
            }
        }
    }

    /** Wakes the consumer if it sleeps. */
    void wake() {
        if (asleep.get() && asleep.compareAndSet(true, false)) {
            LockSupport.unpark(consumer);
        }
    }

    /** Whether the consumer has to be woken for what waits. */
    boolean consumerSleeps() {
        return asleep.get();
    }

    /** Whether something waits. */
    boolean hasMail() {
        Mail top = head.get();
        return top != null && top != CLOSED;
    }

    /** The caller opens in the place of the consumer, which need not be woken for that. False if it does not sleep. */
    boolean standIn() {
        return asleep.compareAndSet(true, false);
    }

    /** After {@link #standIn}: what comes from now on is the consumer's again, and so is what has come meanwhile. */
    void standBack() {
        asleep.set(true);
        if (hasMail()) {
            wake();
        }
    }

    /** Opens everything that waits, oldest first; false if nothing did. */
    boolean openAll() {
        return open(head.getAndSet(null));
    }

    /** Opens what waits, and takes nothing from now on. */
    void close() {
        open(head.getAndSet(CLOSED));
    }

    /** Throws away what waits, and takes nothing from now on. */
    void discard() {
        head.set(CLOSED);
    }

    /** Sleeps until something waits, but not longer than so, or less. */
    void await(long nanos) {
        asleep.set(true); // before the look: who posts after it sees that there is somebody to wake
        sleep(head.get() == null, nanos);
    }

    /** Sleeps while somebody opens in the place of the consumer, who looks afterwards whether there is something to wake it for; but not longer than so, or less. */
    void awaitWhile(AtomicBoolean opening, long nanos) {
        asleep.set(true);
        sleep(opening.get(), nanos);
    }

    private void sleep(boolean reason, long nanos) {
        if (reason) {
            LockSupport.parkNanos(this, nanos);
        }
        asleep.set(false);
        Thread.interrupted(); // set by a state machine or listener that ran here, if by anybody: no sleep would work
        // any more
    }

    private static boolean open(@Nullable Mail newest) {
        Mail oldest = null;
        Mail mail = newest == CLOSED ? null : newest;
        while (mail != null) {
            Mail older = mail.next;
            mail.next = oldest;
            oldest = mail;
            mail = older;
        }
        boolean any = oldest != null;
        while (oldest != null) {
            Mail next = oldest.next;
            oldest.next = null;
            try {
                oldest.open();
            } catch (RuntimeException e) {
                LOG.error(
                        "Defect: a task of thread {} failed",
                        Thread.currentThread().getName(),
                        e);
            }
            oldest = next;
        }
        return any;
    }
}
