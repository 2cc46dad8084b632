package dev.handover.examples.demo;

import java.util.List;
import java.util.Locale;

/** The result of all rounds. */
record Summary(int rounds, long acknowledged, int lost, int duplicated, Spread takeOver, Spread gap) {
    /**
     * Middle and worst of some times.
     *
     * @param medianMillis middle one, or the mean of the two in the middle
     */
    record Spread(double medianMillis, double maxMillis) {
        /** Of at least one time in nanoseconds. */
        static Spread of(List<Long> nanos) {
            if (nanos.isEmpty()) {
                throw new IllegalArgumentException("no times to take a median of");
            }
            List<Long> sorted = nanos.stream().sorted().toList();
            int half = sorted.size() / 2;
            double median = sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2.0;
            return new Spread(median / 1e6, sorted.get(sorted.size() - 1) / 1e6);
        }

        String json() {
            return String.format(Locale.ROOT, "{\"median\":%.1f,\"max\":%.1f}", medianMillis, maxMillis);
        }
    }

    static Summary of(List<Round> rounds, long acknowledged, Audit audit) {
        return new Summary(
                rounds.size(),
                acknowledged,
                audit.lost().size(),
                audit.duplicated().size(),
                Spread.of(rounds.stream().map(Round::takeOverNanos).toList()),
                Spread.of(rounds.stream().map(Round::gapNanos).toList()));
    }

    /** One line, for programs. */
    String json() {
        return "{\"rounds\":" + rounds + ",\"acknowledged\":" + acknowledged + ",\"lost\":" + lost
                + ",\"duplicated\":" + duplicated + ",\"takeover_ms\":" + takeOver.json() + ",\"client_gap_ms\":"
                + gap.json() + "}";
    }
}
