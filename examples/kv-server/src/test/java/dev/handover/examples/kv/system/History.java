package dev.handover.examples.kv.system;

import dev.handover.replication.history.Operation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAccumulator;

/** What all clients asked for and were told. Times are {@link System#nanoTime}. Any thread. */
final class History {
    /** A request that ended without an answer of the state machine. */
    record Trouble(String client, String node, long atNanos, Request request, String what) {}

    private final Queue<Operation<Request, String>> operations = new ConcurrentLinkedQueue<>();
    private final Queue<Trouble> refused = new ConcurrentLinkedQueue<>();
    private final Queue<Trouble> uncertain = new ConcurrentLinkedQueue<>();
    private final Queue<Trouble> broken = new ConcurrentLinkedQueue<>();
    private final Queue<Trouble> unexpected = new ConcurrentLinkedQueue<>();
    private final AtomicInteger acknowledgedWrites = new AtomicInteger();
    private final LongAccumulator slowestNanos = new LongAccumulator(Math::max, 0);

    /**
     * A reply has arrived, of whatever kind.
     *
     * @return whether it is the state machine's answer
     */
    boolean replied(String client, String node, Request request, String reply, long invoked) {
        long now = System.nanoTime();
        slowestNanos.accumulate(now - invoked);
        Trouble trouble = new Trouble(client, node, now, request, reply);
        if (!reply.startsWith("-")) {
            operations.add(Operation.answered(client, request, reply, invoked, now));
            if (!request.isRead()) {
                acknowledgedWrites.incrementAndGet();
            }
            return true;
        } else if (reply.startsWith("-TRYAGAIN ") || reply.startsWith("-OVERLOADED ")) {
            refused.add(
                    trouble); // surely not executed: no operation; if it were, what others read would not be explained
        } else {
            operations.add(Operation.unknown(client, request, invoked));
            (reply.startsWith("-UNCERTAIN ") ? uncertain : unexpected).add(trouble);
        }
        return false;
    }

    /** The connection ended, or no reply came in time. */
    void lost(String client, String node, Request request, IOException why, long invoked) {
        operations.add(Operation.unknown(client, request, invoked));
        broken.add(new Trouble(client, node, System.nanoTime(), request, why.toString()));
    }

    List<Operation<Request, String>> operations() {
        return List.copyOf(operations);
    }

    /** Refused with the promise that they were not executed. */
    Collection<Trouble> refused() {
        return refused;
    }

    /** Answered {@code -UNCERTAIN}. */
    Collection<Trouble> uncertain() {
        return uncertain;
    }

    /** Ended with their connection, or with the client's patience. */
    Collection<Trouble> broken() {
        return broken;
    }

    /** Errors that no command of the tests may cause. */
    Collection<Trouble> unexpected() {
        return unexpected;
    }

    int acknowledgedWrites() {
        return acknowledgedWrites.get();
    }

    /** The longest time that a reply has taken. */
    Duration slowest() {
        return Duration.ofNanos(slowestNanos.get());
    }

    /** The longest time within these bounds in which no write was acknowledged to anybody. */
    Duration longestGap(long fromNanos, long toNanos) {
        List<Long> times = new ArrayList<>();
        for (Operation<Request, String> operation : operations) {
            if (!operation.isUnknown() && !operation.input().isRead()) {
                times.add(operation.completed());
            }
        }
        times.removeIf(time -> time < fromNanos || time > toNanos);
        times.add(toNanos);
        times.sort(null);
        long longest = 0;
        long last = fromNanos;
        for (long time : times) {
            longest = Math.max(longest, time - last);
            last = time;
        }
        return Duration.ofNanos(longest);
    }

    @Override
    public String toString() {
        return operations.size() + " operations, " + acknowledgedWrites + " writes acknowledged, " + refused.size()
                + " refused, " + uncertain.size() + " uncertain, " + broken.size() + " broken off, slowest reply "
                + slowest().toMillis() + " ms";
    }
}
