package dev.handover.examples.demo;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One sequential client, whose gaps are measured, and many more that write at the same time. */
final class Load implements AutoCloseable {
    /** Longer than the servers' own five seconds. */
    static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(7);

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration CONVERGENCE = Duration.ofSeconds(20);
    private static final long WARM_UP_MILLIS = 500;

    private final List<InetSocketAddress> nodes;
    private final Acknowledgements all = new Acknowledgements();
    private final List<Acknowledgements.Times> times = new ArrayList<>();
    private final List<Writer> writers = new ArrayList<>();
    private final List<FailoverClient> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private final ScheduledExecutorService keeper = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "keeps-connections-warm");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean closed;

    /**
     * Connects to nothing yet.
     *
     * @param concurrent how many writers beside the sequential one
     * @param first index of the node that the sequential client begins with; the others begin with one each in turn
     */
    Load(List<InetSocketAddress> nodes, int concurrent, int first) {
        this.nodes = List.copyOf(nodes);
        add("sequential", first);
        for (int i = 0; i < concurrent; i++) {
            add("concurrent-" + i, i % nodes.size());
        }
    }

    private void add(String name, int first) {
        Acknowledgements.Times acknowledgements = all.withTimes();
        times.add(acknowledgements);
        FailoverClient client = new FailoverClient(name, nodes, first, ANSWER_TIMEOUT);
        Writer writer = new Writer(name, new Ledger(name), client, acknowledgements, PATIENCE);
        Thread thread = new Thread(writer, "writer-" + name);
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((t, thrown) -> {
            if (!closed) {
                failure.compareAndSet(null, thrown);
            }
        });
        clients.add(client);
        writers.add(writer);
        threads.add(thread);
    }

    void start() {
        keeper.scheduleWithFixedDelay(this::warmUp, 0, WARM_UP_MILLIS, TimeUnit.MILLISECONDS);
        threads.forEach(Thread::start);
    }

    private void warmUp() {
        try {
            clients.forEach(FailoverClient::warmUp);
        } catch (RuntimeException e) {
            if (!closed) {
                failure.compareAndSet(null, e);
            }
        }
    }

    Acknowledgements acknowledged() {
        return all;
    }

    /** The times of the sequential client. */
    Acknowledgements.Times sequential() {
        return times.get(0);
    }

    /** For each client, the longest time between two acknowledged writes of it in that span. */
    List<Long> longestGaps(long from, long to) {
        return times.stream().map(one -> one.longestGap(from, to)).toList();
    }

    /** Whether every client has had a write acknowledged after that moment. */
    boolean allGoOn(long moment) {
        return times.stream().allMatch(one -> one.anyAfter(moment));
    }

    /** Index of the node that the sequential client uses now. */
    int sequentialNode() {
        return clients.get(0).current();
    }

    /** Throws if a writer could not go on. */
    void check() {
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new DemoFailure("a writer could not go on: " + thrown.getMessage(), thrown);
        }
    }

    /** Lets each writer end the write that is under way. */
    void stop() throws InterruptedException {
        writers.forEach(Writer::stop);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (Thread thread : threads) {
            thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
            if (thread.isAlive()) {
                throw new DemoFailure(
                        thread.getName() + " did not end its last write within " + PATIENCE.toSeconds() + " s");
            }
        }
        check();
    }

    /** After {@link #stop()}: writes whose outcome nobody knows. */
    int unknown() {
        return writers.stream()
                .mapToInt(writer -> writer.ledger().unknownCount())
                .sum();
    }

    /** After {@link #stop()}: reads everything back from every node, linearizable, and compares. */
    Audit audit() throws InterruptedException {
        List<Audit> audits = new ArrayList<>();
        for (InetSocketAddress node : nodes) {
            Audit audit = new Audit();
            List<List<String>> values = readAll(node, false);
            for (int i = 0; i < writers.size(); i++) {
                audit.compare(writers.get(i).ledger(), values.get(i));
            }
            audits.add(audit);
        }
        return Audit.worst(audits);
    }

    /** After {@link #stop()}: waits until all nodes hold the same in their own stores, by local reads. */
    void awaitConvergence() throws InterruptedException {
        List<List<String>> expected = readAll(nodes.get(0), false);
        long deadline = System.nanoTime() + CONVERGENCE.toNanos();
        for (InetSocketAddress node : nodes) {
            while (!readAll(node, true).equals(expected)) {
                if (System.nanoTime() - deadline > 0) {
                    throw new DemoFailure("the node at " + node + " still does not hold what the others hold, "
                            + CONVERGENCE.toSeconds() + " s after the last write");
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    private List<List<String>> readAll(InetSocketAddress node, boolean local) throws InterruptedException {
        try (RespConnection connection = RespConnection.dial(node, ANSWER_TIMEOUT)) {
            if (local && !(connection.call("READONLY") instanceof Reply.Status)) {
                throw new DemoFailure("the node at " + node + " refuses READONLY");
            }
            List<List<String>> all = new ArrayList<>();
            for (Writer writer : writers) {
                List<String> values = new ArrayList<>();
                for (String key : writer.ledger().keys()) {
                    values.add(read(connection, key));
                }
                all.add(values);
            }
            return all;
        } catch (IOException e) {
            throw new DemoFailure("cannot read everything back from " + node + ": " + e.getMessage(), e);
        }
    }

    private static String read(RespConnection connection, String key) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            Reply reply = connection.call("GET", key);
            if (reply instanceof Reply.Bulk bulk) {
                return bulk.text();
            }
            if (!(reply instanceof Reply.Failure failure) || System.nanoTime() - deadline > 0) {
                throw new IOException("GET " + key + " was answered by " + reply);
            }
            TimeUnit.MILLISECONDS.sleep(failure.notExecuted() ? 1 : 50);
        }
    }

    /** Ends everything, also in the middle of a write. Closing twice is fine. */
    @Override
    public void close() {
        closed = true;
        keeper.shutdownNow();
        writers.forEach(Writer::stop);
        threads.forEach(Thread::interrupt);
        clients.forEach(FailoverClient::close);
    }
}
