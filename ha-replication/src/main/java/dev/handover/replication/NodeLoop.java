package dev.handover.replication;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Steps the cores of all groups of a node, one thread at a time: its own, or one that helps. What waits is taken in together, then each group that was touched
 * acts once.
 */
final class NodeLoop extends Worker {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final List<Replica> replicas = new ArrayList<>();
    private List<Replica> touched = new ArrayList<>();
    private List<Replica> flushing = new ArrayList<>();
    private long nowNanos = System.nanoTime();
    private long nextTickNanos = nowNanos;

    NodeLoop(String name) {
        super(name);
    }

    /** Runs the task on the loop; after the loop's end it is dropped. */
    void run(Runnable task) {
        tryRun(task);
    }

    void add(Replica replica) {
        replicas.add(replica);
    }

    void remove(Replica replica) {
        replicas.remove(replica);
    }

    List<Replica> replicas() {
        return replicas;
    }

    /** The clock as it was read last. */
    long nowNanos() {
        return nowNanos;
    }

    void readClock() {
        nowNanos = System.nanoTime();
    }

    void touched(Replica replica) {
        touched.add(replica);
    }

    @Override
    long afterBatch(boolean any) {
        readClock();
        if (nowNanos - nextTickNanos >= 0) {
            nextTickNanos = nowNanos + TICK_NANOS;
            for (int i = 0; i < replicas.size(); i++) {
                replicas.get(i).tick();
            }
        }
        List<Replica> acting = touched;
        touched = flushing;
        flushing = acting;
        for (Replica replica : acting) {
            replica.flush();
        }
        acting.clear();
        return touched.isEmpty() ? Math.max(0, nextTickNanos - nowNanos) : 0;
    }

    @Override
    void ended() {
        for (Replica replica : List.copyOf(replicas)) {
            replica.end("the node's loop has ended");
        }
    }
}
