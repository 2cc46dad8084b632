package dev.handover.examples.bluegreen;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.Stream;

/** Switches two versions of the service back and forth while clients order, and says what they noticed. */
public final class Drill {
    static final String USAGE =
            """
            usage: java -jar blue-green.jar [--switches N] [--clients N] [--per-colour N] [--bake-ms N] [--slow-ms N]
              --switches    how often it is switched, back and forth; 4
              --clients     how many clients order at the same time; 32
              --per-colour  instances of each version; 1
              --bake-ms     how long each new version is watched before it stays; 3000
              --slow-ms     makes green that much slower by the order: it is rolled back; 0
            """;

    private final HttpClient http = HttpClient.newHttpClient();
    private final PrintStream out;
    private int switches = 4;
    private int clients = 32;
    private int perColour = 1;
    private int bakeMillis = 3000;
    private int slowMillis;

    Drill(PrintStream out) {
        this.out = out;
    }

    /** Runs it and ends the JVM: 0 if no request failed and nothing was lost. */
    public static void main(String[] words) throws Exception {
        if (Arrays.asList(words).contains("--help")) {
            System.out.print(USAGE);
            return;
        }
        Drill drill = new Drill(System.out);
        try {
            drill.parse(words);
        } catch (IllegalArgumentException e) {
            System.err.println("blue-green: " + e.getMessage());
            System.err.print(USAGE);
            System.exit(2);
        }
        System.exit(drill.run() ? 0 : 1);
    }

    void parse(String... words) {
        for (int i = 0; i < words.length; i += 2) {
            if (i + 1 == words.length) {
                throw new IllegalArgumentException("option " + words[i] + " needs a number");
            }
            int value = Integer.parseInt(words[i + 1]);
            switch (words[i]) {
                case "--switches" -> switches = value;
                case "--clients" -> clients = value;
                case "--per-colour" -> perColour = value;
                case "--bake-ms" -> bakeMillis = value;
                case "--slow-ms" -> slowMillis = value;
                default -> throw new IllegalArgumentException("no such option: " + words[i]);
            }
        }
    }

    boolean run() throws Exception {
        Path directory = Files.createTempDirectory("handover-blue-green-");
        System.setProperty("logback.configurationFile", "blue-green-logback.xml");
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            try (Instances instances = new Instances(directory, zooKeeper.connectString(), bakeMillis)) {
                for (int i = 1; i <= perColour; i++) {
                    instances.start("b" + i, "blue", "1.0", 0);
                }
                for (int i = 1; i <= perColour; i++) {
                    instances.start("g" + i, "green", "2.0", slowMillis);
                }
                return drill(instances);
            }
        } finally {
            delete(directory);
        }
    }

    private boolean drill(Instances instances) throws Exception {
        int port = instances.all().get(0).httpPort();
        out.printf("%d clients, %d instances of each version%n", clients, perColour);
        double longest = 0;
        double undisturbed;
        int rolledBack = 0;
        Load load = new Load(clients, instances.all());
        try (load) {
            long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            while (load.acknowledged() < 20L * clients && System.nanoTime() - deadline < 0) {
                Thread.sleep(20); // until everybody is warm
            }
            load.longestMillis(); // the undisturbed stretch to compare with begins
            Thread.sleep(bakeMillis);
            undisturbed = load.longestMillis();
            out.printf(Locale.ROOT, "undisturbed: longest request %.1f ms%n", undisturbed);
            String live = "blue";
            for (int i = 1; i <= switches; i++) {
                String wanted = live.equals("blue") ? "green" : "blue";
                String result = ask("POST", port, "/switch/" + wanted);
                double pause = load.longestMillis();
                longest = Math.max(longest, pause);
                rolledBack += result.startsWith("ROLLED_BACK") ? 1 : 0;
                live = result.replaceAll(".* live=(\\w+) .*", "$1");
                out.printf(Locale.ROOT, "switch %d to %s: %s%n  longest request %.1f ms%n", i, wanted, result, pause);
            }
        }
        long stored = Long.parseLong(ask("GET", port, "/orders"));
        long lost = Math.max(0, load.acknowledged() - stored);
        load.failures().forEach(failure -> out.println("failed: " + failure));
        out.println("orders by version: " + load.byVersion());
        out.printf(
                Locale.ROOT,
                "{\"switches\":%d,\"rolled_back\":%d,\"clients\":%d,\"acknowledged\":%d,\"failed\":%d,\"lost\":%d,\"longest_request_ms\":{\"undisturbed\":%.1f,\"switching\":%.1f}}%n",
                switches,
                rolledBack,
                clients,
                load.acknowledged(),
                load.failed(),
                lost,
                undisturbed,
                longest);
        return load.failed() == 0 && lost == 0 && load.acknowledged() > 0;
    }

    private String ask(String method, int port, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofMinutes(5))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(
                    method + " " + path + " was answered with " + response.statusCode() + " " + response.body());
        }
        return response.body();
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
