package dev.handover.takeover.partition;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.ReplicaClosedException;
import dev.handover.ReplicaId;
import dev.handover.TransferRefusedException;
import dev.handover.coordination.MemberAttributes;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Work spread over all instances of a service: its keys fall into partitions, each a replicated log of its own with one leader, and the leaderships are spread over the instances by weight and zone. Every
 * instance starts one, alike but for the node:
 *
 * <pre>{@code
 * Partitions counters = Partitions.builder(node, "counters", 32)
 *         .stateMachines(partition -> new Counters())
 *         .start();
 * counters.submit("user-7", command).thenAccept(receipt -> …);   // on any instance, for any key
 * counters.route("user-7").leader();                             // who leads it
 * }</pre>
 *
 * <p>Nobody conducts: each instance draws the same {@link PartitionPlan} from what all can see, the configurations of the groups and who announces itself, and gives away (R18, no request fails) what it leads and
 * another should. What an instance leads that dies is taken over at once by replicas that are in sync, as for any group. See {@code docs/active-active.md}.
 *
 * <p>A key belongs to partition CRC-32C (RFC 3720, appendix B.4) of its bytes, in UTF-8 if it is a string, modulo the number of partitions. That number is for ever: it stands in a record of the configuration
 * store, and who starts with another is refused.
 *
 * <p>All methods may be called from any thread; none blocks but {@link #close}. Futures are those of {@link ReplicatedLog}.
 */
public final class Partitions implements AutoCloseable {
    /** Most partitions. */
    public static final int MAX_PARTITIONS = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(Partitions.class);
    private static final long CLOSE_SECONDS = 2;

    private final HaNode node;
    private final String name;
    private final List<ReplicatedLog> logs;
    private final ScheduledThreadPoolExecutor thread;
    private final Balancer balancer;
    private final List<Consumer<? super List<PartitionStatus>>> listeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile BalanceStatus balance = BalanceStatus.NONE;
    private volatile List<PartitionStatus> lastTable = List.of();
    private final Draining draining;
    private @Nullable String lastFailure;
    private volatile @Nullable Thread running;

    private Partitions(HaNode node, String name, List<ReplicatedLog> logs, Balancer.Settings settings) {
        this.node = node;
        this.name = name;
        draining = new Draining(node, name, logs);
        this.logs = List.copyOf(logs);
        thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread created = new Thread(task, "handover-" + node.id() + "-partitions-" + name);
            created.setDaemon(true);
            running = created;
            return created;
        });
        thread.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
        balancer = new Balancer(
                node,
                this.logs,
                settings,
                new BalanceEvents(node, name, logs.get(0).group()),
                this::onThread);
    }

    /**
     * Begins to configure this node's part.
     *
     * @param name of the whole, the same on every instance; partition {@code i} is the group {@code name-i}
     * @param count how many partitions, 1 to {@value #MAX_PARTITIONS}; the same on every instance, for ever. Some times as many as there will ever be instances: too few cannot be spread evenly, and each costs
     *     what a group costs
     */
    public static Builder builder(HaNode node, String name, int count) {
        return new Builder(node, name, count);
    }

    /** What a move that has ended leads to is looked at with it. */
    private void onThread(Runnable task) {
        try {
            thread.execute(() -> {
                task.run();
                tick();
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("{} partitions are closed; the end of a move is not followed", node.id());
        }
    }

    private void tick() {
        if (closed.get()) {
            return;
        }
        try {
            balance = balancer.tick();
            draining.looked(balance);
            lastFailure = null;
            List<PartitionStatus> table = table();
            if (!table.equals(lastTable)) {
                lastTable = table;
                node.events().execute(() -> listeners.forEach(listener -> listener.accept(table)));
            }
        } catch (RuntimeException e) {
            draining.notLooked(balance);
            String failure = e.toString();
            if (!failure.equals(lastFailure)) { // said once, and not ten times a second
                lastFailure = failure;
                LOG.error(
                        "{} partitions: a look at who leads what has failed, nothing is moved until one does not",
                        node.id(),
                        e);
            }
        }
    }

    /** The name of the whole. */
    public String name() {
        return name;
    }

    /** The node that this is this instance's part of. */
    public NodeId node() {
        return node.id();
    }

    /** How many partitions there are. */
    public int count() {
        return logs.size();
    }

    /** The partition of a key: see above for how. */
    public int partitionOf(String key) {
        return partitionOf(key.getBytes(StandardCharsets.UTF_8));
    }

    /** The partition of a key: see above for how. */
    public int partitionOf(byte[] key) {
        return partitionOf(key, logs.size());
    }

    static int partitionOf(byte[] key, int count) {
        CRC32C checksum = new CRC32C();
        checksum.update(key);
        return (int) (checksum.getValue() % count);
    }

    /** Where a key is, and who leads it as far as this instance knows. */
    public PartitionStatus route(String key) {
        return status(partitionOf(key));
    }

    /** This node's replica of that partition, for all that a log can do. Not to be closed. */
    public ReplicatedLog log(int partition) {
        return logs.get(Objects.checkIndex(partition, logs.size()));
    }

    /** {@link ReplicatedLog#submit} to the partition of the key, from any instance. */
    public CompletableFuture<byte[]> submit(String key, byte[] command) {
        return log(partitionOf(key)).submit(command);
    }

    /** {@link ReplicatedLog#query(byte[])} of the partition of the key: linearizable, on any instance. */
    public CompletableFuture<byte[]> query(String key, byte[] query) {
        return log(partitionOf(key)).query(query);
    }

    /** {@link ReplicatedLog#query(byte[], Consistency)} of the partition of the key. */
    public CompletableFuture<byte[]> query(String key, byte[] query, Consistency consistency) {
        return log(partitionOf(key)).query(query, consistency);
    }

    /** Who leads what, by partition, as this instance sees it now. */
    public List<PartitionStatus> table() {
        List<PartitionStatus> table = new ArrayList<>();
        for (int i = 0; i < logs.size(); i++) {
            table.add(status(i));
        }
        return table;
    }

    private PartitionStatus status(int partition) {
        ReplicatedLog log = log(partition);
        GroupStatus status = log.status();
        Configuration configuration = status.configuration();
        return new PartitionStatus(
                partition,
                log.group(),
                Optional.ofNullable(status.leader()),
                configuration == null ? 0 : configuration.epoch(),
                configuration == null
                        ? List.of()
                        : configuration.inSync().stream().map(ReplicaId::node).toList());
    }

    /** Calls the listener with the table now and after every change that a look finds, on the node's event thread. */
    public Registration onTable(Consumer<? super List<PartitionStatus>> listener) {
        listeners.add(listener);
        node.events().execute(() -> listener.accept(table()));
        return () -> listeners.remove(listener);
    }

    /** How far the spreading is, as of the last look. */
    public BalanceStatus balance() {
        return balance;
    }

    /**
     * Gives all partitions of this instance away, {@link Builder#movesAtMost} at a time, and takes none until {@link #resume} or the end of its node; it goes on following, so nobody loses a copy. For whatever is
     * to be done to an instance that should not be stopped. Drains its node ({@link HaNode#drain}): all its groups. What nobody else can lead it keeps, or takes over.
     *
     * @param timeout until when it should lead no partition any more, 1 ms to 1 day
     * @return completes when it leads no partition; fails with {@link TransferRefusedException} if it does not come to that in time (it drains on all the same), or is resumed, and with {@link
     *     ReplicaClosedException} if it is closed
     */
    public CompletableFuture<Void> drain(Duration timeout) {
        if (timeout.toMillis() < 1 || timeout.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(
                    "partitions " + name + ": timeout " + timeout + " is not between 1 ms and 1 day");
        }
        return draining.begin(timeout);
    }

    /** Ends {@link #drain}: this instance gets its share again. Completes when the others can see it. */
    public CompletableFuture<Void> resume() {
        return draining.resume();
    }

    /** Whether this instance drains. */
    public boolean isDraining() {
        return node.isDraining();
    }

    /** Completes when this instance is in sync in every partition; see {@link ReplicatedLog#awaitInSync}. */
    public CompletableFuture<Void> awaitInSync(Duration timeout) {
        return CompletableFuture.allOf(
                logs.stream().map(log -> log.awaitInSync(timeout)).toArray(CompletableFuture<?>[]::new));
    }

    /**
     * Moves nothing any more. The replicas go on until the node is closed, which gives away what it leads; close this one first. Waits for two seconds at most, and not on its own thread. Closing twice is fine.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        listeners.clear();
        thread.shutdownNow();
        draining.close();
        Thread last = running;
        if (last == null || last == Thread.currentThread()) {
            return;
        }
        try {
            // An executor has terminated a moment before its thread.
            last.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            if (last.isAlive()) {
                LOG.warn("{} partitions: the thread has not ended within {} s", node.id(), CLOSE_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Settings of an instance's part, the same on every instance; everything is checked by {@link #start}. The weight and the zone of an instance are the attributes of its node. */
    public static final class Builder {
        private final HaNode node;
        private final String name;
        private final int count;
        private IntFunction<? extends StateMachine> stateMachines = partition -> {
            throw new IllegalArgumentException("no state machines given: call stateMachines of Partitions.Builder");
        };
        private IntUnaryOperator weights = partition -> 1;
        private IntFunction<Optional<String>> zones = partition -> Optional.empty();
        private int atMost = 4;
        private Duration delay = Duration.ofSeconds(30);
        private Duration interval = Duration.ofMillis(100);
        private LongSupplier nanoTime = System::nanoTime;

        private Builder(HaNode node, String name, int count) {
            this.node = Objects.requireNonNull(node, "node");
            this.name = Objects.requireNonNull(name, "name");
            this.count = count;
        }

        /** Makes the state machine of each partition; required. Called once for each, by {@link #start}. */
        public Builder stateMachines(IntFunction<? extends StateMachine> value) {
            stateMachines = Objects.requireNonNull(value, "stateMachines");
            return this;
        }

        /** Share of the load that each partition is, 1 to 1000; default 1. That of an instance is its attribute {@link MemberAttributes#WEIGHT}. */
        public Builder weights(IntUnaryOperator value) {
            weights = Objects.requireNonNull(value, "weights");
            return this;
        }

        /** Where each partition should be led while somebody there can; default: anywhere. That of an instance is {@link HaNode.Builder#zone}. */
        public Builder zones(IntFunction<Optional<String>> value) {
            zones = Objects.requireNonNull(value, "zones");
            return this;
        }

        /** How many partitions this instance gives away at the same time; default 4, 1 to 64. Too small: a new instance takes load slowly; too big: many short pauses at once. */
        public Builder movesAtMost(int value) {
            atMost = value;
            return this;
        }

        /**
         * For how long an instance that was lost, or is not in sync everywhere yet, is waited for before the load is spread without it; default 30 s, up to a day. What it led is taken over at once all the same. Too
         * small: a restart moves the load twice; too big: after a loss those that took over carry more for so long.
         */
        public Builder delay(Duration value) {
            delay = value;
            return this;
        }

        /** How often it is looked who leads what; default 100 ms, from 1 ms to 1 min. A move takes two looks. Too small: wasted work; too big: load moves late. */
        public Builder interval(Duration value) {
            interval = value;
            return this;
        }

        /** For tests: the clock. */
        Builder nanoTime(LongSupplier value) {
            nanoTime = value;
            return this;
        }

        /**
         * Checks the settings, joins every partition and begins to take part. Blocks while logs are opened, and for the configuration store's answers (at most fifteen seconds).
         *
         * @throws IllegalArgumentException if a setting makes no sense; the message names value and remedy
         * @throws IllegalStateException if the partitions of that name are of another number, or the node has joined one already
         * @throws UncheckedIOException if the configuration store does not answer, or a log cannot be opened
         */
        public Partitions start() {
            within("partitions", count, 1, MAX_PARTITIONS);
            within("movesAtMost", atMost, 1, 64);
            within("delay in ms", delay.toMillis(), 0, TimeUnit.DAYS.toMillis(1));
            within("interval in ms", interval.toMillis(), 1, TimeUnit.MINUTES.toMillis(1));
            for (int i = 0; i < count; i++) {
                within("weight of partition " + i, weights.applyAsInt(i), 1, Placement.MAX_WEIGHT);
            }
            GroupId.of(name + "-" + (count - 1));
            NumberOfPartitions.agree(node.records(), name, count);
            List<ReplicatedLog> logs = new ArrayList<>();
            try {
                for (int i = 0; i < count; i++) {
                    logs.add(node.join(GroupId.of(name + "-" + i), stateMachines.apply(i)));
                }
            } catch (RuntimeException e) {
                logs.forEach(ReplicatedLog::close);
                throw e;
            }
            Partitions started = new Partitions(
                    node, name, logs, new Balancer.Settings(atMost, delay.toNanos(), weights, zones, nanoTime));
            started.thread.scheduleWithFixedDelay(started::tick, 0, interval.toNanos(), TimeUnit.NANOSECONDS);
            return started;
        }

        private void within(String what, long value, long least, long most) {
            if (value < least || value > most) {
                throw new IllegalArgumentException(
                        "partitions " + name + ": " + what + " " + value + " is not between " + least + " and " + most);
            }
        }
    }
}
