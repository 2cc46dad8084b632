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
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** HAProxy of Debian before two nodes, with the configuration that docs/ops.md shows. */
@Timeout(180)
class FrontIT {
    private static final Logger LOG = LoggerFactory.getLogger(FrontIT.class);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int WRITES = 200;

    @TempDir
    private static Path directory;

    private static KvCluster cluster;
    private static Tool haproxy;
    /** To the leader. */
    private static InetSocketAddress front;
    /** To a follower, while there is one. */
    private static InetSocketAddress steady;

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
        int steadyPort = KvCluster.freePort();
        Matcher block =
                Pattern.compile("(?s)```haproxy\n(.*?)```").matcher(Files.readString(Path.of("../../docs/ops.md")));
        assertThat(block.find()).isTrue();
        KvNode a = cluster.node("a");
        KvNode b = cluster.node("b");
        String configuration = block.group(1)
                .replace("127.0.0.1:6379", "127.0.0.1:" + port)
                .replace("127.0.0.1:6380", "127.0.0.1:" + steadyPort)
                .replace("10.0.0.1:7001 check port 9101", "127.0.0.1:" + a.respPort() + " check port " + a.opsPort())
                .replace("10.0.0.2:7001 check port 9101", "127.0.0.1:" + b.respPort() + " check port " + b.opsPort());
        assertThat(configuration).doesNotContain("10.0.0.", "6379", "6380");
        Path file = Files.writeString(directory.resolve("haproxy.cfg"), configuration);
        haproxy = Tool.start(directory.resolve("haproxy.log"), List.of("haproxy", "-db", "-f", file.toString()));
        front = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        steady = new InetSocketAddress(InetAddress.getLoopbackAddress(), steadyPort);
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
    private static String behind(InetSocketAddress through) throws IOException {
        try (RawClient client = new RawClient(through, 2000)) {
            Matcher node = Pattern.compile("node:(\\w+)").matcher(client.call("INFO", "server"));
            return node.find() ? node.group(1) : "";
        }
    }

    private static void awaitBehind(InetSocketAddress through, KvNode node) {
        Waiting.until(
                "new connections go to " + node, SOON, () -> behind(through).equals(node.id()));
    }

    /** Writes without end, a thousand requests over eight connections and then the same over new ones; ends at the first error reply, and when a connection breaks. */
    private static Tool benchmark(InetSocketAddress through) throws IOException {
        return Tool.start(
                Files.createTempFile(directory, "benchmark", ".out"),
                List.of(
                        "redis-benchmark",
                        "-p",
                        Integer.toString(through.getPort()),
                        "-t",
                        "set",
                        "-c",
                        "8",
                        "-n",
                        "1000",
                        "-l",
                        "--csv"));
    }

    private static void awaitWrites(Tool benchmark, KvNode leader) throws IOException {
        long commits = Long.parseLong(leader.info().get("commit_index"));
        Waiting.until("the benchmark writes", SOON, () -> {
            assertThat(benchmark.isAlive())
                    .as("it goes on: " + benchmark.output())
                    .isTrue();
            return Long.parseLong(leader.info().get("commit_index")) > commits + WRITES;
        });
    }

    private static KvNode other(KvNode node) {
        return cluster.nodes().stream().filter(each -> each != node).findFirst().orElseThrow();
    }

    @Test
    void shouldNotInterruptABenchmarkByATransfer() throws Exception {
        KvNode leader = cluster.leader();
        awaitBehind(front, leader);
        try (Tool benchmark = benchmark(front)) {
            awaitWrites(benchmark, leader);
            KvNode next = other(leader);
            assertThat(leader.call("HANDOVER", "TRANSFER", next.id())).startsWith("+OK");
            awaitBehind(front, next);
            awaitWrites(benchmark, next);
            assertThat(benchmark.output()).doesNotContain("rror");
        }
    }

    /** As clients do: connects again when its connection is gone. */
    private static boolean writes(AtomicReference<RawClient> client, String key) throws IOException {
        if (client.get() == null) {
            client.set(new RawClient(front, 3000));
        }
        try {
            return client.get().call("SET", key, "v").equals("+OK");
        } catch (IOException e) {
            client.get().close();
            client.set(null);
            throw e;
        }
    }

    @Test
    void shouldGoOnOverAKill() throws Exception {
        KvNode leader = cluster.leader();
        KvNode next = other(leader);
        awaitBehind(front, leader);
        awaitBehind(steady, next);
        List<String> acknowledged = new ArrayList<>();
        AtomicReference<RawClient> client = new AtomicReference<>();
        try (Tool benchmark = benchmark(steady)) {
            awaitWrites(benchmark, leader);
            long killedAt = 0;
            long deadline = System.nanoTime() + SOON.toNanos();
            for (int i = 0; i < 200; i++) {
                if (i == 100) {
                    killedAt = System.nanoTime();
                    leader.kill();
                }
                String key = "killed-" + i;
                Duration left = Duration.ofNanos(deadline - System.nanoTime());
                Waiting.until("it goes on", left, () -> writes(client, key));
                if (i == 100) {
                    LOG.info(
                            "through HAProxy, the first write after a kill: {} ms",
                            (System.nanoTime() - killedAt) / 1_000_000);
                }
                acknowledged.add(key);
            }
            for (String key : acknowledged) {
                assertThat(client.get().call("GET", key)).as(key).isEqualTo("\"v\"");
            }
            awaitWrites(benchmark, next);
            assertThat(benchmark.output()).doesNotContain("rror");
        } finally {
            if (client.get() != null) {
                client.get().close();
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
