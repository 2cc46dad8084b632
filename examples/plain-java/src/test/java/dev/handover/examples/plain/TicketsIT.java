package dev.handover.examples.plain;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the README says: the leader is killed, the others go on without a failure, and the killed one comes back. */
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TicketsIT {
    private static final Pattern DREW = Pattern.compile("(\\w) drew ticket (\\d+); leader (\\w)");
    private static final Pattern STARTED = Pattern.compile("(\\w) is process (\\d+)");

    private final Map<String, Long> processes = new HashMap<>();
    private final SortedSet<Integer> drawn = new TreeSet<>();
    private int deaths;
    private Process program;
    private BufferedReader output;

    @AfterEach
    void end() throws InterruptedException {
        program.descendants().forEach(ProcessHandle::destroyForcibly);
        program.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }

    @Test
    void shouldGoOnWhenItsLeaderIsKilled(@TempDir Path directory) throws Exception {
        program = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Tickets.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        output = program.inputReader(StandardCharsets.UTF_8);
        Map<String, String> leaders = new HashMap<>();
        while (!(leaders.size() == 3 && Set.copyOf(leaders.values()).size() == 1)) {
            next(leaders);
        }
        String killed = leaders.get("a");
        ProcessHandle.of(processes.get(killed)).orElseThrow().destroyForcibly();
        while (deaths == 0) {
            next(leaders);
        }
        leaders.clear();
        while (leaders.size() < 3) { // the killed one is back, too
            next(leaders);
        }
        assertThat(leaders.values()).doesNotContain(killed);
        assertThat(deaths).as("who was not killed saw no failure").isEqualTo(1);
        // Each of three may be about to tell its last one, and the killed one has not told whatever it drew last.
        assertThat(drawn.last() - drawn.size()).as("missing of %s", drawn).isBetween(0, 3);
    }

    /** Takes a line; no ticket may be drawn twice. */
    private void next(Map<String, String> leaders) throws Exception {
        String line = output.readLine();
        assertThat(line).as("the program goes on; drawn: %s", drawn).isNotNull();
        Matcher ticket = DREW.matcher(line);
        Matcher started = STARTED.matcher(line);
        if (ticket.matches()) {
            assertThat(drawn.add(Integer.valueOf(ticket.group(2))))
                    .as("drawn for the first time: %s", line)
                    .isTrue();
            leaders.put(ticket.group(1), ticket.group(3));
        } else if (started.matches()) {
            processes.put(started.group(1), Long.valueOf(started.group(2)));
        } else if (line.contains("has died")) {
            deaths++;
        }
    }
}
