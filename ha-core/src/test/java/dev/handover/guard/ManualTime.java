package dev.handover.guard;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Time that a test moves; what is due runs on the thread that moves it. */
final class ManualTime extends Time {
    private record Due(long at, long order, Runnable task) {}

    private final PriorityQueue<Due> tasks =
            new PriorityQueue<>(Comparator.comparingLong(Due::at).thenComparingLong(Due::order));
    private final List<Duration> sleeps = new ArrayList<>();
    private long now;
    private long order;

    @Override
    synchronized long nanos() {
        return now;
    }

    @Override
    void sleep(long nanos) {
        sleeps.add(Duration.ofNanos(nanos));
        advance(Duration.ofNanos(nanos));
    }

    @Override
    synchronized void after(long nanos, Runnable task) {
        tasks.add(new Due(now + nanos, order++, task));
    }

    void advance(Duration by) {
        long end = nanos() + by.toNanos();
        Due due = next(end);
        while (due != null) {
            due.task().run();
            due = next(end);
        }
    }

    private synchronized Due next(long end) {
        Due head = tasks.peek();
        if (head == null || head.at() > end) {
            now = Math.max(now, end);
            return null;
        }
        now = Math.max(now, head.at());
        return tasks.poll();
    }

    synchronized int waiting() {
        return tasks.size();
    }

    List<Duration> sleeps() {
        return sleeps;
    }
}
