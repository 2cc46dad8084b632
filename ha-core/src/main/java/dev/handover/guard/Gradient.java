package dev.handover.guard;

/** The arithmetic of {@link AdaptiveLimit}; one thread at a time. */
final class Gradient {
    private static final int QUEUE = 4;
    private static final double SMOOTHING = 0.2;
    private static final double LONG_TERM = 1.0 / 600;
    private static final int WARM_UP = 10;

    private final AdaptiveLimit rule;
    private double limit;
    private double longTermNanos;
    private int windows;

    Gradient(AdaptiveLimit rule) {
        this.rule = rule;
        limit = rule.initial();
    }

    int limit() {
        return (int) limit;
    }

    /** A window has ended: the mean latency of its calls, and the most that were under way at once. */
    int window(double meanNanos, int mostInFlight) {
        windows++;
        longTermNanos += (meanNanos - longTermNanos) * (windows <= WARM_UP ? 1.0 / windows : LONG_TERM);
        if (longTermNanos > 2 * meanNanos) {
            longTermNanos *= 0.95;
        }
        if (mostInFlight >= limit / 2) {
            double gradient = Math.max(0.5, Math.min(1, rule.tolerance() * longTermNanos / meanNanos));
            double next = limit * gradient + QUEUE;
            limit = Math.max(rule.min(), Math.min(rule.max(), limit * (1 - SMOOTHING) + next * SMOOTHING));
        }
        return limit();
    }
}
