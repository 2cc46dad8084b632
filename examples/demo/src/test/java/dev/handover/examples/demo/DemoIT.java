package dev.handover.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real thing in a process of its own: its jar, with real servers, real kills. */
@Timeout(180)
class DemoIT {
    private static final Path JAR = Path.of("target", "demo.jar").toAbsolutePath();
    private static final Pattern SUMMARY =
            Pattern.compile("\\{\"rounds\":(\\d+),\"acknowledged\":(\\d+),\"lost\":(\\d+),\"duplicated\":(\\d+),"
                    + "\"takeover_ms\":\\{\"median\":([0-9.]+),\"max\":([0-9.]+)},"
                    + "\"client_gap_ms\":\\{\"median\":([0-9.]+),\"max\":([0-9.]+)}}");

    @TempDir
    Path directory;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void killWhatIsLeft() {
        for (Process process : started) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Test
    void shouldLoseNothingInOneRoundAndLeaveNothingBehind() throws Exception {
        Process demo = demo("--rounds", "1", "--writers", "8", "--plain");
        assertThat(demo.waitFor(120, TimeUnit.SECONDS)).isTrue();
        List<String> lines = Files.readAllLines(output());
        assertThat(demo.exitValue()).as(String.join("\n", lines)).isZero();
        Matcher summary = SUMMARY.matcher(lines.get(lines.size() - 1));
        assertThat(summary.matches()).as(lines.get(lines.size() - 1)).isTrue();
        assertThat(summary.group(1)).isEqualTo("1");
        assertThat(Long.parseLong(summary.group(2))).isPositive();
        assertThat(summary.group(3)).isEqualTo("0");
        assertThat(summary.group(4)).isEqualTo("0");
        assertThat(Double.parseDouble(summary.group(6))).isPositive();
        assertThat(Double.parseDouble(summary.group(8))).isPositive();
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("round 1: leader "));
        assertThat(leftInTemporaryDirectory()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--transfer", "--stop"})
    void shouldFailNoRequestWhenTheLeaderGoesAsPlanned(String kind) throws Exception {
        Process demo = demo(kind, "--rounds", "1", "--writers", "8", "--plain");
        assertThat(demo.waitFor(120, TimeUnit.SECONDS)).isTrue();
        List<String> lines = Files.readAllLines(output());
        assertThat(demo.exitValue()).as(String.join("\n", lines)).isZero();
        assertThat(lines.get(lines.size() - 1))
                .as(String.join("\n", lines))
                .startsWith("{\"kind\":\"" + kind.substring(2) + "\",\"rounds\":1,\"acknowledged\":")
                .contains(",\"failed\":0,\"unknown\":0,")
                .contains(",\"lost\":0,\"duplicated\":0,\"pause_ms\":{\"median\":");
        assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("round 1: "));
    }

    @Test
    void shouldLeaveNothingBehindWhenItIsInterrupted() throws Exception {
        Process demo = demo("--rounds", "1000", "--writers", "2", "--plain");
        awaitOutput(demo, "round 1: leader ");
        List<ProcessHandle> servers = demo.descendants().toList();
        assertThat(servers).isNotEmpty();
        demo.destroy(); // SIGTERM; Ctrl-C takes the same way
        assertThat(demo.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue()).isNotZero();
        for (ProcessHandle server : servers) {
            server.onExit().get(10, TimeUnit.SECONDS);
        }
        assertThat(leftInTemporaryDirectory()).isEmpty();
        assertThat(Files.readString(output())).doesNotContain("demo: ");
    }

    @Test
    void shouldTakeItsServersAlongWhenItIsKilled() throws Exception {
        Process demo = demo("--rounds", "1000", "--writers", "0", "--plain");
        awaitOutput(demo, "leader ");
        List<ProcessHandle> servers = demo.descendants().toList();
        assertThat(servers).hasSize(3);
        demo.destroyForcibly();
        for (ProcessHandle server : servers) {
            server.onExit().get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldExplainWrongOptions() throws Exception {
        Process demo = demo("--rounds", "many");
        assertThat(demo.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue()).isEqualTo(2);
        assertThat(Files.readString(output())).contains("--rounds 'many'", "usage: demo");
    }

    @Test
    void shouldSayWhyItFailed() throws Exception {
        Path jar = directory.resolve("no-server.jar");
        Files.copy(JAR, jar); // its main class does not know a server's options
        Process demo = demo("--kv-server", jar.toString(), "--plain");
        assertThat(demo.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue()).isEqualTo(1);
        assertThat(Files.readString(output()))
                .contains("ended by itself before it served", "unknown option '--id'", "data and logs are in ");
        assertThat(leftInTemporaryDirectory()).hasSize(1);
    }

    private Path output() {
        return directory.resolve("output");
    }

    private Process demo(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + Files.createDirectories(directory.resolve("tmp")),
                "-jar",
                JAR.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output().toFile())
                .start();
        started.add(process);
        return process;
    }

    private void awaitOutput(Process demo, String text) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
        while (!Files.readString(output()).contains(text)) {
            assertThat(demo.isAlive()).as(Files.readString(output())).isTrue();
            assertThat(System.nanoTime() - deadline)
                    .as("waited too long for '" + text + "'")
                    .isNegative();
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private List<Path> leftInTemporaryDirectory() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("tmp"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("handover-demo-"))
                    .toList();
        }
    }
}
