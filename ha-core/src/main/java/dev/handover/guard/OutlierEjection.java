package dev.handover.guard;

import java.time.Duration;

/**
 * When an endpoint is left out for a while, after Envoy's outlier detection (envoyproxy.io, "Outlier detection"): it fails in a row, too much of it fails, or it is much slower than the others.
 *
 * @param consecutiveErrors so many in a row; default 5. With 1 a single lost packet ejects
 * @param errorRate share of the calls in a window, above 0 to 1; default 0.5
 * @param minCalls a rate or a latency is believed from so many calls on; default 20
 * @param window length of the windows for the rate; default 10 s
 * @param slowerThanOthers its average latency against the median of the others', if the difference is 10 ms at least; default 3
 * @param baseTime how long it is left out at first; twice as long each further time; default 1 s
 * @param maxTime never longer; and who was well for as long begins at the base again; default 60 s
 * @param maxShare never more than this share of the endpoints is left out at once, rounded down, and never the last one; default 0.5. Where it is 1, a network fault of the caller's own ejects all but one
 */
public record OutlierEjection(
        int consecutiveErrors,
        double errorRate,
        int minCalls,
        Duration window,
        double slowerThanOthers,
        Duration baseTime,
        Duration maxTime,
        double maxShare) {
    /** The defaults. */
    public static final OutlierEjection DEFAULTS = new OutlierEjection(
            5, 0.5, 20, Duration.ofSeconds(10), 3, Duration.ofSeconds(1), Duration.ofSeconds(60), 0.5);

    /** Checks. */
    public OutlierEjection {
        if (consecutiveErrors < 1 || minCalls < 1) {
            throw new IllegalArgumentException(
                    "consecutiveErrors " + consecutiveErrors + " and minCalls " + minCalls + " must be 1 or more");
        }
        if (!(errorRate > 0 && errorRate <= 1)) {
            throw new IllegalArgumentException("errorRate " + errorRate + " is no share; use above 0, up to 1");
        }
        if (!(maxShare >= 0 && maxShare <= 1)) {
            throw new IllegalArgumentException("maxShare " + maxShare + " is no share; use 0 to 1");
        }
        if (!(slowerThanOthers > 1)) {
            throw new IllegalArgumentException("slowerThanOthers " + slowerThanOthers + " is not above 1");
        }
        if (window.isNegative() || window.isZero() || baseTime.isNegative() || baseTime.isZero()) {
            throw new IllegalArgumentException("window " + window + " and baseTime " + baseTime + " must be above 0");
        }
        if (maxTime.compareTo(baseTime) < 0) {
            throw new IllegalArgumentException("maxTime " + maxTime + " is below baseTime " + baseTime);
        }
    }
}
