package dev.handover.replication;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From many threads to one, which takes everything that waits at once: posting is one compare-and-set, taking one swap (a Treiber stack, reversed
 * on the way out, so that what one thread posted comes out in its order). The consumer is woken only if it sleeps. It has no bound of its own: who posts what a caller
 * or a peer causes counts it first.
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
    private static final Mail SLEEPING = new Mark();
    private static final Mail CLOSED = new Mark();

    private final AtomicReference<@Nullable Mail> head = new AtomicReference<>();
    private volatile @Nullable Thread consumer;

    /** The calling thread is the one that takes. */
    void consumedByThisThread() {
        consumer = Thread.currentThread();
    }

    /** Posts; false if the mailbox is closed. */
    boolean post(Mail mail) {
        while (true) {
            Mail top = head.get();
            if (top == CLOSED) {
                return false;
            }
            mail.next = top == SLEEPING ? null : top;
            if (head.compareAndSet(top, mail)) {
                if (top == SLEEPING) {
                    LockSupport.unpark(consumer);
                }
                return true;
            }
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
        if (head.get() == null && head.compareAndSet(null, SLEEPING)) {
            LockSupport.parkNanos(this, nanos);
            head.compareAndSet(SLEEPING, null);
        }
        Thread.interrupted(); // set by a state machine or listener that ran here, if by anybody: no sleep would work
        // any more
    }

    private static boolean open(@Nullable Mail newest) {
        Mail oldest = null;
        Mail mail = newest == SLEEPING || newest == CLOSED ? null : newest;
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
