package dev.handover.examples.kv.system;

import java.time.Duration;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What was done and when, by the clock that the processes' logs have. Any thread. */
final class Timeline {
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

    private final long start = System.nanoTime();
    private final List<String> lines = new ArrayList<>();

    /** @param format of {@link String#format} */
    synchronized void add(String format, Object... arguments) {
        String line = String.format(Locale.ROOT, format, arguments);
        lines.add(String.format(
                Locale.ROOT, "%s %8.3f s  %s", LocalTime.now().format(CLOCK), (System.nanoTime() - start) / 1e9, line));
        SystemTest.LOG.info("{}", line);
    }

    Duration age() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    synchronized List<String> lines() {
        return List.copyOf(lines);
    }

    synchronized List<String> last(int count) {
        return List.copyOf(lines.subList(Math.max(0, lines.size() - count), lines.size()));
    }
}
