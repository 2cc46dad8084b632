package dev.handover.replication;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Forces the logs of several groups at the same time, so that the device takes their flushes together instead of one after the other. The threads exist while
 * several groups write; a group that waits alone is forced by the caller.
 */
final class Forces {
    /** With the calling thread. The more wait at once, the more of them the device takes with one flush. */
    static final int AT_ONCE = 16;

    private static final long IDLE_SECONDS = 5;

    private final ThreadPoolExecutor helpers;

    Forces(String name) {
        AtomicInteger number = new AtomicInteger();
        helpers = new ThreadPoolExecutor(
                AT_ONCE - 1, AT_ONCE - 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        helpers.allowCoreThreadTimeOut(true);
    }

    /**
     * Does something with each, several at once, and returns when all is done.
     *
     * @param work on any thread; must not throw
     * @param then on the calling thread, for each when its work is done, soon
     */
    <T> void each(List<T> all, Consumer<T> work, Consumer<T> then) {
        List<T> items = List.copyOf(all);
        Round<T> round = new Round<>(items, work);
        for (int helper = 1; helper < Math.min(AT_ONCE, items.size()); helper++) {
            helpers.execute(round);
        }
        int ended = 0;
        while (round.doNext()) {
            while (round.ended.tryAcquire()) {
                then.accept(round.takeEnded());
                ended++;
            }
        }
        for (; ended < items.size(); ended++) {
            round.ended.acquireUninterruptibly();
            then.accept(round.takeEnded());
        }
    }

    /** Ends the threads when they have done what they do. */
    void end() {
        helpers.shutdown();
    }

    private static final class Round<T> implements Runnable {
        private final List<T> items;
        private final Consumer<T> work;
        private final AtomicInteger next = new AtomicInteger();
        private final Queue<T> done = new ConcurrentLinkedQueue<>();
        private final Semaphore ended = new Semaphore(0);

        Round(List<T> items, Consumer<T> work) {
            this.items = items;
            this.work = work;
        }

        /** False if there is nothing left to begin with. */
        boolean doNext() {
            int mine = next.getAndIncrement();
            if (mine >= items.size()) {
                return false;
            }
            T item = items.get(mine);
            try {
                work.accept(item);
            } finally {
                done.add(item);
                ended.release();
            }
            return true;
        }

        T takeEnded() {
            T item = done.poll();
            if (item == null) {
                throw new IllegalStateException("ended was counted and nothing has ended");
            }
            return item;
        }

        @Override
        public void run() {
            while (doNext()) {
                // each in turn
            }
        }
    }
}
