package dev.handover.examples.guards;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An {@link Instance} in a process of its own, to be killed or stopped. */
final class Child implements AutoCloseable {
    private final Process process;
    private final URI address;

    /** Starts it, and returns when it listens. */
    Child(String name) throws IOException {
        process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:TieredStopAtLevel=1",
                        "-Dsun.net.httpserver.nodelay=true", // else answers wait 40 ms for an acknowledgement now and
                        // then
                        "-cp",
                        System.getProperty("java.class.path"),
                        Instance.class.getName(),
                        name))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String port = output.readLine();
        if (port == null) {
            throw new IOException("instance " + name + " ended before it listened; see its error output above");
        }
        address = URI.create("http://127.0.0.1:" + port + "/stock");
    }

    URI address() {
        return address;
    }

    long pid() {
        return process.pid();
    }

    /** SIGKILL: its port refuses connections from now on. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }

    /** SIGSTOP, SIGCONT: it accepts connections and never answers, until it goes on. */
    void signal(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + signal, String.valueOf(pid()))
                .inheritIO()
                .start();
        if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new IOException("kill -" + signal + " " + pid() + " failed");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
