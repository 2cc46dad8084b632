package dev.handover.examples.sharded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real processes: one is killed, and a new one comes. */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ShardedCounterIT {
    @Test
    void shouldShareTheLoadAndLoseNothingWhenAnInstanceIsKilledAndAnotherComes() throws Exception {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        boolean good;
        try (PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8)) {
            good = new ShardedCounter(out, 8, 4, 500, List.of("d")).run();
        }
        String report = text.toString(StandardCharsets.UTF_8);
        System.out.println(report);
        assertThat(good).as(report).isTrue();
        assertThat(report)
                .contains("b was killed")
                .contains("a leads  4")
                .contains("d leads  2")
                .contains(" 0 counters wrong");
    }
}
