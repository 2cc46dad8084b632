package dev.handover.examples.orders;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Surroundings, three instances and HAProxy, as processes of their own. */
final class Company implements AutoCloseable {
    static final List<String> NAMES = List.of("a", "b", "c");

    private static final Duration LONG = Duration.ofSeconds(120);

    private final Path directory;
    private final Path jar;
    private final Map<String, Integer> ports = new LinkedHashMap<>();
    private final Map<String, Process> processes = new LinkedHashMap<>();
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();

    Company(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
        try (var found = Files.newDirectoryStream(Path.of("target"), "spring-orders-*-app.jar")) {
            jar = found.iterator().next();
        }
        int next = ThreadLocalRandom.current().nextInt(20_000, 31_000); // below what the kernel gives to connections
        for (String name : List.of("zookeeper", "warehouse", "front", "a", "b", "c", "a-peer", "b-peer", "c-peer")) {
            while (!isFree(next)) {
                next++;
            }
            ports.put(name, next++);
        }
    }

    private static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    private int port(String name) {
        return ports.get(name);
    }

    private void start(String name, Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve(name + ".log").toFile()));
        builder.environment().putAll(environment);
        processes.put(name, builder.start());
    }

    private List<String> java(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx160m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of(arguments));
        return command;
    }

    void startSurroundings() throws IOException {
        start(
                "surroundings",
                Map.of(),
                java(
                        "-jar",
                        jar.toString(),
                        "surroundings",
                        String.valueOf(port("zookeeper")),
                        String.valueOf(port("warehouse")),
                        directory.resolve("zookeeper").toString()));
        await("the surroundings serve", () -> get(port("warehouse"), "/shipped").statusCode() == 200);
    }

    /** All but the first run with what ahead-of-time processing has made. */
    void startInstance(String name) throws IOException {
        start(
                name,
                Map.of(
                        "NODE",
                        name,
                        "ZOOKEEPER",
                        "127.0.0.1:" + port("zookeeper"),
                        "PORT",
                        String.valueOf(port(name)),
                        "PEER_PORT",
                        String.valueOf(port(name + "-peer")),
                        "DATA",
                        directory.resolve("data").toString(),
                        "ORDERS_WAREHOUSE",
                        "http://127.0.0.1:" + port("warehouse") + "/ship",
                        "ORDERS_SHIPPINGINTERVAL",
                        "50ms"),
                java("-Dspring.aot.enabled=" + !name.equals("a"), "-jar", jar.toString()));
    }

    void startProxy() throws IOException {
        start(
                "haproxy",
                Map.of(
                        "FRONT_PORT", String.valueOf(port("front")),
                        "PORT_A", String.valueOf(port("a")),
                        "PORT_B", String.valueOf(port("b")),
                        "PORT_C", String.valueOf(port("c"))),
                List.of("haproxy", "-db", "-f", "haproxy.cfg"));
        await(
                "the proxy has found the instances",
                () -> get(port("front"), "/orders").statusCode() == 200);
    }

    void awaitReady(String name) {
        await(
                name + " is ready",
                () -> get(port(name), "/actuator/health/readiness").statusCode() == 200);
    }

    void awaitInSync(String name) {
        await(
                name + " is in sync",
                () -> get(port(name), "/actuator/health/in-sync").statusCode() == 200);
    }

    /** Who leads; null if nobody says so now. */
    String leader() {
        return NAMES.stream()
                .filter(name -> processes.get(name).isAlive() && answers(port(name), "/actuator/health/leader"))
                .findFirst()
                .orElse(null);
    }

    private boolean answers(int port, String path) {
        try {
            return get(port, path).statusCode() == 200;
        } catch (IOException | InterruptedException e) {
            return false;
        }
    }

    /** SIGTERM, and waits for the end. */
    void stop(String name) throws InterruptedException {
        Process process = processes.get(name);
        process.destroy();
        if (!process.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError(name + " has not stopped within " + LONG);
        }
    }

    /** SIGKILL. */
    void kill(String name) throws InterruptedException {
        processes.get(name).destroyForcibly().waitFor(LONG.toSeconds(), TimeUnit.SECONDS);
    }

    HttpResponse<String> order(String item) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port("front") + "/orders?item=" + item))
                        .timeout(Duration.ofSeconds(20))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    String orders() throws IOException, InterruptedException {
        return get(port("front"), "/orders").body();
    }

    String shipped() throws IOException, InterruptedException {
        return get(port("warehouse"), "/shipped").body();
    }

    private HttpResponse<String> get(int port, String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                        .timeout(Duration.ofSeconds(10))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /** A condition that may throw while nobody listens yet. */
    interface Condition {
        boolean holds() throws IOException, InterruptedException;
    }

    static void await(String what, Condition condition) {
        IOException[] last = new IOException[1];
        BooleanSupplier safe = () -> {
            try {
                return condition.holds();
            } catch (IOException e) {
                last[0] = e;
                return false;
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        };
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!safe.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + LONG + ": " + what, last[0]);
            }
            try {
                Thread.sleep(50);
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted", e);
            }
        }
    }

    @Override
    public void close() {
        processes.values().forEach(Process::destroyForcibly);
        for (Process process : processes.values()) {
            process.onExit().orTimeout(LONG.toSeconds(), TimeUnit.SECONDS).join();
        }
    }
}
