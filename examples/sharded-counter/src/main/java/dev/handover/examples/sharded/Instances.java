package dev.handover.examples.sharded;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;

/** The instances, each a process of its own, and how to ask them. */
final class Instances implements AutoCloseable {
    private final Map<String, Running> running = new ConcurrentSkipListMap<>();
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final String zooKeeper;
    private final Path directory;
    private final int partitions;
    private final long delayMillis;

    private record Running(Process process, URI address) {}

    Instances(String zooKeeper, Path directory, int partitions, long delayMillis) {
        this.zooKeeper = zooKeeper;
        this.directory = directory;
        this.partitions = partitions;
        this.delayMillis = delayMillis;
    }

    /** Returns when all of them serve. */
    void start(String... names) throws IOException {
        List<Process> begun = new ArrayList<>();
        for (String name : names) {
            begun.add(begin(name));
        }
        for (int i = 0; i < names.length; i++) {
            String port = begun.get(i).inputReader(StandardCharsets.UTF_8).readLine();
            if (port == null) {
                begun.forEach(Process::destroyForcibly);
                throw new IOException("instance " + names[i] + " ended before it served; see its error output above");
            }
            running.put(names[i], new Running(begun.get(i), URI.create("http://127.0.0.1:" + port)));
        }
    }

    private Process begin(String name) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=sharded-counter-logback.xml",
                        "-Dsun.net.httpserver.nodelay=true", // else answers wait 40 ms for an acknowledgement
                        "-cp",
                        System.getProperty("java.class.path"),
                        Instance.class.getName(),
                        name,
                        zooKeeper,
                        directory.toString(),
                        String.valueOf(partitions),
                        String.valueOf(delayMillis))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** SIGKILL. */
    void kill(String name) throws InterruptedException {
        Running killed = running.remove(name);
        if (killed != null) {
            killed.process().destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
    }

    List<String> names() {
        return new ArrayList<>(running.keySet());
    }

    /** Asks one of them. */
    String ask(String name, String method, String path) throws IOException, InterruptedException {
        Running asked = running.get(name);
        if (asked == null) {
            throw new IOException(name + " does not run");
        }
        HttpRequest request = HttpRequest.newBuilder(asked.address().resolve(path))
                .timeout(Duration.ofSeconds(15))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(name + " answered " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    @Override
    public void close() {
        running.values().forEach(one -> one.process().destroyForcibly());
    }
}
