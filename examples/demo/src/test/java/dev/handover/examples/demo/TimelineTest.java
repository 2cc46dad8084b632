package dev.handover.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TimelineTest {
    @TempDir
    Path directory;

    @Test
    void shouldMergeWhatHappenedSoonAfterTheMoment() throws Exception {
        Path one = Files.writeString(
                directory.resolve("one"), "10:00:00.999000 before\n10:00:01.002500 INFO  second\n\tat a.stack.trace\n");
        Path two = Files.writeString(
                directory.resolve("two"), "10:00:01.001000 INFO  first\nready\n10:00:01.200000 too late\n");
        assertThat(Timeline.around(LocalTime.of(10, 0, 1), Duration.ofMillis(100), List.of(one, two)))
                .containsExactly(new Timeline.Line(1_000, "INFO  first"), new Timeline.Line(2_500, "INFO  second"));
    }

    @Test
    void shouldReachOverMidnight() throws Exception {
        Path log = Files.writeString(directory.resolve("log"), "00:00:00.010000 after midnight\n");
        assertThat(Timeline.around(LocalTime.of(23, 59, 59, 990_000_000), Duration.ofMillis(100), List.of(log)))
                .containsExactly(new Timeline.Line(20_000, "after midnight"));
    }
}
