package dev.handover.jmh.groups;

import dev.handover.replication.Consistency;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.Session;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * What each kind of read costs: three nodes in this JVM with real logs, Netty over loopback and an embedded ZooKeeper, a fixed number of reads under way at a time on one node, while
 * one write after the other is done. Ratios are to the linearizable read of the leader.
 */
public final class ReadKinds {
    private static final Duration BOUND = Duration.ofMillis(100);
    private static final Duration LEASE = Duration.ofSeconds(1);
    private static final Duration WAIT = Duration.ofSeconds(30);
    private static final byte[] COMMAND = new byte[256];
    /** The common pool of a machine with two cores starts a thread for each answer. */
    private static final Executor CLIENT = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "reads-client");
        thread.setDaemon(true);
        return thread;
    });

    private final int inFlight;
    private final Duration duration;
    private double first;

    private ReadKinds(int inFlight, Duration duration) {
        this.inFlight = inFlight;
        this.duration = duration;
    }

    /** {@code reads [reads in flight, default 64] [seconds, default 5]}. */
    public static void main(String[] arguments) throws Exception {
        int inFlight = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 64;
        int seconds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
        if (inFlight < 1 || seconds < 1) {
            throw new IllegalArgumentException(
                    "reads in flight " + inFlight + " and seconds " + seconds + " must be above 0");
        }
        new ReadKinds(inFlight, Duration.ofSeconds(seconds)).measure();
    }

    private void measure() throws Exception {
        System.out.printf("%d reads under way at a time, one write at a time beside them%n", inFlight);
        System.out.println("read                            reads/s   ratio    p50 us    p99 us");
        with(builder -> builder, nodes -> {
            ReplicatedLog leader = nodes[0];
            ReplicatedLog follower = nodes[1];
            row("linearizable, leader", leader, () -> leader.read(Consistency.LINEARIZABLE, () -> 0));
            row("linearizable, follower", leader, () -> follower.read(Consistency.LINEARIZABLE, () -> 0));
            row("local", leader, () -> follower.read(Consistency.LOCAL, () -> 0));
            row("local, at most 100 ms old", leader, () -> follower.read(BOUND, () -> 0));
            try (Session session = follower.openSession().get()) {
                session.submit(COMMAND).get();
                row("of a session, follower", leader, () -> session.read(() -> 0));
            }
        });
        with(
                builder -> builder.readLeases(LEASE),
                nodes -> row(
                        "linearizable, leader, lease",
                        nodes[0],
                        () -> nodes[0].read(Consistency.LINEARIZABLE, () -> 0)));
    }

    private interface Kinds {
        void of(ReplicatedLog[] nodes) throws Exception;
    }

    private static void with(UnaryOperator<HaNode.Builder> settings, Kinds kinds) throws Exception {
        ManyGroups.run(1, settings, started -> {
            ReplicatedLog[] nodes =
                    started.logs().stream().map(logs -> logs.get(0)).toArray(ReplicatedLog[]::new);
            kinds.of(nodes);
            return 0;
        });
    }

    private void row(String name, ReplicatedLog leader, Supplier<CompletableFuture<Integer>> read) throws Exception {
        run(leader, read, duration.dividedBy(2)); // warm
        Histogram latencies = run(leader, read, duration);
        double perSecond = latencies.getTotalCount() / (duration.toNanos() / 1e9);
        first = first == 0 ? perSecond : first;
        System.out.printf(
                Locale.ROOT,
                "%-28s %10.0f %7.2f %9.0f %9.0f%n",
                name,
                perSecond,
                perSecond / first,
                latencies.getValueAtPercentile(50) / 1e3,
                latencies.getValueAtPercentile(99) / 1e3);
    }

    private Histogram run(ReplicatedLog leader, Supplier<CompletableFuture<Integer>> read, Duration time)
            throws Exception {
        Histogram latencies = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(1), 3);
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger open = new AtomicInteger(inFlight + 1);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        for (int i = 0; i < inFlight; i++) {
            loop(read, over, open, failure, latencies);
        }
        loop(() -> leader.submit(COMMAND).thenApply(answer -> 0), over, open, failure, new ConcurrentHistogram(3));
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
        over.set(true);
        long deadline = System.nanoTime() + WAIT.toNanos();
        while (open.get() > 0) {
            if (System.nanoTime() - deadline > 0) {
                throw new IllegalStateException(open.get() + " operations were not answered within " + WAIT);
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
        Throwable failed = failure.get();
        if (failed != null) {
            throw new IllegalStateException("an operation failed; the figures would mean nothing", failed);
        }
        return latencies;
    }

    private static void loop(
            Supplier<CompletableFuture<Integer>> operation,
            AtomicBoolean over,
            AtomicInteger open,
            AtomicReference<Throwable> failure,
            Histogram latencies) {
        long begin = System.nanoTime();
        operation
                .get()
                .whenCompleteAsync(
                        (answer, failed) -> {
                            if (failed != null) {
                                failure.set(failed);
                                open.decrementAndGet();
                            } else if (over.get()) {
                                open.decrementAndGet();
                            } else {
                                latencies.recordValue(System.nanoTime() - begin);
                                loop(operation, over, open, failure, latencies);
                            }
                        },
                        CLIENT);
    }
}
