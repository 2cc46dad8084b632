package dev.handover.jmh.cluster;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.jmh.copies.Copies;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Runs the same durable work on one system after the other. The processes it starts end with it. */
public final class ClusterBenchmark {
    /** First words of the command line that belong here. */
    public static final Set<String> COMMANDS = Set.of("cluster", "replica", "client");

    private static final int LARGER_BYTES = 1024;
    private static final int MOSTLY_READS = 95;

    private ClusterBenchmark() {}

    /** {@code cluster OPTION...}; the other commands are for the children. */
    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "replica" ->
                Child.replica(Contenders.named(arguments[1]), Integer.parseInt(arguments[2]), Path.of(arguments[3]));
            case "client" -> Child.client(Contenders.named(arguments[1]), Path.of(arguments[2]));
            default -> {
                List<String> rest = Arrays.asList(arguments).subList(1, arguments.length);
                if (rest.contains("--help")) {
                    System.out.print(Options.USAGE);
                } else {
                    run(Options.parse(rest));
                }
            }
        }
    }

    private static void run(Options options) throws Exception {
        clear(options.directory());
        Files.createDirectories(options.directory());
        Report report = new Report(options);
        limits(options, report);
        System.out.println(Row.HEAD);
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(options.directory().resolve("zookeeper"))
                .clientAddress(Layout.HOST, 0)
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            for (String name : options.systems()) {
                for (int replicas : options.replicas()) {
                    measure(options, report, Contenders.named(name), replicas, zooKeeper.connectString());
                    report.write(); // a run that is broken off has told what it had found
                }
            }
            if (options.wide() > 0) {
                pair(options, report, zooKeeper.connectString());
            }
            if (options.growth() > 0) {
                grow(options, report, zooKeeper.connectString());
            }
        }
        report.write();
        report.end();
    }

    private static void limits(Options options, Report report) throws IOException, InterruptedException {
        for (int bytes : options.sizes()) {
            for (int window : options.windows()) {
                report.limit(window, bytes, Limits.recordsPerSecond(options.directory(), bytes, window, 2));
            }
        }
        report.forces(Limits.threeForcesMicros(options.directory(), 2));
        report.pingPong(Limits.pingPongMicros(2));
    }

    private static void measure(Options options, Report report, Contender contender, int replicas, String zooKeeper)
            throws IOException, InterruptedException {
        Path directory = options.directory().resolve(contender.name() + "-" + replicas);
        try {
            if (!(contender instanceof LatchContender)) {
                measure(options, report, contender, Layout.choose(directory, replicas, zooKeeper));
                clear(directory); // all of them together would be tens of gigabytes
            }
            if (options.takeOvers() > 0) {
                Path anew = options.directory().resolve(contender.name() + "-take-over-" + replicas);
                takeOvers(options, report, contender, Layout.choose(anew, replicas, zooKeeper));
                clear(anew);
            }
        } catch (IOException | RuntimeException e) { // a peer that misbehaves is reported, and the others are measured
            report.misbehaved(contender, String.valueOf(e.getMessage()));
        }
    }

    private static void measure(Options options, Report report, Contender contender, Layout layout)
            throws IOException, InterruptedException {
        try (RunningCluster cluster = new RunningCluster(contender, layout, List.of())) {
            if (options.reads() == 0 || contender.reads()) {
                for (int bytes : options.sizes()) {
                    for (int window : options.windows()) {
                        row(report, contender, () -> cluster.run(options, window, bytes));
                    }
                }
            }
            if (options.wide() > 0) {
                wide(options, report, contender, cluster);
            }
        }
    }

    /** Of one piece of work. */
    private interface Measured {
        Row row() throws IOException, InterruptedException;
    }

    private static void row(Report report, Contender contender, Measured measured)
            throws IOException, InterruptedException {
        try {
            report.row(contender, measured.row());
        } catch (Copies.NotAllException e) { // the next row may be one
            report.misbehaved(contender, String.valueOf(e.getMessage()));
        }
    }

    /** In processes of their own, with a compiler of their own choice. */
    private static void takeOvers(Options options, Report report, Contender contender, Layout layout)
            throws IOException, InterruptedException {
        List<RunningCluster.TakeOver> rounds = new ArrayList<>();
        try (RunningCluster cluster = new RunningCluster(contender, layout, options.takeOverJvm())) {
            for (int round = 1; round <= options.takeOvers(); round++) {
                RunningCluster.TakeOver takeOver = cluster.takeOver(round, !(contender instanceof LatchContender));
                System.out.printf(
                        Locale.ROOT,
                        "%-13s take-over %d: client gap %.1f ms, %d acknowledged, lost %d, doubled %d%n",
                        contender.name(),
                        round,
                        takeOver.gapMillis(),
                        takeOver.acknowledged(),
                        takeOver.lost(),
                        takeOver.doubled());
                rounds.add(takeOver);
            }
        }
        report.takeOvers(contender, rounds);
    }

    /** Larger commands, and reads, on a cluster that has run for a while. */
    private static void wide(Options options, Report report, Contender contender, RunningCluster cluster)
            throws IOException, InterruptedException {
        int seconds = options.wide();
        for (int window : options.windows()) {
            if (window == 1) {
                continue;
            }
            row(report, contender, () -> cluster.run(window, LARGER_BYTES, options.reads(), seconds, seconds));
            if (contender.reads()) {
                int bytes = options.sizes().get(0);
                row(report, contender, () -> cluster.run(window, bytes, MOSTLY_READS, seconds, seconds));
                row(report, contender, () -> cluster.run(window, bytes, 100, seconds, seconds));
            }
        }
    }

    /** What no majority vote can do: two replicas, of which either may be lost. */
    private static void pair(Options options, Report report, String zooKeeper) throws InterruptedException {
        Contender handover = new HandoverContender();
        Layout layout = Layout.choose(options.directory().resolve("handover-pair"), 2, zooKeeper);
        try (RunningCluster cluster = new RunningCluster(handover, layout, List.of())) {
            for (int window : options.windows()) {
                int bytes = options.sizes().get(0);
                row(
                        report,
                        handover,
                        () -> cluster.run(window, bytes, options.reads(), options.warmSeconds(), options.wide()));
            }
            clear(layout.directory());
        } catch (IOException | RuntimeException e) {
            report.misbehaved(handover, "with two replicas: " + e.getMessage());
        }
    }

    private static void grow(Options options, Report report, String zooKeeper) throws InterruptedException {
        List<Growth.Line> lines = new ArrayList<>();
        try {
            Growth.measure(
                    options.directory(),
                    zooKeeper,
                    options.growth(),
                    lines,
                    problem -> report.misbehaved(new HandoverContender(), problem));
        } catch (IOException | RuntimeException e) { // what was measured before is reported all the same
            report.misbehaved(new HandoverContender(), String.valueOf(e.getMessage()));
        }
        report.growth(lines);
    }

    static void clear(Path directory) throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }
}
