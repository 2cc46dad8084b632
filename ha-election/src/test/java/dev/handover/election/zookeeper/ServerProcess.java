package dev.handover.election.zookeeper;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A ZooKeeper server in a process of its own, to be killed, paused and started again on the same port and directory. */
final class ServerProcess {
    private final Path directory;
    private final int port;
    private Process process;

    ServerProcess(Path directory) throws Exception {
        this.directory = directory;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        start();
    }

    String connectString() {
        return "127.0.0.1:" + port;
    }

    /** Returns when it serves. */
    void start() throws Exception {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=logback-election.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ServerProcess.class.getName(),
                        directory.toString(),
                        String.valueOf(port))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line = out.readLine(); !"serving".equals(line); line = out.readLine()) {
            if (line == null) {
                throw new IOException("the server process has ended with " + process.waitFor());
            }
        }
    }

    void kill() throws InterruptedException {
        process.destroyForcibly(); // SIGKILL
        if (!process.waitFor(10, TimeUnit.SECONDS)) {
            throw new AssertionError("process " + process.pid() + " survived SIGKILL");
        }
    }

    void pause() throws Exception {
        signal("STOP");
    }

    void resume() throws Exception {
        signal("CONT");
    }

    private void signal(String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                .inheritIO()
                .start();
        if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new AssertionError("kill -" + name + " " + process.pid() + " failed");
        }
    }

    /** The server's own process: ends with the test that started it, whose end closes standard input. */
    public static void main(String[] arguments) throws Exception {
        try (EmbeddedZooKeeper server = EmbeddedZooKeeper.builder()
                .dataDirectory(Path.of(arguments[0]))
                .clientAddress("127.0.0.1", Integer.parseInt(arguments[1]))
                .tickTime(Duration.ofMillis(100))
                .start()) {
            server.awaitServing(Duration.ofSeconds(20));
            System.out.println("serving");
            int end = System.in.read();
            System.out.println("ends after " + end);
        }
    }
}
