package dev.handover.jmh.snapshots;

import java.util.Arrays;
import java.util.Locale;

/**
 * How long commands took that were due in some span of time.
 *
 * @param sorted nanoseconds from when the command was due until its answer
 */
record Latencies(String name, long[] sorted) {
    Latencies {
        Arrays.sort(sorted);
        if (sorted.length == 0) {
            throw new IllegalArgumentException("no command was due " + name + "; give more seconds or a higher rate");
        }
    }

    double micros(double quantile) {
        int rank = (int) Math.ceil(quantile * sorted.length);
        return sorted[Math.max(0, rank - 1)] / 1e3;
    }

    static String header() {
        return String.format(
                Locale.ROOT, "%-28s %9s %9s %9s %9s %9s  (us)", "commits", "count", "p50", "p99", "p99.9", "max");
    }

    String line() {
        return String.format(
                Locale.ROOT,
                "%-28s %9d %9.0f %9.0f %9.0f %9.0f",
                name,
                sorted.length,
                micros(0.5),
                micros(0.99),
                micros(0.999),
                micros(1));
    }
}
