package dev.handover.examples.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Where the time of a take-over went: the lines of several logs around a moment, merged, each with its distance to that moment. All
 * logs are written on this machine, by one clock, with microseconds.
 */
final class Timeline {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSSSSS", Locale.ROOT);
    private static final int TIME_LENGTH = "HH:mm:ss.SSSSSS".length();
    private static final long MICROS_PER_DAY = Duration.ofDays(1).toSeconds() * 1_000_000;

    private Timeline() {}

    /** One line. */
    record Line(long micros, String text) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "  %+8.2f ms  %s", micros / 1e3, text);
        }
    }

    /** Lines that begin with a time up to {@code after} behind the moment, in order. */
    static List<Line> around(LocalTime moment, Duration after, List<Path> logs) throws IOException {
        List<Line> lines = new ArrayList<>();
        long until = after.toNanos() / 1000;
        for (Path log : logs) {
            try (Stream<String> all = Files.lines(log)) {
                all.forEach(text -> {
                    long micros = distance(moment, text);
                    if (micros >= 0 && micros <= until) {
                        lines.add(new Line(micros, text.substring(TIME_LENGTH).strip()));
                    }
                });
            }
        }
        lines.sort(Comparator.comparingLong(Line::micros));
        return lines;
    }

    /** Microseconds from the moment to the time at the beginning of the text; -1 if there is none or it is long before. */
    private static long distance(LocalTime moment, String text) {
        if (text.length() < TIME_LENGTH) {
            return -1;
        }
        try {
            LocalTime time = LocalTime.parse(text.substring(0, TIME_LENGTH), TIME);
            return Math.floorMod(ChronoUnit.MICROS.between(moment, time), MICROS_PER_DAY);
        } catch (DateTimeParseException noTime) {
            return -1; // a line of a stack trace, or what the server prints itself
        }
    }
}
