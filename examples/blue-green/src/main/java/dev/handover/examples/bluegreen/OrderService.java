package dev.handover.examples.bluegreen;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
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
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * One instance of the service: HTTP on the JDK's server, orders in a replicated log. An instance whose colour is not live passes orders on to one that is.
 *
 * <pre>
 * POST /orders/ID       takes an order: its number, and the version that took it
 * GET  /orders          how many there are
 * GET  /status          colour, version, what is live, the last step of a switch
 * POST /switch/COLOUR   switches, and answers how that ended
 * </pre>
 */
final class OrderService implements AutoCloseable, BlueGreenHooks {
    private static final String FORWARDED = "X-Forwarded-By";
    private static final String HTTP = "http";
    private static final int THREADS = 64;
    private static final int PATIENCE_SECONDS = 10;

    private final Options options;
    private final TrafficMonitor traffic = new TrafficMonitor();
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(2)).build();
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
        http.setExecutor(threads);
        http.createContext("/", this::serve);
        http.start();
    }

    /** Before it may become live: its own way from HTTP to the log, until the compiler has seen it. */
    @Override
    public void warmUp(Duration time) throws Exception {
        for (int i = 0; i < 100 && !Thread.interrupted(); i++) {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + options.httpPort() + "/orders"))
                    .timeout(Duration.ofSeconds(PATIENCE_SECONDS))
                    .build();
            client.send(request, HttpResponse.BodyHandlers.discarding());
        }
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
                } else {
                    code = 404;
                    answer = "no such thing; there are /orders/ID, /orders, /status and /switch/COLOUR";
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
            for (Member member : node.members()) {
                String address = member.attributes().get(HTTP);
                String live = blueGreen.status().live();
                if (address != null && Objects.equals(member.attributes().get(MemberAttributes.COLOUR), live)) {
                    HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + "/orders/" + id))
                            .timeout(Duration.ofSeconds(PATIENCE_SECONDS))
                            .header(FORWARDED, options.id())
                            .POST(HttpRequest.BodyPublishers.noBody())
                            .build();
                    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
                    if (response.statusCode() == 200) {
                        return response.body();
                    }
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
            traffic.record(System.nanoTime() - start, failed);
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
