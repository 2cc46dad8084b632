package dev.handover.examples.orders;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.fencing.HttpFence;
import dev.handover.fencing.InMemoryFence;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/** What a company has beside the instances, in one process: a ZooKeeper, and a warehouse that is unwell now and then. */
final class Surroundings {
    private static final int ILL_EVERY = 7;

    private final HttpFence fence = new HttpFence(new InMemoryFence("warehouse", Duration.ofSeconds(1)));
    private final Map<Long, String> shipped = new TreeMap<>();
    private final AtomicInteger calls = new AtomicInteger();

    private Surroundings() {}

    /** Arguments: ZooKeeper's port, the warehouse's port, a directory for ZooKeeper. */
    public static void main(String[] args) throws Exception {
        EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .clientAddress("127.0.0.1", Integer.parseInt(args[0]))
                .dataDirectory(Path.of(args[2]))
                .start();
        zooKeeper.awaitServing(Duration.ofSeconds(30));
        Surroundings warehouse = new Surroundings();
        System.setProperty(
                "sun.net.httpserver.nodelay", "true"); // else every answer waits 40 ms for the client's kernel
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(args[1])), 0);
        server.createContext("/ship", warehouse::ship);
        server.createContext("/shipped", warehouse::list);
        server.start();
        System.out.println("ZooKeeper at " + zooKeeper.connectString() + ", the warehouse at " + server.getAddress());
        zooKeeper.termination().join();
    }

    private void ship(HttpExchange exchange) throws IOException {
        long order = Long.parseLong(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
        String epoch = exchange.getRequestHeaders().getFirst(HttpFence.HEADER);
        HttpFence.Decision decision = fence.admit(epoch);
        if (!decision.admitted()) {
            answer(exchange, decision.status(), decision.reason());
        } else if (calls.incrementAndGet() % ILL_EVERY == 0) {
            answer(exchange, 503, "the warehouse is unwell; try again");
        } else {
            synchronized (shipped) {
                shipped.putIfAbsent(order, epoch);
            }
            answer(exchange, 200, "shipped");
        }
    }

    /** A line for each order: its number, and the epoch of the leader that had it shipped. */
    private void list(HttpExchange exchange) throws IOException {
        String lines;
        synchronized (shipped) {
            lines = shipped.entrySet().stream()
                    .map(entry -> entry.getKey() + " " + entry.getValue())
                    .collect(Collectors.joining("\n"));
        }
        answer(exchange, 200, lines);
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(UTF_8);
        try (exchange) {
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
