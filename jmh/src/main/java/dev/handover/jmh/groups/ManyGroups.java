package dev.handover.jmh.groups;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.jmh.copies.Copies;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.Command;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.StateMachine;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * What it costs to spread the same writes over many groups, and what groups cost that do nothing. Three nodes with real logs, Netty over loopback and an
 * embedded ZooKeeper, all in this JVM; each count of groups begins with empty directories, and the first count is what the others are compared with.
 */
public final class ManyGroups {
    private static final Duration WAIT = Duration.ofMinutes(2);
    private static final int NODES = 3;
    /** The default of a node; more only where one group has to take more. */
    private static final int MAX_PENDING = 16_384;

    private static final byte[] NO_ANSWER = new byte[0];

    private static final String USAGE =
            """
            groups [counts] [writes in flight] [seconds] [segment KiB] [warm-up seconds]
              defaults: 1,16,64,256 1024 10 1024 20
            groups --bound [the same]
              each write in flight belongs to one group: whoever gets an answer writes to that group again
            groups --idle [groups] [seconds]
              groups that never write: processor time of three nodes, and heap per node; defaults: 1000 30
            groups --takeover [groups]
              until all groups of a node that dies are led by others; default: 256
            """;

    private final int inFlight;
    private final boolean bound;
    private final Duration warmUp;
    private final Duration duration;
    private final StorageOptions storage;

    private ManyGroups(int inFlight, boolean bound, Duration warmUp, Duration duration, StorageOptions storage) {
        this.inFlight = inFlight;
        this.bound = bound;
        this.warmUp = warmUp;
        this.duration = duration;
        this.storage = storage;
    }

    /** What was measured with one count of groups. */
    record Figures(
            int groups, double writesPerSecond, double microsPerWrite, double idleCores, long heapMib, int threads) {}

    /** Measures and prints a table. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("--idle")) {
            int groups = positive("groups", argument(arguments, 1, "1000"));
            Duration duration = Duration.ofSeconds(positive("seconds", argument(arguments, 2, "30")));
            new ManyGroups(0, false, Duration.ZERO, duration, StorageOptions.defaults()).measureIdle(groups);
            return;
        }
        if (arguments.length > 0 && arguments[0].equals("--takeover")) {
            int groups = positive("groups", argument(arguments, 1, "256"));
            System.out.println(TakeOverOfMany.measure(groups, StorageOptions.defaults()));
            return;
        }
        boolean bound = arguments.length > 0 && arguments[0].equals("--bound");
        measure(bound, bound ? Arrays.copyOfRange(arguments, 1, arguments.length) : arguments);
    }

    private static void measure(boolean bound, String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].startsWith("-")) {
            System.out.print(USAGE);
            return;
        }
        int[] counts = Arrays.stream(argument(arguments, 0, "1,16,64,256").split(","))
                .mapToInt(text -> positive("counts", text))
                .toArray();
        ManyGroups benchmark = new ManyGroups(
                positive("writes in flight", argument(arguments, 1, "1024")),
                bound,
                Duration.ofSeconds(positive("warm-up seconds", argument(arguments, 4, "20"))),
                Duration.ofSeconds(positive("seconds", argument(arguments, 2, "10"))),
                StorageOptions.defaults()
                        .withSegmentBytes((long) positive("segment KiB", argument(arguments, 3, "1024")) << 10));
        List<Figures> all = new ArrayList<>();
        System.out.println("groups    writes/s   ratio   CPU us/write   idle cores   heap MiB, all nodes   threads");
        for (int count : counts) {
            Figures figures = benchmark.measure(count);
            all.add(figures);
            System.out.printf(
                    Locale.ROOT,
                    "%6d %11.0f %7.2f %14.1f %12.3f %21d %9d%n",
                    count,
                    figures.writesPerSecond,
                    figures.writesPerSecond / all.get(0).writesPerSecond,
                    figures.microsPerWrite,
                    figures.idleCores,
                    figures.heapMib,
                    figures.threads);
        }
    }

    private static String argument(String[] arguments, int index, String otherwise) {
        return arguments.length > index ? arguments[index] : otherwise;
    }

    private static int positive(String what, String text) {
        try {
            int value = Integer.parseInt(text);
            if (value > 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(what + " '" + text + "' is not a number\n" + USAGE, e);
        }
        throw new IllegalArgumentException(what + " " + text + " is not above 0\n" + USAGE);
    }

    /** Nodes with all groups in sync; the first node leads them all. */
    record Started(List<HaNode> nodes, List<NettyTransport> transports, List<List<ReplicatedLog>> logs) {
        /** Those of the leader. */
        List<ReplicatedLog> first() {
            return logs.get(0);
        }

        /** What was too slow for the load comes back. */
        void awaitInSync() {
            logs.forEach(joined -> joined.forEach(log -> log.awaitInSync(WAIT).join()));
        }
    }

    /** What is done with them. */
    interface Measurement<T> {
        T of(Started started) throws Exception;
    }

    private Figures measure(int groups) throws Exception {
        int room = Math.max(inFlight, MAX_PENDING);
        return run(groups, builder -> builder.storage(storage).maxPendingCommands(room), this::measure);
    }

    private void measureIdle(int groups) throws Exception {
        run(groups, storage, started -> {
            TimeUnit.SECONDS.sleep(5); // they come to rest after a failure time-out without work
            Load before = new Load(started.first(), bound);
            before.run(1, Duration.ofMillis(100)); // they live
            TimeUnit.SECONDS.sleep(5);
            long cpu = cpuNanos();
            long begin = System.nanoTime();
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
            double cores = (double) (cpuNanos() - cpu) / (System.nanoTime() - begin);
            System.gc();
            long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
            System.out.printf(
                    Locale.ROOT,
                    "%d idle groups on %d nodes and a ZooKeeper in one process: %.3f cores, %d MiB of heap after a collection (%d per node), %d threads%n",
                    groups,
                    NODES,
                    cores,
                    heap,
                    heap / NODES,
                    ManagementFactory.getThreadMXBean().getThreadCount());
            return groups;
        });
    }

    /** Starts three nodes, lets them join so many groups, measures, and leaves nothing behind. */
    static <T> T run(int groups, StorageOptions storage, Measurement<T> measurement) throws Exception {
        return run(groups, builder -> builder.storage(storage), measurement);
    }

    /** The same, with settings of any kind. */
    static <T> T run(int groups, UnaryOperator<HaNode.Builder> settings, Measurement<T> measurement) throws Exception {
        Path directory = Files.createTempDirectory(Path.of(""), "many-groups");
        List<HaNode> nodes = new ArrayList<>();
        List<NettyTransport> transports = new ArrayList<>();
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .start()) {
            zooKeeper.awaitServing(WAIT);
            try {
                List<List<ReplicatedLog>> logs = new ArrayList<>();
                for (int n = 0; n < NODES; n++) {
                    NettyTransport transport = NettyTransport.listen("127.0.0.1", 0);
                    transports.add(transport);
                    HaNode node = settings.apply(HaNode.builder(NodeId.of("n" + n))
                                    .configurationStore(ZooKeeperConfigurationStore.connect(zooKeeper.connectString()))
                                    .transport(transport)
                                    .dataDirectory(directory.resolve("n" + n)))
                            .start();
                    nodes.add(node);
                    List<ReplicatedLog> joined = new ArrayList<>();
                    for (int g = 0; g < groups; g++) {
                        joined.add(node.join(GroupId.of("g" + g), new Nothing()));
                    }
                    for (ReplicatedLog log : joined) {
                        log.awaitInSync(WAIT).get();
                    }
                    logs.add(joined);
                }
                return measurement.of(new Started(nodes, transports, logs));
            } finally {
                nodes.forEach(HaNode::close);
            }
        } finally {
            delete(directory);
        }
    }

    private Figures measure(Started started) throws IOException, InterruptedException {
        List<ReplicatedLog> logs = started.first();
        new Load(logs, bound).run(inFlight, warmUp);
        started.awaitInSync();
        List<Copies> copies = copies(logs);
        long cpu = cpuNanos();
        long begin = System.nanoTime();
        long written = new Load(logs, bound).run(inFlight, duration);
        double seconds = (System.nanoTime() - begin) / 1e9;
        double micros = (cpuNanos() - cpu) / 1e3 / Math.max(1, written);
        List<Copies> atTheEnd = copies(logs);
        for (int g = 0; g < logs.size(); g++) {
            copies.get(g).check(atTheEnd.get(g), NODES);
        }
        System.gc();
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 20;
        int threads = ManagementFactory.getThreadMXBean().getThreadCount();
        TimeUnit.SECONDS.sleep(2); // they come to rest
        cpu = cpuNanos();
        begin = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        double idle = (double) (cpuNanos() - cpu) / (System.nanoTime() - begin);
        return new Figures(logs.size(), written / seconds, micros, idle, heap, threads);
    }

    private static List<Copies> copies(List<ReplicatedLog> logs) {
        return logs.stream().map(log -> Copies.of(log.status())).toList();
    }

    private static long cpuNanos() {
        return ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Closed loops over the groups in turn: whoever gets an answer writes to the next group, or to the same one again. */
    private static final class Load {
        private final List<ReplicatedLog> logs;
        private final boolean bound;
        private final AtomicLong turn = new AtomicLong();
        private final AtomicBoolean over = new AtomicBoolean();
        private final LongAdder done = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private final LongAdder open = new LongAdder();
        private final byte[] command = new byte[256];
        /** The common pool would start a thread for each answer where there are two processors. */
        private final ExecutorService clients = Executors.newSingleThreadExecutor();

        Load(List<ReplicatedLog> logs, boolean bound) {
            this.logs = logs;
            this.bound = bound;
        }

        long run(int loops, Duration duration) throws InterruptedException {
            open.add(loops);
            for (int i = 0; i < loops; i++) {
                next(turn());
            }
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
            over.set(true);
            long written = done.sum();
            long deadline = System.nanoTime() + WAIT.toNanos();
            while (open.sum() > 0) {
                if (System.nanoTime() - deadline > 0) {
                    throw new IllegalStateException(open.sum() + " writes were not answered within " + WAIT);
                }
                TimeUnit.MILLISECONDS.sleep(1);
            }
            clients.shutdown();
            if (failed.sum() > 0) {
                throw new IllegalStateException(failed.sum() + " writes failed; the figures would mean nothing");
            }
            return written;
        }

        private int turn() {
            return (int) (turn.getAndIncrement() % logs.size());
        }

        private void next(int group) {
            logs.get(group)
                    .submit(command)
                    .whenCompleteAsync(
                            (answer, failure) -> {
                                if (failure != null) {
                                    failed.increment();
                                } else {
                                    done.increment();
                                }
                                if (failure != null || over.get()) {
                                    open.decrement();
                                } else {
                                    next(bound ? group : turn());
                                }
                            },
                            clients);
        }
    }

    /** Costs nothing. */
    private static final class Nothing implements StateMachine {
        @Override
        public byte[] apply(Command command) {
            return NO_ANSWER;
        }
    }
}
