package dev.handover.jmh.cluster;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The p99 against the throughput, both on logarithmic axes, a line per system. */
final class LatencyPlot {
    private static final int WIDTH = 760;
    private static final int HEIGHT = 440;
    private static final int MARGIN = 60;
    private static final List<String> COLOURS =
            List.of("#0b6e4f", "#c0392b", "#2e5aac", "#b9770e", "#6c3483", "#555555");

    private LatencyPlot() {}

    /** Of the rows without reads that answered anything. */
    static String of(List<Row> all) {
        List<Row> rows = all.stream()
                .filter(row -> row.reads() == 0 && row.perSecond() > 0 && row.p99Micros() > 0)
                .toList();
        Map<String, StringBuilder> lines = new LinkedHashMap<>();
        double mostOps = rows.stream().mapToDouble(Row::perSecond).max().orElse(10);
        double leastOps = rows.stream().mapToDouble(Row::perSecond).min().orElse(1);
        double mostMicros = rows.stream().mapToDouble(Row::p99Micros).max().orElse(10);
        double leastMicros = rows.stream().mapToDouble(Row::p99Micros).min().orElse(1);
        StringBuilder svg = new StringBuilder(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + WIDTH + " " + HEIGHT
                        + "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        grid(svg, leastOps, mostOps, true);
        grid(svg, leastMicros, mostMicros, false);
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%d\" y=\"%d\">operations per second</text>%n<text x=\"12\" y=\"20\">p99, µs</text>%n",
                WIDTH / 2 - 60,
                HEIGHT - 12));
        for (Row row : rows) {
            double x = place(row.perSecond(), leastOps, mostOps, MARGIN, WIDTH - 150.0);
            double y = place(row.p99Micros(), leastMicros, mostMicros, HEIGHT - (double) MARGIN, 30);
            lines.computeIfAbsent(
                            row.system()
                                    + (row.bytes() == rows.get(0).bytes() ? "" : " " + row.bytes() + " B")
                                    + (row.replicas() == rows.get(0).replicas() ? "" : ", " + row.replicas()),
                            name -> new StringBuilder())
                    .append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y));
        }
        int number = 0;
        for (Map.Entry<String, StringBuilder> line : lines.entrySet()) {
            String colour = COLOURS.get(number % COLOURS.size());
            svg.append("<polyline fill=\"none\" stroke=\"").append(colour).append("\" stroke-width=\"2\" points=\"");
            svg.append(line.getValue().toString().trim()).append("\"/>\n");
            for (String point : line.getValue().toString().trim().split(" ")) {
                String[] at = point.split(",");
                svg.append("<circle cx=\"")
                        .append(at[0])
                        .append("\" cy=\"")
                        .append(at[1])
                        .append("\" r=\"4\" fill=\"");
                svg.append(colour).append("\"/>\n");
            }
            svg.append(String.format(
                    Locale.ROOT,
                    "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>%n",
                    WIDTH - 140,
                    40 + 18 * number++,
                    colour,
                    line.getKey()));
        }
        return svg.append("</svg>\n").toString();
    }

    private static void grid(StringBuilder svg, double least, double most, boolean across) {
        for (double power = Math.pow(10, Math.floor(Math.log10(least))); power <= most; power *= 10) {
            if (power < least) {
                continue;
            }
            String label = power >= 1000
                    ? String.format(Locale.ROOT, "%.0f k", power / 1000)
                    : String.format(Locale.ROOT, "%.0f", power);
            if (across) {
                double x = place(power, least, most, MARGIN, WIDTH - 150.0);
                svg.append(String.format(
                        Locale.ROOT,
                        "<line x1=\"%.1f\" y1=\"30\" x2=\"%.1f\" y2=\"%d\" stroke=\"#ddd\"/><text x=\"%.1f\" y=\"%d\">%s</text>%n",
                        x,
                        x,
                        HEIGHT - MARGIN,
                        x - 8,
                        HEIGHT - MARGIN + 18,
                        label));
            } else {
                double y = place(power, least, most, HEIGHT - (double) MARGIN, 30);
                svg.append(String.format(
                        Locale.ROOT,
                        "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"10\" y=\"%.1f\">%s</text>%n",
                        MARGIN,
                        y,
                        WIDTH - 150,
                        y,
                        y + 4,
                        label));
            }
        }
    }

    private static double place(double value, double least, double most, double from, double to) {
        double span = Math.log(most) - Math.log(least);
        return span == 0 ? from : from + (to - from) * (Math.log(value) - Math.log(least)) / span;
    }
}
