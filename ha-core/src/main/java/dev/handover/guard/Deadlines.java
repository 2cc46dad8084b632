package dev.handover.guard;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends what takes longer than one delay that is the same for all, hence a queue in order of time: entering costs an append, and there is at most one timer under way however many calls are, none when there are none.
 * What has ended leaves when all that began before it has ended or expired.
 */
final class Deadlines {
    /** Something that ends, by itself or because its time is over. */
    abstract static class Timed {
        private long at;

        abstract boolean isEnded();

        /** The time is over; called once at most, and perhaps at the moment at which it ends by itself. */
        abstract void expire();
    }

    private final Time time;
    private final long delayNanos;
    private final ConcurrentLinkedQueue<Timed> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean armed = new AtomicBoolean();

    Deadlines(Time time, long delayNanos) {
        this.time = time;
        this.delayNanos = delayNanos;
    }

    void enter(Timed timed) {
        timed.at = time.nanos() + delayNanos;
        dropEnded();
        queue.add(timed);
        if (!armed.get() && armed.compareAndSet(false, true)) {
            time.after(delayNanos, this::sweep);
        }
    }

    /** How many are remembered, ended ones included. */
    int size() {
        return queue.size();
    }

    private void dropEnded() {
        Timed head = queue.peek();
        while (head != null && head.isEnded()) {
            queue.remove(head); // not poll: somebody else may have taken it, and then the head is another one
            head = queue.peek();
        }
    }

    private void sweep() {
        do {
            Timed head = queue.peek();
            while (head != null) {
                if (!head.isEnded()) {
                    long left = head.at - time.nanos();
                    if (left > 0) {
                        time.after(left, this::sweep);
                        return;
                    }
                    if (queue.remove(head)) {
                        head.expire();
                    }
                } else {
                    queue.remove(head);
                }
                head = queue.peek();
            }
            armed.set(false);
        } while (!queue.isEmpty() && armed.compareAndSet(false, true));
    }
}
