package dev.handover.netty;

import java.util.LinkedHashMap;
import java.util.Map;

/** Lets each line through once in a while only, so that what is tried again and again does not flood the log. Not thread-safe. */
final class LogGate {
    private static final int MAX_KEYS = 256;

    private final long intervalNanos;
    private final Map<String, Long> last = new LinkedHashMap<>();

    LogGate(long intervalNanos) {
        this.intervalNanos = intervalNanos;
    }

    /** Whether the line with this key may be written now. */
    boolean opens(String key, long nowNanos) {
        Long before = last.get(key);
        if (before != null && nowNanos - before < intervalNanos) {
            return false;
        }
        last.remove(key);
        last.put(key, nowNanos);
        if (last.size() > MAX_KEYS) {
            last.remove(last.keySet().iterator().next());
        }
        return true;
    }
}
