package dev.handover.examples.bluegreen;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.bluegreen.BlueGreenHooks;
import dev.handover.takeover.bluegreen.SwitchPlan;
import dev.handover.takeover.bluegreen.SwitchResult;
import dev.handover.takeover.bluegreen.SwitchStatus;
import dev.handover.takeover.bluegreen.TrafficMonitor;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance of the service: HTTP on the JDK's server, orders in a replicated log. An instance whose colour is not live passes orders on to one that is.
 *
 * <pre>
 * POST /orders/ID       takes an order: its number, and the version that took it
 * GET  /orders          how many there are
 * GET  /status          colour, version, what is live, the last step of a switch
 * POST /switch/COLOUR   switches, and answers how that ended
 * POST /abort           takes the switch that is under way back
 * </pre>
 */
final class OrderService implements AutoCloseable, BlueGreenHooks {
    private static final String FORWARDED = "X-Forwarded-By";
    private static final String HTTP = "http";
    private static final Logger LOG = LoggerFactory.getLogger(OrderService.class);
    private static final int THREADS = 64;
    private static final int REHEARSALS = 100;
    private static final int AT_A_TIME = 2;
    private static final int CONNECTIONS = 16;
    private static final Duration ENOUGH = Duration.ofSeconds(3);
    private static final int REST_MILLIS = 10;
    private static final int PATIENCE_SECONDS = 10;

    private final Options options;
    private final TrafficMonitor traffic = new TrafficMonitor();
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
        Thread thread = new Thread(task, "http");
        thread.setDaemon(true);
        return thread;
    });
    private final HaNode node;
    private final ReplicatedLog log;
    private final BlueGreen blueGreen;
    private final HttpServer http;

    /**
     * How an instance is started.
     *
     * @param workMillis what an order costs, to show what happens to a version that is slower
     */
    record Options(
            String id,
            String colour,
            String version,
            int httpPort,
            int peerPort,
            String zooKeeper,
            Path data,
            int workMillis,
            Duration bakeTime) {
        static Options parse(String[] words) {
            if (words.length != 9) {
                throw new IllegalArgumentException(
                        "usage: OrderService ID COLOUR VERSION HTTP-PORT PEER-PORT ZOOKEEPER DIRECTORY WORK-MS BAKE-MS, not "
                                + List.of(words));
            }
            return new Options(
                    words[0],
                    words[1],
                    words[2],
                    Integer.parseInt(words[3]),
                    Integer.parseInt(words[4]),
                    words[5],
                    Path.of(words[6]),
                    Integer.parseInt(words[7]),
                    Duration.ofMillis(Long.parseLong(words[8])));
        }
    }

    OrderService(Options options) throws Exception {
        this.options = options;
        node = HaNode.builder(NodeId.of(options.id()))
                .configurationStore(ZooKeeperConfigurationStore.connect(options.zooKeeper()))
                .transport(NettyTransport.listen("127.0.0.1", options.peerPort()))
                .dataDirectory(options.data())
                .attribute(MemberAttributes.COLOUR, options.colour())
                .attribute(MemberAttributes.VERSION, options.version())
                .attribute(HTTP, "127.0.0.1:" + options.httpPort())
                .start();
        log = node.join(GroupId.of("orders"), new OrderBook());
        log.awaitInSync(Duration.ofSeconds(30)).get(40, TimeUnit.SECONDS);
        http = HttpServer.create(
                new InetSocketAddress("127.0.0.1", options.httpPort()), 256); // whoever dials before the start waits
        blueGreen = BlueGreen.builder(node, "orders")
                .colour(options.colour())
                .version(options.version())
                .groups(log)
                .hooks(this)
                .traffic(traffic)
                .start();
        blueGreen.onStatus(this::prepare);
        http.setExecutor(threads);
        http.createContext("/", this::serve);
        http.start();
        // before anybody is served: the client, which passes orders on, is used for the first time when the other
        // version is live
        CompletableFuture.allOf(rehearse("127.0.0.1:" + options.httpPort(), -2, CONNECTIONS))
                .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Before it may become live: the way of an order from HTTP to the log and back, until the compiler has seen it; a few at a time, because the live version needs the processor, too. */
    @Override
    public void warmUp(Duration time) throws Exception {
        long end = System.nanoTime() + ENOUGH.toNanos();
        for (int i = 0; i < REHEARSALS && System.nanoTime() - end < 0; i++) {
            CompletableFuture.allOf(rehearse("127.0.0.1:" + options.httpPort(), i, AT_A_TIME))
                    .get(time.toMillis(), TimeUnit.MILLISECONDS);
            Thread.sleep(REST_MILLIS);
        }
    }

    /** While the other version warms up: opens the connections on which this one will pass orders on to it. On the node's event thread. */
    private void prepare(SwitchStatus status) {
        if (status.step() == SwitchStep.WARM && status.isLive()) {
            for (String address : addresses(status.to())) {
                for (CompletableFuture<?> rehearsal : rehearse(address, -1, CONNECTIONS)) {
                    rehearsal.whenComplete((done, failure) -> {
                        if (failure != null) {
                            LOG.info("{} is not warm for {}: {}", options.id(), address, failure.toString());
                        }
                    });
                }
            }
        }
    }

    /** Orders that are none, taken by that instance whatever is live. */
    private CompletableFuture<?>[] rehearse(String address, int round, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> client.sendAsync(
                                order(address, OrderBook.REHEARSAL + options.id() + "-" + round + "-" + i),
                                HttpResponse.BodyHandlers.ofString())
                        .thenAccept(response -> {
                            if (response.statusCode() != 200) {
                                throw new IllegalStateException("a rehearsal was answered with " + response.statusCode()
                                        + " " + response.body());
                            }
                        }))
                .toArray(CompletableFuture<?>[]::new);
    }

    private HttpRequest order(String address, String id) {
        return HttpRequest.newBuilder(URI.create("http://" + address + "/orders/" + id))
                .timeout(Duration.ofSeconds(PATIENCE_SECONDS))
                .header(FORWARDED, options.id())
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
    }

    /** Where instances of that colour serve. */
    private List<String> addresses(@Nullable String colour) {
        List<String> found = new ArrayList<>();
        for (Member member : node.members()) {
            String address = member.attributes().get(HTTP);
            if (address != null && Objects.equals(member.attributes().get(MemberAttributes.COLOUR), colour)) {
                found.add(address);
            }
        }
        return found;
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        int code = 200;
        String answer;
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            try {
                if (path.startsWith("/orders/")) {
                    answer = order(path.substring("/orders/".length()), exchange);
                } else if (path.equals("/orders")) {
                    answer = text(log.query(new byte[0]).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
                } else if (path.equals("/status")) {
                    SwitchStatus status = blueGreen.status();
                    answer = status.colour() + " " + status.version() + " live=" + status.live() + " step="
                            + status.step();
                } else if (path.startsWith("/switch/")) {
                    answer = switchTo(path.substring("/switch/".length()));
                } else if (path.equals("/abort")) {
                    blueGreen
                            .abort("asked for by " + exchange.getRemoteAddress())
                            .get(1, TimeUnit.MINUTES);
                    answer = "goes back";
                } else {
                    code = 404;
                    answer = "no such thing; there are /orders/ID, /orders, /status, /switch/COLOUR and /abort";
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                code = 503;
                answer = "this instance is stopping";
            } catch (Exception e) {
                code = 500;
                answer = String.valueOf(e);
            }
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(code, bytes.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(bytes);
            }
        }
    }

    private String order(String id, HttpExchange exchange) throws Exception {
        if (!blueGreen.isLive() && exchange.getRequestHeaders().getFirst(FORWARDED) == null) {
            for (String address : addresses(blueGreen.status().live())) {
                HttpResponse<String> response = client.send(order(address, id), HttpResponse.BodyHandlers.ofString());
                if (response.statusCode() == 200) {
                    return response.body();
                }
            }
        }
        long start = System.nanoTime();
        boolean failed = true;
        try {
            if (options.workMillis() > 0) {
                Thread.sleep(options.workMillis());
            }
            String number =
                    text(log.submit(id.getBytes(StandardCharsets.UTF_8)).get(PATIENCE_SECONDS, TimeUnit.SECONDS));
            failed = false;
            return number + " " + options.version();
        } finally {
            if (!id.startsWith(OrderBook.REHEARSAL)) {
                traffic.record(System.nanoTime() - start, failed);
            }
        }
    }

    private String switchTo(String colour) throws Exception {
        SwitchPlan plan = SwitchPlan.to(colour).withBakeTime(options.bakeTime());
        SwitchResult result = blueGreen.switchTo(plan).get(5, TimeUnit.MINUTES);
        return result.outcome() + " live=" + result.live() + " generation=" + result.generation() + " "
                + result.reason();
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Answers what has come, takes no more, and leaves in order. */
    @Override
    public void close() {
        http.stop(1);
        blueGreen.close();
        node.close();
        threads.shutdownNow();
    }

    /** What an instance says when it serves. */
    private String ready() {
        return http.getAddress().getPort() == options.httpPort() ? "ready" : "not at its port";
    }

    /** Runs an instance until its standard input ends, which whoever started it holds. */
    public static void main(String[] words) {
        int code = 0;
        try (OrderService service = new OrderService(Options.parse(words))) {
            System.out.println(service.ready());
            System.out.flush();
            while (System.in.read() >= 0) {
                Thread.onSpinWait();
            }
        } catch (Exception e) {
            System.err.println("order service: " + e);
            code = 1;
        }
        System.exit(code);
    }
}
