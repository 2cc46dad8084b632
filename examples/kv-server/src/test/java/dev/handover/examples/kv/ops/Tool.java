package dev.handover.examples.kv.ops;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A program of Debian's that a test starts and ends. */
final class Tool implements AutoCloseable {
    private final Process process;
    private final Path output;

    private Tool(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /** Skips the test where it is not installed. */
    static void need(String command, String debianPackage) {
        boolean installed = Arrays.stream(
                        (System.getenv("PATH") + File.pathSeparator + "/usr/sbin").split(File.pathSeparator))
                .anyMatch(path -> Files.isExecutable(Path.of(path, command)));
        assumeTrue(installed, command + " is not installed: apt-get install " + debianPackage);
    }

    /** Returns at once. stdout and stderr go to the file. */
    static Tool start(Path output, List<String> command) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().merge("PATH", "/usr/sbin", (path, more) -> path + File.pathSeparator + more);
        return new Tool(builder.start(), output);
    }

    /** Its exit code; fails if it does not end in time. */
    int awaitExit(long seconds) throws Exception {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            throw new AssertionError("has not ended: " + output());
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    String output() throws IOException {
        return Files.readString(output, StandardCharsets.UTF_8);
    }

    /** Kills it and what it has started. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
