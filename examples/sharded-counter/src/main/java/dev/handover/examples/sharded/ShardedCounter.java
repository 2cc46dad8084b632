package dev.handover.examples.sharded;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Three instances share 32 partitions; one is killed and started again, and a fourth comes, while clients count. Prints who leads what. */
public final class ShardedCounter {
    private static final long LIMIT_SECONDS = 120;

    private final PrintStream out;
    private final int partitions;
    private final int clients;
    private final long delayMillis;
    private final List<String> comers;

    ShardedCounter(PrintStream out, int partitions, int clients, long delayMillis, List<String> comers) {
        this.out = out;
        this.partitions = partitions;
        this.clients = clients;
        this.delayMillis = delayMillis;
        this.comers = comers;
    }

    /** Arguments: how many clients (8), and for how long a killed instance is waited for, in milliseconds (3000). Ends with 0 if every counter is where its client was told. */
    public static void main(String[] arguments) throws Exception {
        int clients = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 8;
        long delayMillis = arguments.length > 1 ? Long.parseLong(arguments[1]) : 3000;
        ShardedCounter program = new ShardedCounter(System.out, 32, clients, delayMillis, List.of("b", "d"));
        System.exit(program.run() ? 0 : 1);
    }

    boolean run() throws Exception {
        Path directory = Files.createTempDirectory("sharded-counter");
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            try (Instances instances = new Instances(zooKeeper.connectString(), directory, partitions, delayMillis)) {
                return run(instances);
            }
        } finally {
            delete(directory);
        }
    }

    private boolean run(Instances instances) throws Exception {
        instances.start("a", "b", "c");
        awaitShared(instances);
        print("three instances", instances);
        try (Load load = new Load(instances, clients)) {
            while (load.total() < 20L * clients) {
                Thread.sleep(10);
            }
            long start = System.nanoTime();
            instances.kill("b");
            instances.ask("a", "POST", "/");
            long killMillis = millisSince(start);
            print("b was killed: every partition written to again after " + killMillis + " ms", instances);
            awaitShared(instances);
            print("it was not back after " + delayMillis + " ms: the load is shared by the others", instances);

            long growMillis = 0;
            for (String comer : comers) {
                start = System.nanoTime();
                instances.start(comer);
                long servesMillis = millisSince(start);
                awaitShared(instances);
                growMillis = millisSince(start);
                String times = " in sync after " + servesMillis + " ms, its share after " + growMillis + " ms";
                print(comer + " has come:" + times, instances);
            }

            int wrong = load.wrong();
            out.printf(
                    "%d increments acknowledged, %d requests sent again to another instance, %d counters wrong; kill %d ms, growth %d ms%n",
                    load.total(), load.again(), wrong, killMillis, growMillis);
            return wrong == 0;
        }
    }

    /** Until all say that nothing is to move, and the shares differ by one at most. */
    private void awaitShared(Instances instances) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (!isShared(instances)) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("the load is not shared after " + LIMIT_SECONDS + " s: " + shares(instances));
            }
            Thread.sleep(20);
        }
    }

    private boolean isShared(Instances instances) throws IOException, InterruptedException {
        List<String> names = instances.names();
        Map<String, List<String>> shares = shares(instances);
        if (!shares.keySet().equals(new TreeSet<>(names))) {
            return false;
        }
        for (List<String> share : shares.values()) {
            int even = partitions / names.size();
            if (share.size() < even || share.size() > even + (partitions % names.size() == 0 ? 0 : 1)) {
                return false;
            }
        }
        for (String name : names) {
            if (!instances.ask(name, "GET", "/balance").equals("settled")) {
                return false;
            }
        }
        return true;
    }

    /** Who leads what, as the first instance sees it. */
    private static Map<String, List<String>> shares(Instances instances) throws IOException, InterruptedException {
        Map<String, List<String>> shares = new TreeMap<>();
        for (String line : instances.ask(instances.names().get(0), "GET", "/").split("\n")) {
            String[] words = line.split(" ");
            shares.computeIfAbsent(words[1], name -> new ArrayList<>()).add(words[0]);
        }
        return shares;
    }

    private void print(String what, Instances instances) throws IOException, InterruptedException {
        out.println(what);
        shares(instances)
                .forEach((name, share) ->
                        out.printf("  %s leads %2d: %s%n", name, share.size(), String.join(" ", share)));
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
