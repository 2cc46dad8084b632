package dev.handover.examples.kv.system;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Commands of the operating system. */
final class Shell {
    private static final long TIMEOUT_SECONDS = 20;

    private Shell() {}

    /** Runs it; throws with its output if it fails. */
    static void must(String... command) throws IOException {
        String failure = attempt(command);
        if (failure != null) {
            throw new IOException(failure);
        }
    }

    /** Runs it; null, or why it failed. */
    static String attempt(String... command) {
        return attempt(ProcessBuilder.Redirect.PIPE, command);
    }

    /** The same; what it prints goes to that file. */
    static String attempt(Path output, String... command) {
        return attempt(ProcessBuilder.Redirect.to(output.toFile()), command);
    }

    private static String attempt(ProcessBuilder.Redirect to, String... command) {
        String what = String.join(" ", command) + ": ";
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(to)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return what + "has not ended";
            }
            return process.exitValue() == 0 ? null : what + output;
        } catch (IOException e) {
            return what + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return what + "interrupted";
        }
    }
}
