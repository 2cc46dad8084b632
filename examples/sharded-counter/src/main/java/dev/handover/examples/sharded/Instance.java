package dev.handover.examples.sharded;

import static dev.handover.examples.sharded.Counters.bytes;
import static dev.handover.examples.sharded.Counters.text;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.takeover.partition.PartitionStatus;
import dev.handover.takeover.partition.Partitions;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * One instance of the service. It answers for every key, whoever leads it:
 *
 * <pre>
 * POST /KEY/N   counts KEY up to N, if N is next; answers how far it is
 * GET  /KEY     how far it is
 * GET  /        who leads each partition, a line each: number, leader
 * GET  /balance {@code settled}, or what is still to move
 * POST /        writes into every partition; answers when all have
 * </pre>
 */
final class Instance {
    private static final int PATIENCE_SECONDS = 10;

    private final Partitions counters;

    private Instance(Partitions counters) {
        this.counters = counters;
    }

    /** Arguments: name, ZooKeeper's address, directory, number of partitions, delay in milliseconds. Runs until its standard input ends, which whoever started it holds. */
    public static void main(String[] arguments) throws Exception {
        String name = arguments[0];
        ExecutorService threads = Executors.newFixedThreadPool(32);
        HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 256);
        try (HaNode node = HaNode.builder(NodeId.of(name))
                        .configurationStore(ZooKeeperConfigurationStore.connect(arguments[1]))
                        .transport(NettyTransport.listen("127.0.0.1", 0))
                        .dataDirectory(Path.of(arguments[2], name))
                        .start();
                Partitions counters = Partitions.builder(node, "counters", Integer.parseInt(arguments[3]))
                        .stateMachines(partition -> new Counters())
                        .delay(Duration.ofMillis(Long.parseLong(arguments[4])))
                        .start()) {
            counters.awaitInSync(Duration.ofMinutes(1)).get();
            http.setExecutor(threads);
            http.createContext("/", new Instance(counters)::serve);
            http.start();
            System.out.println(http.getAddress().getPort());
            System.out.flush();
            while (System.in.read() >= 0) {
                Thread.onSpinWait(); // nobody writes; whatever comes is skipped
            }
        } finally {
            http.stop(0);
            threads.shutdownNow();
        }
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            int code = 200;
            String answer;
            try {
                answer = answer(
                        exchange.getRequestMethod(),
                        exchange.getRequestURI().getPath().substring(1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                code = 503;
                answer = "this instance is stopping";
            } catch (IllegalArgumentException e) {
                code = 400;
                answer = String.valueOf(e.getMessage());
            } catch (ExecutionException | TimeoutException e) {
                code = 500;
                answer = String.valueOf(e);
            }
            byte[] bytes = bytes(answer);
            exchange.sendResponseHeaders(code, bytes.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(bytes);
            }
        }
    }

    private String answer(String method, String path)
            throws InterruptedException, ExecutionException, TimeoutException {
        if (path.equals("balance")) {
            return counters.balance().settled() ? "settled" : counters.balance().toString();
        }
        if (method.equals("GET")) {
            return path.isEmpty()
                    ? table()
                    : text(counters.query(path, bytes(path)).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
        }
        if (path.isEmpty()) {
            CompletableFuture.allOf(IntStream.range(0, counters.count())
                            .mapToObj(i -> counters.log(i).submit(bytes("probe 0")))
                            .toArray(CompletableFuture<?>[]::new))
                    .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            return "all";
        }
        Count count = Count.of(path);
        return text(counters.submit(count.key(), bytes(count.key() + " " + count.next()))
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS));
    }

    /** What a client asks for. Only what {@link Counters} can apply may get into the log: it would fail there again and again, on every instance. */
    record Count(String key, long next) {
        private static final Pattern PATH = Pattern.compile("([^/\\s]+)/(\\d{1,18})");

        static Count of(String path) {
            Matcher matcher = PATH.matcher(path);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(
                        "'" + path + "' is not understood: POST /KEY/N, a key without white space and a number");
            }
            return new Count(matcher.group(1), Long.parseLong(matcher.group(2)));
        }
    }

    private String table() {
        StringBuilder table = new StringBuilder();
        for (PartitionStatus partition : counters.table()) {
            table.append(partition.partition())
                    .append(' ')
                    .append(partition.leader().map(NodeId::value).orElse("nobody"))
                    .append('\n');
        }
        return table.toString();
    }
}
