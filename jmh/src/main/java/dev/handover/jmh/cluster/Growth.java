package dev.handover.jmh.cluster;

import dev.handover.jmh.copies.Copies;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** How Handover's throughput follows the size of commands, how many are under way, and the number of replicas: one of them changes at a time. */
final class Growth {
    private static final int WARM_SECONDS = 3;
    private static final int LIMIT_SECONDS = 1;
    private static final int BYTES = 256;
    private static final int WINDOW = 64;
    private static final int USUAL_REPLICAS = 3;
    /** More than the bytes that a node takes in by default would be refused, not measured. */
    private static final long MOST_BYTES_UNDER_WAY = 32L << 20;

    /** One of the work that is measured. */
    record Work(int replicas, int window, int bytes) {}

    /** One line: what was measured, and what one file on this disk takes of the same batches, with one force each. */
    record Line(Row row, double groupCommitPerSecond) {
        double share() {
            return row.perSecond() / groupCommitPerSecond;
        }

        String text() {
            return row.text() + String.format(Locale.ROOT, "  %.0f %% of a group commit", 100 * share());
        }

        String markdown() {
            return String.format(
                    Locale.ROOT,
                    "| %d | %d | %d | %.0f | %.1f | %.0f | %.0f | %.0f %% |%n",
                    row.replicas(),
                    row.window(),
                    row.bytes(),
                    row.perSecond(),
                    row.perSecond() * row.bytes() / (1 << 20),
                    row.p50Micros(),
                    row.p99Micros(),
                    100 * share());
        }

        String json() {
            String json = row.json();
            return json.substring(0, json.length() - 1)
                    + String.format(Locale.ROOT, ",\"group_commit_per_second\":%.0f}", groupCommitPerSecond);
        }
    }

    private Growth() {}

    /** All, those with the same number of replicas together. */
    static List<Work> all() {
        List<Work> all = new ArrayList<>();
        for (int bytes : List.of(64, 256, 1024, 16_384, 1 << 20)) {
            all.add(new Work(USUAL_REPLICAS, (int) Math.min(WINDOW, MOST_BYTES_UNDER_WAY / bytes), bytes));
        }
        for (int window : List.of(1, 4, 16, 256, 1024, 4096)) {
            all.add(new Work(USUAL_REPLICAS, window, BYTES));
        }
        for (int replicas : List.of(1, 2, 5)) {
            for (int window : List.of(WINDOW, 1024)) {
                all.add(new Work(replicas, window, BYTES));
            }
        }
        return List.copyOf(all);
    }

    /** Measures each for so many seconds; the lines are added one by one. What cannot be one is told. */
    static void measure(Path directory, String zooKeeper, int seconds, List<Line> lines, Consumer<String> problems)
            throws IOException, InterruptedException {
        List<Work> left = new ArrayList<>(all());
        while (!left.isEmpty()) {
            int replicas = left.get(0).replicas();
            Path own = directory.resolve("growth-" + replicas);
            try (RunningCluster cluster =
                    new RunningCluster(new HandoverContender(), Layout.choose(own, replicas, zooKeeper), List.of())) {
                while (!left.isEmpty() && left.get(0).replicas() == replicas) {
                    Work work = left.remove(0);
                    try {
                        Row row = cluster.run(work.window(), work.bytes(), 0, WARM_SECONDS, seconds);
                        Line line = new Line(
                                row, Limits.recordsPerSecond(directory, work.bytes(), work.window(), LIMIT_SECONDS));
                        System.out.println(line.text());
                        lines.add(line);
                    } catch (Copies.NotAllException e) {
                        problems.accept(work + ": " + e.getMessage());
                    }
                }
            }
            ClusterBenchmark.clear(own);
        }
    }
}
