package dev.handover.examples.kv.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What soaks did and saw, as a page. */
final class SoakSummary {
    /** Of one kind of fault; times in milliseconds. */
    private static final class Row {
        private int times;
        private int onLeader;
        private final List<Long> gaps = new ArrayList<>();
        private final List<Long> takeOvers = new ArrayList<>();
        private final List<Long> recoveries = new ArrayList<>();
    }

    /** Of one cluster. */
    private static final class Part {
        private final int nodes;
        private final long seed;
        private final String disks;
        private final List<String> missing;
        private final Map<SoakFault, Row> rows = new EnumMap<>(SoakFault.class);
        private final List<String> findings = new ArrayList<>();
        private final Map<String, Integer> counts = new LinkedHashMap<>();
        private long acknowledged;
        private long operations;
        private long refused;
        private long uncertain;
        private long broken;
        private long longestGap;
        private int episodes;
        private int together;
        private int rounds;
        private int stopped;
        private String sideGroups = "none";
        private Duration time = Duration.ZERO;

        Part(int nodes, long seed, String disks, List<String> missing) {
            this.nodes = nodes;
            this.seed = seed;
            this.disks = disks;
            this.missing = missing;
        }
    }

    private final List<Part> parts = new ArrayList<>();
    private Part part;

    void begin(int nodes, long seed, String disks, List<String> missing) {
        part = new Part(nodes, seed, disks, List.copyOf(missing));
        parts.add(part);
    }

    /** Faults that came together, with what clients saw, and how long it took from their end until everybody was in sync. */
    void add(List<Mischief.Ongoing> faults, Duration gap, Duration recovery) {
        part.episodes++;
        part.together += faults.size() > 1 ? 1 : 0;
        part.longestGap = Math.max(part.longestGap, gap.toMillis());
        for (Mischief.Ongoing fault : faults) {
            Row row = part.rows.computeIfAbsent(fault.fault(), kind -> new Row());
            row.times++;
            row.onLeader += fault.onLeader() ? 1 : 0;
            if (faults.size() == 1) {
                (fault.onLeader() ? row.takeOvers : row.gaps).add(gap.toMillis());
                row.recoveries.add(recovery.toMillis());
            }
        }
    }

    void add(History history) {
        part.operations += history.operations().size();
        part.acknowledged += history.acknowledgedWrites();
        part.refused += history.refused().size();
        part.uncertain += history.uncertain().size();
        part.broken += history.broken().size();
    }

    void stoppedItself() {
        part.stopped++;
    }

    void finding(String what) {
        part.findings.add(what);
    }

    /** What was written to the side groups, and how often a process died while its journal had something. */
    void sideGroups(String writes, int killedWithJournal) {
        part.sideGroups = writes;
        part.counts.put("processes killed with a journal in use", killedWithJournal);
    }

    void end(int rounds, Duration time, NodeLogs logs) {
        part.rounds = rounds;
        part.time = time;
        part.counts.putAll(logs.counts());
        part.counts.put("epochs with a leader", logs.epochs());
    }

    void write(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, toString());
    }

    /** As Markdown. */
    @Override
    public String toString() {
        StringBuilder page = new StringBuilder("# Soak\n");
        parts.forEach(one -> write(one, page));
        return page.toString();
    }

    private static void write(Part part, StringBuilder out) {
        out.append(String.format(
                Locale.ROOT,
                "%n## %d nodes%n%n%d s, %d rounds with an audit after each, seed %d, data on %s.%n",
                part.nodes,
                part.time.toSeconds(),
                part.rounds,
                part.seed,
                part.disks));
        part.missing.forEach(
                what -> out.append("**Not done here**: ").append(what).append('\n'));
        out.append(String.format(
                Locale.ROOT,
                "%n%d operations; writes: %d acknowledged, %d refused unexecuted; outcome unknown: %d said so, %d broken off."
                        + " %d times faults, %d of them several together; longest time without an acknowledged write: %d ms."
                        + " Processes that stopped themselves for their disk: %d.%n%nSide groups: %s.%n%n",
                part.operations,
                part.acknowledged,
                part.refused,
                part.uncertain,
                part.broken,
                part.episodes,
                part.together,
                part.longestGap,
                part.stopped,
                part.sideGroups));
        part.counts.forEach((name, count) ->
                out.append("- ").append(name).append(": ").append(count).append('\n'));
        out.append("- **findings: ").append(part.findings.size()).append("**\n");
        part.findings.forEach(finding ->
                out.append("  - ").append(finding.replaceAll("\\s+", " ")).append('\n'));
        out.append(
                "\nMedian and greatest, in ms. The gap is the longest time without an acknowledged write, of faults that came alone.\n\n");
        out.append("| fault | times | on the leader | gap, on the leader | gap, on others | until all are in sync |\n");
        out.append("|---|---|---|---|---|---|\n");
        part.rows.forEach((fault, row) -> out.append(String.format(
                Locale.ROOT,
                "| %s | %d | %d | %s | %s | %s |%n",
                fault.label(),
                row.times,
                row.onLeader,
                times(row.takeOvers),
                times(row.gaps),
                times(row.recoveries))));
    }

    private static String times(List<Long> millis) {
        if (millis.isEmpty()) {
            return "";
        }
        List<Long> sorted = millis.stream().sorted().toList();
        return sorted.get(sorted.size() / 2) + ", " + sorted.get(sorted.size() - 1);
    }
}
