package dev.handover.jmh.cluster;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** Handover beside the others of the same run, which is all that figures of one machine are good for. */
final class Ratios {
    private static final String OWN = HandoverContender.NAME;
    private static final String TLS = HandoverContender.TLS;
    private static final String NO_LOG = new LatchContender().name();

    private final List<Row> rows;
    private final Map<String, Double> takeOverMillis;
    private final Set<String> misbehaved;

    /**
     * Of one run.
     *
     * @param takeOverMillis median gap of each system
     * @param misbehaved these set no bar
     */
    Ratios(List<Row> rows, Map<String, Double> takeOverMillis, Set<String> misbehaved) {
        this.rows = rows;
        this.takeOverMillis = takeOverMillis;
        this.misbehaved = misbehaved;
    }

    /** A section of the page; empty if there is nobody to compare with. */
    String markdown() {
        StringBuilder table = new StringBuilder();
        for (Row own : rows) {
            if (own.system().equals(OWN) && peers(own).findAny().isPresent()) {
                String work = String.format(
                        Locale.ROOT, "window %d, %d bytes, %d %% reads", own.window(), own.bytes(), own.reads());
                line(table, work, "throughput", own, Row::perSecond, Comparator.reverseOrder());
                line(table, work, "p50", own, Row::p50Micros, Comparator.naturalOrder());
                line(table, work, "p99", own, Row::p99Micros, Comparator.naturalOrder());
                line(table, work, "processor time", own, Ratios::processorMicros, Comparator.naturalOrder());
            }
        }
        Double own = takeOverMillis.get(OWN);
        if (own != null) {
            takeOverMillis.entrySet().stream()
                    .filter(entry -> counts(entry.getKey()) && !entry.getKey().equals(NO_LOG))
                    .min(Map.Entry.comparingByValue())
                    .ifPresent(best -> append(
                            table,
                            "SIGKILL of the leader",
                            "client gap, median",
                            best.getKey(),
                            own / best.getValue()));
        }
        return table.isEmpty()
                ? ""
                : "\n## Beside the best peer\n\nHandover's figure divided by that of the peer that is best at it, in this run.\n\n"
                        + "| work | of | best peer | ratio |\n|---|---|---|---:|\n" + table;
    }

    /** A section of the page; empty if it was not measured both with and without. */
    String tls() {
        StringBuilder table = new StringBuilder();
        for (Row with : rows) {
            if (with.system().equals(TLS) && with.perSecond() > 0) {
                rows.stream()
                        .filter(row -> row.system().equals(OWN) && isSameWork(row, with) && row.perSecond() > 0)
                        .findFirst()
                        .ifPresent(without -> table.append(String.format(
                                Locale.ROOT,
                                "| window %d, %d bytes, %d %% reads | %.2f | %.2f | %.2f | %.2f |%n",
                                with.window(),
                                with.bytes(),
                                with.reads(),
                                with.perSecond() / without.perSecond(),
                                with.p50Micros() / without.p50Micros(),
                                with.p99Micros() / without.p99Micros(),
                                with.serverMicros() / without.serverMicros())));
            }
        }
        return table.isEmpty()
                ? ""
                : "\n## What TLS costs\n\nHandover's figure with TLS between the replicas divided by that without, in this run.\n\n"
                        + "| work | throughput | p50 | p99 | servers' processor time |\n|---|---:|---:|---:|---:|\n"
                        + table;
    }

    private void line(
            StringBuilder table,
            String work,
            String what,
            Row own,
            ToDoubleFunction<Row> figure,
            Comparator<Double> better) {
        Optional<Row> best = peers(own).min(Comparator.comparing(figure::applyAsDouble, better));
        best.ifPresent(
                row -> append(table, work, what, row.system(), figure.applyAsDouble(own) / figure.applyAsDouble(row)));
    }

    private static void append(StringBuilder table, String work, String what, String peer, double ratio) {
        table.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s | %.2f |%n",
                work,
                what,
                Contenders.named(peer).title(),
                ratio));
    }

    private static double processorMicros(Row row) {
        return row.serverMicros() + row.clientMicros();
    }

    private Stream<Row> peers(Row own) {
        return rows.stream().filter(row -> counts(row.system()) && row.perSecond() > 0 && isSameWork(row, own));
    }

    private static boolean isSameWork(Row one, Row other) {
        return one.replicas() == other.replicas()
                && one.window() == other.window()
                && one.bytes() == other.bytes()
                && one.reads() == other.reads();
    }

    private boolean counts(String system) {
        return !system.equals(OWN) && !system.equals(TLS) && !misbehaved.contains(system);
    }
}
