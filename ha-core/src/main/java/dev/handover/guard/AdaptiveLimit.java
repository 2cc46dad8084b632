package dev.handover.guard;

import java.time.Duration;

/**
 * How a limit of concurrent calls finds itself from how long calls take: the gradient of Netflix's concurrency-limits ({@code Gradient2Limit}, github.com/Netflix/concurrency-limits, after TCP Vegas: Brakmo, O'Malley, Peterson 1994).
 *
 * <p>Every window the limit is multiplied with the gradient {@code tolerance × long-term latency ÷ latency of the window}, within 0.5 and 1, and 4 are added: while latency stays the limit grows, when calls begin to wait for each other it shrinks.
 * A fifth of the difference is taken at a time. The long-term latency is an average over some hundred windows, and falls faster when it is more than twice what is seen. A window in which fewer than half of the limit were under way
 * says nothing about it and leaves it alone. Calls that were given up count with the time that they took; calls that failed by themselves do not count, since a fast refusal is no speed.
 *
 * @param initial limit at the start; default 20
 * @param min never below; default 4. Too small, and a pause of the other side takes long to recover from
 * @param max never above; default 200
 * @param window how long is watched before the limit changes; default 100 ms, and at least ten calls. Too short, and noise moves the limit
 * @param tolerance latency that is no sign of a queue, as a multiple of the long-term one; default 1.5
 */
public record AdaptiveLimit(int initial, int min, int max, Duration window, double tolerance) {
    /** The defaults: 20 at first, 4 to 200, 100 ms, 1.5. */
    public static final AdaptiveLimit DEFAULTS = new AdaptiveLimit(20, 4, 200, Duration.ofMillis(100), 1.5);

    /** Checks. */
    public AdaptiveLimit {
        if (min < 1) {
            throw new IllegalArgumentException("min " + min + " is below 1; use 1 or more");
        }
        if (max < min) {
            throw new IllegalArgumentException("max " + max + " is below min " + min + "; raise it, or lower min");
        }
        if (initial < min || initial > max) {
            throw new IllegalArgumentException(
                    "initial " + initial + " is not within min " + min + " and max " + max + "; use a limit that is");
        }
        if (window.isNegative() || window.isZero()) {
            throw new IllegalArgumentException("window " + window + " is no time; use some ten milliseconds or more");
        }
        if (!(tolerance >= 1)) {
            throw new IllegalArgumentException("tolerance " + tolerance + " is below 1; use 1.5 or more");
        }
    }

    /** The defaults with other bounds. */
    public static AdaptiveLimit between(int min, int max) {
        return new AdaptiveLimit(
                Math.max(min, Math.min(max, DEFAULTS.initial)), min, max, DEFAULTS.window, DEFAULTS.tolerance);
    }
}
