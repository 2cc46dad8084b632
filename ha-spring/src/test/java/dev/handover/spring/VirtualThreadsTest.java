package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Virtual threads that wait for Handover give their carriers back. On the newest JVM that is found, since the build's may have none. */
@Timeout(300)
class VirtualThreadsTest {
    private static final int FIRST_WITH_VIRTUAL_THREADS = 21;
    private static final Path INSTALLED = Path.of("/usr/lib/jvm");
    private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"([0-9]+)");

    @TempDir
    Path directory;

    @Test
    void shouldPinNoVirtualThreadThatWaits() throws Exception {
        Optional<Path> java = java();
        assumeTrue(
                java.isPresent(),
                "no JVM of " + FIRST_WITH_VIRTUAL_THREADS + " or newer: neither this one, nor JAVA_HOME*, nor below "
                        + INSTALLED);
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        java.get().toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        VirtualCallers.class.getName(),
                        directory.toString())
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(280, TimeUnit.SECONDS))
                    .as(Files.readString(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }

        List<String> lines = Files.readAllLines(output);
        assertThat(lines).contains(VirtualCallers.DONE);
        List<String> pinned = lines.stream()
                .filter(line -> line.startsWith(VirtualCallers.PINNED))
                .toList();
        assertThat(pinned)
                .as("the one on purpose, by which is seen that others would be")
                .anyMatch(line -> line.contains("OnPurpose"));
        assertThat(pinned).allMatch(line -> line.contains("OnPurpose"));
    }

    private static Optional<Path> java() throws IOException {
        if (Runtime.version().feature() >= FIRST_WITH_VIRTUAL_THREADS) {
            return Optional.of(Path.of(System.getProperty("java.home"), "bin", "java"));
        }
        Stream<Path> named = System.getenv().entrySet().stream()
                .filter(variable -> variable.getKey().startsWith("JAVA_HOME"))
                .map(Map.Entry::getValue)
                .map(Path::of);
        try (Stream<Path> installed = Files.isDirectory(INSTALLED) ? Files.list(INSTALLED) : Stream.empty()) {
            return Stream.concat(named, installed)
                    .filter(home -> feature(home) >= FIRST_WITH_VIRTUAL_THREADS)
                    .max(Comparator.comparingInt(VirtualThreadsTest::feature))
                    .map(home -> home.resolve("bin").resolve("java"));
        }
    }

    /** Of the JVM at that place; 0 if there is none. */
    private static int feature(Path home) {
        Path release = home.resolve("release");
        try {
            Matcher version = VERSION.matcher(Files.isRegularFile(release) ? Files.readString(release) : "");
            return version.find() && Files.isExecutable(home.resolve("bin").resolve("java"))
                    ? Integer.parseInt(version.group(1))
                    : 0;
        } catch (IOException e) {
            return 0; // not for us to read
        }
    }
}
