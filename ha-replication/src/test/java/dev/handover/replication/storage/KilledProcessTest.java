package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.same;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.protocol.LogEntry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real process, killed with SIGKILL while it appends. */
@Timeout(120)
class KilledProcessTest {
    private static final int ROUNDS = 4;

    @TempDir
    Path directory;

    @Test
    void shouldHoldEverythingForcedAfterTheProcessWasKilled() throws Exception {
        long forced = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Process child = start();
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.US_ASCII))) {
                long enough = forced + 300 + new Random().nextInt(700);
                while (forced < enough) {
                    String line = lines.readLine();
                    assertThat(line).as("the child ended early").isNotNull();
                    forced = Long.parseLong(line);
                }
                if (round == 0) {
                    assertThatThrownBy(() -> open(directory))
                            .isInstanceOf(IOException.class)
                            .hasMessageContaining(directory.toRealPath() + " is in use by process " + child.pid());
                }
                // SIGKILL; the handle's way leaves the pipe open
                assertThat(child.toHandle().destroyForcibly()).isTrue();
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    if (line.length() == 12) { // the last one may be cut
                        forced = Long.parseLong(line);
                    }
                }
            }
            assertThat(child.waitFor(20, TimeUnit.SECONDS)).isTrue();
            try (SegmentedLog log = open(directory)) {
                assertThat(log.damage()).isEmpty();
                long last = log.recovered().lastIndex();
                assertThat(last).isGreaterThanOrEqualTo(forced);
                List<LogEntry> all = LogFixture.readAll(log, last);
                for (LogEntry entry : all) {
                    assertThat(same(
                                    entry,
                                    entries(entry.index(), entry.index(), 1, 200)
                                            .get(0)))
                            .isTrue();
                }
                forced = last;
            }
        }
    }

    private Process start() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Appends and forces until it is killed, and tells how far it has come; no longer than a minute. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws IOException {
            try (SegmentedLog log = open(Path.of(arguments[0]))) {
                long last = log.recovered().lastIndex();
                Random random = new Random();
                long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
                while (System.nanoTime() < end) {
                    int count = 1 + random.nextInt(10);
                    log.append(entries(last + 1, last + count, 1, 200));
                    last += count;
                    log.force();
                    System.out.printf("%012d%n", last);
                    System.out.flush();
                }
            }
        }
    }
}
