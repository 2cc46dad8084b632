package dev.handover.ops;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Samples of one group, for its sparklines. Guarded by its owner. */
final class History {
    private static final int SAMPLES = 120;

    private final Deque<Double> rates = new ArrayDeque<>();
    private final Deque<Double> lags = new ArrayDeque<>();
    private long committed = -1;
    private long sampledNanos;

    void sample(long nanos, long commitIndex, long lag) {
        if (committed >= 0 && nanos > sampledNanos) {
            double perSecond = Math.max(0, commitIndex - committed) * 1e9 / (nanos - sampledNanos);
            put(rates, perSecond);
        }
        put(lags, lag);
        committed = commitIndex;
        sampledNanos = nanos;
    }

    double rate() {
        return rates.isEmpty() ? 0 : rates.getLast();
    }

    List<Double> rates() {
        return List.copyOf(rates);
    }

    List<Double> lags() {
        return List.copyOf(lags);
    }

    private static void put(Deque<Double> samples, double value) {
        samples.addLast(value);
        if (samples.size() > SAMPLES) {
            samples.removeFirst();
        }
    }
}
