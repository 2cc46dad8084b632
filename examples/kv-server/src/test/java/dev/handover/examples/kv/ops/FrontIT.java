package dev.handover.examples.kv.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HAProxy of Debian before two nodes, with the configuration that docs/ops.md shows. */
@Timeout(180)
class FrontIT {
    private static final Logger LOG = LoggerFactory.getLogger(FrontIT.class);
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private static Path directory;

    private static KvCluster cluster;
    private static Tool haproxy;
    private static InetSocketAddress front;

    @BeforeAll
    static void start() throws IOException {
        Tool.need("haproxy", "haproxy");
        Tool.need("redis-benchmark", "redis-tools");
        cluster = KvCluster.in(directory.resolve("cluster"))
                .nodes(2)
                .opsPorts()
                .serverOptions("--failure-timeout", "2s")
                .start();
        int port = KvCluster.freePort();
        Matcher block =
                Pattern.compile("(?s)```haproxy\n(.*?)```").matcher(Files.readString(Path.of("../../docs/ops.md")));
        assertThat(block.find()).isTrue();
        KvNode a = cluster.node("a");
        KvNode b = cluster.node("b");
        String configuration = block.group(1)
                .replace("127.0.0.1:6379", "127.0.0.1:" + port)
                .replace("10.0.0.1:7001 check port 9101", "127.0.0.1:" + a.respPort() + " check port " + a.opsPort())
                .replace("10.0.0.2:7001 check port 9101", "127.0.0.1:" + b.respPort() + " check port " + b.opsPort());
        assertThat(configuration).doesNotContain("10.0.0.", "6379");
        Path file = Files.writeString(directory.resolve("haproxy.cfg"), configuration);
        haproxy = Tool.start(directory.resolve("haproxy.log"), List.of("haproxy", "-db", "-f", file.toString()));
        front = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @AfterAll
    static void stop() {
        if (haproxy != null) {
            haproxy.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    /** To which node a new connection goes. */
    private static String behind() throws IOException {
        try (RawClient client = new RawClient(front, 2000)) {
            Matcher node = Pattern.compile("node:(\\w+)").matcher(client.call("INFO", "server"));
            return node.find() ? node.group(1) : "";
        }
    }

    private static void awaitBehind(KvNode node) {
        Waiting.until("new connections go to " + node, SOON, () -> behind().equals(node.id()));
    }

    private static Tool benchmark(String requests) throws IOException {
        return Tool.start(
                Files.createTempFile(directory, "benchmark", ".out"),
                List.of(
                        "redis-benchmark",
                        "-p",
                        Integer.toString(front.getPort()),
                        "-t",
                        "set",
                        "-c",
                        "8",
                        "-n",
                        requests,
                        "--csv"));
    }

    private static KvNode other(KvNode node) {
        return cluster.nodes().stream().filter(each -> each != node).findFirst().orElseThrow();
    }

    @Test
    @EnabledIfSystemProperty(named = "handover.front", matches = "true") // wants a machine with a core to spare
    void shouldNotInterruptABenchmarkByATransfer() throws Exception {
        KvNode leader = cluster.leader();
        awaitBehind(leader);
        try (Tool benchmark = benchmark("20000")) {
            long commits = Long.parseLong(leader.info().get("commit_index"));
            Waiting.until(
                    "the benchmark writes",
                    SOON,
                    () -> Long.parseLong(leader.info().get("commit_index")) > commits + 100);
            KvNode next = other(leader);
            assertThat(leader.call("HANDOVER", "TRANSFER", next.id())).startsWith("+OK");
            assertThat(benchmark.isAlive())
                    .as("it was under way: " + benchmark.output())
                    .isTrue();
            awaitBehind(next);
            assertThat(benchmark.awaitExit(60)).as(benchmark.output()).isZero();
            assertThat(benchmark.output()).contains("\"SET\",").doesNotContain("rror");
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "handover.front", matches = "true") // wants a machine with a core to spare
    void shouldGoOnOverAKill() throws Exception {
        KvNode leader = cluster.leader();
        awaitBehind(leader);
        List<String> acknowledged = new ArrayList<>();
        long gap = 0;
        long last = System.nanoTime();
        long killedAt = 0;
        RawClient client = null;
        long deadline = System.nanoTime() + SOON.toNanos();
        try {
            int after = 0;
            for (int i = 0; after < 300; i++) {
                assertThat(System.nanoTime()).as("it goes on").isLessThan(deadline);
                if (i == 300) {
                    killedAt = System.nanoTime();
                    last = killedAt;
                    leader.kill();
                }
                try {
                    if (client == null) {
                        client = new RawClient(front, 3000);
                    }
                    String key = "killed-" + i;
                    if (client.call("SET", key, "v").equals("+OK")) {
                        acknowledged.add(key);
                        long now = System.nanoTime();
                        if (killedAt != 0) {
                            gap = Math.max(gap, now - last);
                            after++;
                        }
                        last = now;
                    }
                } catch (IOException e) {
                    if (client != null) {
                        client.close();
                    }
                    client = null; // as clients do: connect again
                    Thread.sleep(5);
                }
            }
            LOG.info("through HAProxy, longest gap of one client over a kill: {} ms", gap / 1_000_000);
            for (String key : acknowledged) {
                assertThat(client.call("GET", key)).as(key).isEqualTo("\"v\"");
            }
            try (Tool benchmark = benchmark("2000")) { // one that was connected to the dead node ends, as Redis' own do
                assertThat(benchmark.awaitExit(60)).as(benchmark.output()).isZero();
            }
        } finally {
            if (client != null) {
                client.close();
            }
            leader.start();
            leader.awaitReady();
            cluster.awaitInSync(2, SOON);
        }
    }

    @Test
    void shouldNotTakeAPausedLeaderForTheLeader() throws Exception {
        KvNode leader = cluster.leader();
        List<Socket> asked = new ArrayList<>();
        try {
            leader.process().pause();
            try {
                cluster.awaitOtherLeader(leader, SOON);
                for (int i = 0; i < 5; i++) {
                    Socket socket = new Socket(InetAddress.getLoopbackAddress(), leader.opsPort());
                    socket.setSoTimeout(20_000);
                    socket.getOutputStream()
                            .write("GET /leader?group=kv HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                    asked.add(socket);
                }
            } finally {
                leader.process().resume();
            }
            for (Socket socket : asked) {
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertThat(answer).startsWith("HTTP/1.1 503 ");
            }
        } finally {
            for (Socket socket : asked) {
                socket.close();
            }
        }
        cluster.awaitInSync(2, SOON);
    }
}
