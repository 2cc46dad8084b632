package dev.handover.examples.bluegreen;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The instances of both versions, each a process of its own. */
final class Instances implements AutoCloseable {
    private static final long START_SECONDS = 60;
    private static final int LOWEST_PORT = 20_000;
    private static final int BEHIND_HIGHEST_PORT = 32_000;

    private final Path directory;
    private final String zooKeeper;
    private final long bakeMillis;
    private final List<Started> started = new ArrayList<>();

    /** One of them. */
    record Started(String id, int httpPort, Process process) {}

    Instances(Path directory, String zooKeeper, long bakeMillis) {
        this.directory = directory;
        this.zooKeeper = zooKeeper;
        this.bakeMillis = bakeMillis;
    }

    /** Starts one and waits until it serves. */
    void start(String id, String colour, String version, int workMillis) throws IOException, InterruptedException {
        int httpPort = freePort();
        int peerPort = freePort();
        while (peerPort == httpPort) {
            peerPort = freePort();
        }
        Path home = directory.resolve(id);
        Files.createDirectories(home);
        Path output = home.resolve("log");
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dsun.net.httpserver.nodelay=true", // or an answer on a kept connection waits for 40 ms
                        "-Dlogback.configurationFile=blue-green-logback.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OrderService.class.getName(),
                        id,
                        colour,
                        version,
                        String.valueOf(httpPort),
                        String.valueOf(peerPort),
                        zooKeeper,
                        home.resolve("data").toString(),
                        String.valueOf(workMillis),
                        String.valueOf(bakeMillis)))
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        started.add(new Started(id, httpPort, process));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!isReady(output)) {
            if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                throw new IOException("instance " + id + " does not serve; its output:\n" + Files.readString(output));
            }
            Thread.sleep(20);
        }
    }

    private static boolean isReady(Path output) throws IOException {
        try (BufferedReader lines = Files.newBufferedReader(output, StandardCharsets.UTF_8)) {
            return lines.lines().anyMatch("ready"::equals);
        }
    }

    List<Started> all() {
        return List.copyOf(started);
    }

    /** Below the range from which the kernel takes ports for outgoing connections, of which one might sit there when the instance wants it. */
    static int freePort() throws IOException {
        for (int i = 0; i < BEHIND_HIGHEST_PORT - LOWEST_PORT; i++) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST_PORT, BEHIND_HIGHEST_PORT);
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
                return probe.getLocalPort();
            } catch (BindException taken) {
                continue; // by somebody else: another one
            }
        }
        throw new IOException("no free port on 127.0.0.1 from " + LOWEST_PORT + " to " + BEHIND_HIGHEST_PORT);
    }

    /** Ends them; the one that founded the group last. Closing twice is fine. */
    @Override
    public void close() {
        for (int i = started.size() - 1; i >= 0; i--) {
            Process process = started.get(i).process();
            try {
                process.getOutputStream().close();
                if (!process.waitFor(10, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (IOException e) {
                process.destroyForcibly();
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }
}
