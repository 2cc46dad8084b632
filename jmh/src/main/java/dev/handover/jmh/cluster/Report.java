package dev.handover.jmh.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** Gathers the figures: a table on standard output, a JSON file, and the page for people. */
final class Report {
    static final String NOTES = "performance-notes.md";

    private record Limit(int window, int bytes, double perSecond) {}

    private final Options options;
    private final List<Limit> limits = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();
    private final Map<String, List<RunningCluster.TakeOver>> takeOvers = new LinkedHashMap<>();
    private final Map<String, String> misbehaved = new LinkedHashMap<>();
    private final List<Growth.Line> growth = new ArrayList<>();
    private double forceMicros;
    private double pingPongMicros;

    Report(Options options) {
        this.options = options;
    }

    void limit(int window, int bytes, double perSecond) {
        limits.add(new Limit(window, bytes, perSecond));
        System.out.printf(
                Locale.ROOT,
                "limit: group commit of %d records of %d bytes, one file, one force: %.0f records/s%n",
                window,
                bytes,
                perSecond);
    }

    void forces(double micros) {
        forceMicros = micros;
        System.out.printf(
                Locale.ROOT, "limit: a block more in each of three files at the same time, forced: %.1f us%n", micros);
    }

    void pingPong(double micros) {
        pingPongMicros = micros;
        System.out.printf(Locale.ROOT, "limit: loopback ping-pong: %.1f us%n", micros);
    }

    void row(Contender contender, Row row) {
        rows.add(row);
        System.out.println(row.text());
        if (row.perSecond() == 0) {
            misbehaved(
                    contender,
                    "no answer while it was measured, " + row.window() + " commands of " + row.bytes()
                            + " bytes under way");
        }
    }

    void takeOvers(Contender contender, List<RunningCluster.TakeOver> rounds) {
        if (!rounds.isEmpty()) {
            takeOvers.put(contender.name(), rounds);
        }
    }

    void growth(List<Growth.Line> lines) {
        growth.addAll(lines);
    }

    void misbehaved(Contender contender, String how) {
        misbehaved.merge(contender.name(), how, (before, now) -> before + "; " + now);
        System.out.println(contender.name() + " misbehaved: " + how);
    }

    private static double median(double[] sorted) {
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }

    private static double[] sortedGaps(List<RunningCluster.TakeOver> rounds) {
        return rounds.stream()
                .mapToDouble(RunningCluster.TakeOver::gapMillis)
                .sorted()
                .toArray();
    }

    private String command() {
        return "java -jar jmh/target/benchmarks.jar cluster --systems " + String.join(",", options.systems())
                + " --windows " + joined(options.windows()) + " --sizes " + joined(options.sizes()) + " --warm "
                + options.warmSeconds() + " --seconds " + options.seconds() + " --replicas "
                + joined(options.replicas())
                + " --reads " + options.reads() + " --take-overs " + options.takeOvers()
                + (options.takeOverJvm().equals(Options.QUICK_COMPILER)
                        ? ""
                        : " --take-over-jvm \"" + String.join(" ", options.takeOverJvm()) + "\"")
                + (options.wide() > 0 ? " --wide " + options.wide() : "")
                + (options.growth() > 0 ? " --growth " + options.growth() : "")
                + (options.docs().isEmpty() ? "" : " --docs " + options.docs());
    }

    private static String joined(List<Integer> numbers) {
        return numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    void write() throws IOException {
        Files.writeString(options.json(), json());
        System.out.println("result: " + options.json());
        if (!options.docs().isEmpty()) {
            Path docs = Path.of(options.docs());
            Files.writeString(docs.resolve("performance.md"), page());
            Files.writeString(docs.resolve("latency.svg"), LatencyPlot.of(rows));
        }
    }

    /** On standard output, when all has been measured. */
    void end() {
        System.out.print(new Ratios(rows, takeOverMedians(), misbehaved.keySet()).tls());
    }

    private Map<String, Double> takeOverMedians() {
        Map<String, Double> medians = new LinkedHashMap<>();
        takeOvers.forEach((name, rounds) -> medians.put(name, median(sortedGaps(rounds))));
        return medians;
    }

    /** What people found, from a page of their own beside the generated one. */
    private String notes() throws IOException {
        Path notes = Path.of(options.docs(), NOTES);
        return Files.exists(notes) ? "\n" + Files.readString(notes).stripTrailing() + "\n" : "";
    }

    private String json() {
        String takeOverRows = takeOvers.entrySet().stream()
                .map(entry -> {
                    double[] gaps = sortedGaps(entry.getValue());
                    return String.format(
                            Locale.ROOT,
                            "{\"system\":\"%s\",\"rounds\":%d,\"gap_median_ms\":%.1f,\"gap_max_ms\":%.1f,\"lost\":%d,\"doubled\":%d}",
                            entry.getKey(),
                            gaps.length,
                            median(gaps),
                            gaps[gaps.length - 1],
                            entry.getValue().stream()
                                    .mapToLong(RunningCluster.TakeOver::lost)
                                    .sum(),
                            entry.getValue().stream()
                                    .mapToLong(RunningCluster.TakeOver::doubled)
                                    .max()
                                    .orElse(0));
                })
                .collect(Collectors.joining(",\n  "));
        return "{\n \"command\":\"" + command() + "\",\n \"java\":\"" + System.getProperty("java.version")
                + "\",\n \"cores\":" + Runtime.getRuntime().availableProcessors()
                + ",\n \"three_forces_us\":" + String.format(Locale.ROOT, "%.1f", forceMicros)
                + ",\n \"ping_pong_us\":" + String.format(Locale.ROOT, "%.1f", pingPongMicros)
                + ",\n \"group_commit\":["
                + limits.stream()
                        .map(limit -> String.format(
                                Locale.ROOT,
                                "{\"window\":%d,\"bytes\":%d,\"records_per_second\":%.0f}",
                                limit.window,
                                limit.bytes,
                                limit.perSecond))
                        .collect(Collectors.joining(","))
                + "],\n \"rows\":[\n  " + rows.stream().map(Row::json).collect(Collectors.joining(",\n  "))
                + "],\n \"growth\":[\n  "
                + growth.stream().map(Growth.Line::json).collect(Collectors.joining(",\n  "))
                + "],\n \"take_overs\":[\n  " + takeOverRows + "],\n \"misbehaved\":["
                + misbehaved.keySet().stream().map(name -> "\"" + name + "\"").collect(Collectors.joining(","))
                + "]\n}\n";
    }

    private String page() throws IOException {
        StringBuilder page = new StringBuilder();
        page.append(
                        "# Performance\n\nGenerated by the benchmark itself from its figures and from `performance-notes.md`; do not edit. Machine: ")
                .append(Runtime.getRuntime().availableProcessors())
                .append(" cores for all replicas, the client and ZooKeeper, ")
                .append(System.getProperty("os.name"))
                .append(' ')
                .append(System.getProperty("os.version"))
                .append(", Java ")
                .append(System.getProperty("java.version"))
                .append(". Read the ratios, not the numbers.\n\n    ")
                .append(command())
                .append("\n\n![latency against throughput](latency.svg)\n\n");
        page.append(
                        "| system | replicas | window | bytes | reads | ops/s | p50 µs | p99 µs | p99.9 µs | leader B/op | of it beside the command | servers µs/op | client µs/op |\n")
                .append("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        for (Row row : rows) {
            page.append(String.format(
                    Locale.ROOT,
                    "| %s | %d | %d | %d | %d %% | %.0f | %.0f | %.0f | %.0f | %.0f | %.0f | %.1f | %.1f |%n",
                    Contenders.named(row.system()).title(),
                    row.replicas(),
                    row.window(),
                    row.bytes(),
                    row.reads(),
                    row.perSecond(),
                    row.p50Micros(),
                    row.p99Micros(),
                    row.p999Micros(),
                    row.allocatedBytes(),
                    row.allocatedBesideCommand(),
                    row.serverMicros(),
                    row.clientMicros()));
        }
        Ratios ratios = new Ratios(rows, takeOverMedians(), misbehaved.keySet());
        page.append(ratios.markdown()).append(ratios.tls());
        page.append("\n## What the machine could do\n\n| | |\n|---|---:|\n");
        for (Limit limit : limits) {
            page.append(String.format(
                    Locale.ROOT,
                    "| group commit of %d records of %d bytes, one file, one force each | %.0f records/s |%n",
                    limit.window,
                    limit.bytes,
                    limit.perSecond));
        }
        page.append(String.format(
                Locale.ROOT,
                "| a block more in each of three files at the same time, forced, median | %.1f µs |%n",
                forceMicros));
        page.append(String.format(Locale.ROOT, "| loopback ping-pong | %.1f µs |%n", pingPongMicros));
        if (!takeOvers.isEmpty()) {
            page.append("\n## Leader killed with SIGKILL, one sequential writer\n\nJVM options of all processes: `"
                            + String.join(" ", options.takeOverJvm()) + "`; " + RunningCluster.WARM_SECONDS
                            + " s of load before each round.\n\n")
                    .append(
                            "| system | rounds | client gap, median | max | lost | doubled |\n|---|---:|---:|---:|---:|---:|\n");
            takeOvers.forEach((name, rounds) -> {
                double[] gaps = sortedGaps(rounds);
                page.append(String.format(
                        Locale.ROOT,
                        "| %s | %d | %.1f ms | %.1f ms | %s | %s |%n",
                        Contenders.named(name).title(),
                        gaps.length,
                        median(gaps),
                        gaps[gaps.length - 1],
                        name.equals("latch")
                                ? "n/a"
                                : rounds.stream()
                                        .mapToLong(RunningCluster.TakeOver::lost)
                                        .sum(),
                        name.equals("latch")
                                ? "n/a"
                                : rounds.stream()
                                        .mapToLong(RunningCluster.TakeOver::doubled)
                                        .max()
                                        .orElse(0)));
            });
        }
        if (!growth.isEmpty()) {
            page.append("\n## How it grows\n\nHandover alone, ")
                    .append(options.growth())
                    .append(
                            " s a row. The last column compares with one file on the same disk that takes as many records with one write and one force; one replica alone has"
                                    + " nothing else to do, but takes each command over TCP and answers it.\n\n")
                    .append(
                            "| replicas | window | bytes | ops/s | MiB/s | p50 µs | p99 µs | share of a group commit |\n|---:|---:|---:|---:|---:|---:|---:|---:|\n");
            growth.forEach(line -> page.append(line.markdown()));
            page.append("\nHow it grows with the number of groups: [many groups](many-groups.md).\n");
        }
        page.append("\n## Settings\n\nReplicas: `" + String.join(" ", RunningCluster.REPLICA_JVM)
                + "`, all other JVM options at their defaults unless said below.\n\n");
        for (String name : options.systems()) {
            Contender contender = Contenders.named(name);
            page.append("- **")
                    .append(contender.title())
                    .append(' ')
                    .append(contender.version())
                    .append("**: ");
            page.append(String.join("; ", contender.settings()));
            if (!contender.jvmOptions().isEmpty()) {
                page.append("; JVM: `")
                        .append(String.join(" ", contender.jvmOptions()))
                        .append('`');
            }
            page.append(".\n");
        }
        page.append(notes());
        misbehaved.forEach((name, how) -> page.append("\n")
                .append(Contenders.named(name).title())
                .append(" misbehaved, and sets no bar where it did: ")
                .append(how)
                .append('\n'));
        return page.toString();
    }
}
