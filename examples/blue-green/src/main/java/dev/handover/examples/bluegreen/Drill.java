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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;

/** Switches two versions of the service back and forth while clients order, and says what they noticed. */
public final class Drill {
    static final String USAGE =
            """
            usage: java -jar blue-green.jar [--switches N] [--roll-back N] [--clients N] [--pace-ms N] [--per-colour N] [--bake-ms N] [--warm-ms N] [--slow-ms N]
              --switches    how often it is switched, back and forth; 4
              --roll-back   every so manieth switch is taken back while the new version is watched; 0: none
              --clients     how many clients order at the same time; 32
              --pace-ms     each of them orders once in so long, or as soon as it has its answer; 50
              --per-colour  instances of each version; 1
              --bake-ms     how long each new version is watched before it stays; 3000
              --warm-ms     how long clients order before the first switch; 10000
              --slow-ms     makes green that much slower by the order: it is rolled back; 0
            """;

    private final HttpClient http = HttpClient.newHttpClient();
    private final PrintStream out;
    private int switches = 4;
    private int rollBackEvery;
    private int clients = 32;
    private int paceMillis = 50;
    private int perColour = 1;
    private int bakeMillis = 3000;
    private int warmMillis = 10_000;
    private int slowMillis;
    private final List<Load.Noticed> undisturbed = new ArrayList<>();
    private final List<Load.Noticed> there = new ArrayList<>();
    private final List<Load.Noticed> backs = new ArrayList<>();

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
                case "--roll-back" -> rollBackEvery = value;
                case "--clients" -> clients = value;
                case "--pace-ms" -> paceMillis = value;
                case "--per-colour" -> perColour = value;
                case "--bake-ms" -> bakeMillis = value;
                case "--warm-ms" -> warmMillis = value;
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
        out.printf(
                "%d clients, each at most one order in %d ms; %d instances of each version%n",
                clients, paceMillis, perColour);
        Load load = new Load(clients, instances.all(), paceMillis);
        int rolledBack = 0;
        try (load) {
            Thread.sleep(warmMillis); // until the compilers are done
            String live = "blue";
            for (int i = 1; i <= switches; i++) {
                load.noticed();
                Thread.sleep(bakeMillis); // an undisturbed stretch to compare with
                note(undisturbed, "undisturbed", load);
                String wanted = live.equals("blue") ? "green" : "blue";
                boolean back = rollBackEvery > 0 && i % rollBackEvery == 0;
                String result = back ? switchAndBack(port, wanted, load) : ask("POST", port, "/switch/" + wanted);
                out.printf("switch %d to %s: %s%n", i, wanted, result);
                note(back ? backs : there, back ? "back" : "there", load);
                rolledBack += result.startsWith("ROLLED_BACK") ? 1 : 0;
                live = result.replaceAll(".* live=(\\w+) .*", "$1");
            }
        }
        long stored = Long.parseLong(ask("GET", port, "/orders"));
        long lost = Math.max(0, load.acknowledged() - stored);
        load.failures().forEach(failure -> out.println("failed: " + failure));
        out.println("orders by version: " + load.byVersion());
        out.printf(
                Locale.ROOT,
                "{\"switches\":%d,\"rolled_back\":%d,\"clients\":%d,\"acknowledged\":%d,\"failed\":%d,\"lost\":%d,%s,%s}%n",
                switches,
                rolledBack,
                clients,
                load.acknowledged(),
                load.failed(),
                lost,
                figures("longest_request_ms", Load.Noticed::requestMillis),
                figures("longest_silence_ms", Load.Noticed::silenceMillis));
        return load.failed() == 0 && lost == 0 && load.acknowledged() > 0;
    }

    /** Takes the switch back when the new version has been watched for half its time; what was noticed until then counts as the way there. */
    private String switchAndBack(int port, String wanted, Load load) throws Exception {
        CompletableFuture<String> result = CompletableFuture.supplyAsync(() -> {
            try {
                return ask("POST", port, "/switch/" + wanted);
            } catch (IOException | InterruptedException e) {
                throw new CompletionException(e);
            }
        });
        long deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!result.isDone() && !ask("GET", port, "/status").endsWith("step=BAKE")) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("the new version is not watched after a minute: " + ask("GET", port, "/status"));
            }
            Thread.sleep(20);
        }
        Thread.sleep(bakeMillis / 2);
        note(there, "there", load);
        try {
            ask("POST", port, "/abort");
        } catch (IOException e) { // it has ended by itself; its result says how
            out.println("  not taken back by hand: " + e.getMessage());
        }
        return result.get(5, TimeUnit.MINUTES);
    }

    private void note(List<Load.Noticed> into, String what, Load load) {
        Load.Noticed noticed = load.noticed();
        into.add(noticed);
        out.printf(
                Locale.ROOT,
                "  %-11s longest request %.1f ms, longest time without an answer to anybody %.1f ms%n",
                what,
                noticed.requestMillis(),
                noticed.silenceMillis());
    }

    /** Median and maximum over the stretches. */
    private String figures(String name, ToDoubleFunction<Load.Noticed> figure) {
        return "\"" + name + "\":{" + figures("undisturbed", undisturbed, figure) + ","
                + figures("there", there, figure) + "," + figures("back", backs, figure) + "}";
    }

    private static String figures(String name, List<Load.Noticed> all, ToDoubleFunction<Load.Noticed> figure) {
        double[] sorted = all.stream().mapToDouble(figure).sorted().toArray();
        return sorted.length == 0
                ? "\"" + name + "\":null"
                : String.format(
                        Locale.ROOT,
                        "\"%s\":{\"median\":%.1f,\"max\":%.1f}",
                        name,
                        sorted[sorted.length / 2],
                        sorted[sorted.length - 1]);
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
