package dev.handover.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.store.KvStateMachine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes: what the command line promises, and the plainest failures. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class KvClusterIT {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    private Path directory;

    @Test
    void shouldServeOnEveryNodeAndSurviveTheLossOfTheLeader() throws IOException {
        try (KvCluster cluster = KvCluster.in(directory).nodes(3).start()) {
            KvNode leader = cluster.leader();
            List<KvNode> followers =
                    cluster.nodes().stream().filter(node -> node != leader).toList();
            for (KvNode node : cluster.nodes()) {
                assertThat(node.call("INCR", "n")).startsWith(":");
                assertThat(node.call("SET", "from-" + node.id(), "x")).isEqualTo("+OK");
            }
            for (KvNode node : cluster.nodes()) {
                assertThat(node.call("GET", "n")).isEqualTo("\"3\"");
                assertThat(node.call("MGET", "from-a", "from-b", "from-c")).isEqualTo("[\"x\", \"x\", \"x\"]");
            }
            tellsWhoLeads(cluster, leader, followers);

            leader.kill();
            KvNode next = cluster.awaitOtherLeader(leader, SOON);
            assertThat(next.call("INCR", "n")).isEqualTo(":4");
            for (KvNode node : followers) {
                assertThat(node.call("GET", "n")).isEqualTo("\"4\"");
            }
            cluster.awaitInSync(2, SOON);
            leader.start();
            leader.awaitReady();
            cluster.awaitInSync(3, SOON);
            assertThat(leader.call("GET", "n")).isEqualTo("\"4\"");
            try (RawClient local = leader.client()) {
                assertThat(local.call("READONLY")).isEqualTo("+OK");
                Waiting.until("the restarted node has applied all", SOON, () -> local.call("GET", "n")
                        .equals("\"4\""));
            }
        }
    }

    private static void tellsWhoLeads(KvCluster cluster, KvNode leader, List<KvNode> followers) throws IOException {
        Waiting.until("all nodes know each other's addresses", SOON, () -> {
            String role = leader.call("ROLE");
            return followers.stream().allMatch(node -> role.contains("\"" + node.respPort() + "\""));
        });
        assertThat(leader.call("ROLE")).startsWith("[\"master\", :");
        Map<String, String> info = leader.info();
        assertThat(info)
                .containsEntry("role", "master")
                .containsEntry("connected_slaves", "2")
                .containsEntry("leader", leader.id())
                .containsEntry("in_sync", "a,b,c");
        for (KvNode node : followers) {
            Waiting.until(node + " names the leader", SOON, () -> node.call("ROLE")
                    .startsWith("[\"slave\", \"127.0.0.1\", :" + leader.respPort() + ", \"connected\", :"));
            assertThat(node.info())
                    .containsEntry("role", "slave")
                    .containsEntry("leader", leader.id())
                    .containsEntry("epoch", info.get("epoch"))
                    .containsEntry("master_port", Integer.toString(leader.respPort()));
        }
    }

    @Test
    void shouldOnlyPauseAClientOfASurvivorWhenTheLeaderDies() throws Exception {
        try (KvCluster cluster = KvCluster.in(directory).nodes(3).start()) {
            KvNode leader = cluster.leader();
            KvNode survivor = cluster.nodes().stream()
                    .filter(node -> node != leader)
                    .findFirst()
                    .orElseThrow();
            AtomicInteger answered = new AtomicInteger();
            AtomicBoolean enough = new AtomicBoolean();
            CompletableFuture<List<String>> wrong = CompletableFuture.supplyAsync(() -> {
                List<String> strange = new ArrayList<>();
                try (RawClient client = survivor.client()) {
                    while (!enough.get() && strange.isEmpty()) {
                        String expected = ":" + (answered.get() + 1);
                        String reply = client.call("INCR", "n");
                        if (reply.equals(expected)) {
                            answered.incrementAndGet();
                        } else {
                            strange.add(reply + " instead of " + expected);
                        }
                    }
                } catch (IOException e) {
                    strange.add(e.toString());
                }
                return strange;
            });
            Waiting.until("some writes", SOON, () -> answered.get() > 100 || wrong.isDone());
            leader.kill();
            int atKill = answered.get();
            Waiting.until("writes go on", SOON, () -> answered.get() > atKill + 100 || wrong.isDone());
            enough.set(true);
            assertThat(wrong.get(20, TimeUnit.SECONDS)).isEmpty();
            assertThat(survivor.call("GET", "n")).isEqualTo("\"" + answered.get() + "\"");
        }
    }

    @Test
    void shouldFailNoCommandWhenNodesAreStoppedInOrder() throws Exception {
        try (KvCluster cluster = KvCluster.in(directory).nodes(3).start()) {
            KvNode leader = cluster.leader();
            List<KvNode> others =
                    cluster.nodes().stream().filter(node -> node != leader).toList();
            AtomicInteger answered = new AtomicInteger();
            AtomicBoolean enough = new AtomicBoolean();
            List<CompletableFuture<String>> clients = new ArrayList<>();
            for (KvNode node : cluster.nodes()) {
                for (int i = 0; i < 4; i++) {
                    String key = node.id() + i;
                    clients.add(CompletableFuture.supplyAsync(
                            () -> count(node, others.get(0), key, answered, enough),
                            command -> new Thread(command, "client-" + key).start()));
                }
            }
            Waiting.until("some writes", SOON, () -> answered.get() > 300);
            leader.stop();
            int afterStop = answered.get();
            Waiting.until("writes go on", SOON, () -> answered.get() > afterStop + 300);
            enough.set(true);
            for (CompletableFuture<String> client : clients) {
                assertThat(client.get(20, TimeUnit.SECONDS)).isEmpty();
            }
            assertThat(cluster.leader().info()).containsEntry("in_sync_count", "2");
        }
    }

    /** Increments until it is enough; when it is told to go elsewhere it does. Says what went wrong. */
    private static String count(
            KvNode node, KvNode elsewhere, String key, AtomicInteger answered, AtomicBoolean enough) {
        int n = 1;
        for (KvNode at : List.of(node, elsewhere)) {
            boolean leaves = false;
            try (RawClient client = at.client()) {
                while (!leaves && !enough.get()) {
                    String reply = client.call("INCR", key);
                    if (reply.equals(":" + n)) {
                        n++;
                        answered.incrementAndGet();
                    } else if (reply.contains("TRYAGAIN this server is stopping, use another node")) {
                        leaves = true;
                    } else {
                        return key + ": " + reply + " instead of " + n;
                    }
                }
            } catch (IOException e) {
                return key + ": " + e;
            }
        }
        return "";
    }

    @Test
    void shouldReplicateTheLongestValues() throws IOException {
        byte[] one = new byte[KvStateMachine.MAX_VALUE_BYTES];
        byte[] two = new byte[KvStateMachine.MAX_VALUE_BYTES];
        new Random(1).nextBytes(one);
        new Random(2).nextBytes(two);
        try (KvCluster cluster = KvCluster.in(directory).nodes(2).start()) {
            KvNode leader = cluster.leader();
            KvNode other = cluster.nodes().stream()
                    .filter(node -> node != leader)
                    .findFirst()
                    .orElseThrow();
            try (RawClient client = other.client();
                    RawClient reader = leader.client()) {
                for (int i = 0; i < 5; i++) {
                    client.send(RawClient.command(List.of(ascii("SET"), ascii("k"), one)));
                    assertThat(client.reply()).isEqualTo("+OK");
                    client.send(RawClient.command(List.of(ascii("CAS"), ascii("k"), one, two)));
                    assertThat(client.reply()).isEqualTo(":1");
                    reader.send(RawClient.command("GET", "k"));
                    assertThat(Arrays.equals(reader.bulk(), two)).isTrue();
                }
            }
            cluster.awaitInSync(
                    2,
                    SOON); // so large a write may take a busy replica longer than the failure time-out; it is back soon
            leader.kill();
            try (RawClient client = other.client()) {
                client.send(RawClient.command("GET", "k"));
                assertThat(Arrays.equals(client.bulk(), two)).isTrue();
            }
            leader.start();
            leader.awaitReady();
            cluster.awaitInSync(2, SOON);
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void shouldHandOverAndExitWithZeroWhenToldToStop() throws IOException {
        try (KvCluster cluster = KvCluster.in(directory).nodes(2).start()) {
            KvNode leader = cluster.leader();
            KvNode other = cluster.nodes().stream()
                    .filter(node -> node != leader)
                    .findFirst()
                    .orElseThrow();
            assertThat(other.call("SET", "k", "v")).isEqualTo("+OK");
            long start = System.nanoTime();
            assertThat(leader.stop()).isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            cluster.awaitOtherLeader(leader, SOON);
            assertThat(other.call("GET", "k")).isEqualTo("\"v\"");
            assertThat(other.stop()).isZero();
            leader.start();
            other.start();
            leader.awaitReady();
            other.awaitReady();
            cluster.awaitInSync(2, SOON);
            assertThat(leader.call("GET", "k")).isEqualTo("\"v\"");
        }
    }

    @Test
    void shouldServeAloneWithAnEmbeddedZooKeeper() throws IOException {
        try (KvCluster cluster =
                KvCluster.in(directory).nodes(1).embeddedZooKeeper().start()) {
            KvNode node = cluster.leader();
            assertThat(node.awaitReady())
                    .isEqualTo("ready resp=127.0.0.1:" + node.respPort() + " peer=127.0.0.1:" + node.peerPort()
                            + " zookeeper=" + cluster.connectString());
            assertThat(node.call("SET", "k", "v")).isEqualTo("+OK");
            node.kill();
            node.start();
            node.awaitReady();
            assertThat(node.call("GET", "k")).isEqualTo("\"v\"");
            assertThat(node.stop()).isZero();
        }
    }

    @Test
    void shouldExitWithTwoAndAUsageLineOnWrongOptions() throws IOException {
        Path log = directory.resolve("wrong.log");
        JavaProcess process = JavaProcess.start(
                "wrong", log, List.of("-jar", KvCluster.jar().toString(), "--id", "not a name", "--zookeeper", "x:1"));
        assertThat(process.awaitExit(SOON)).isEqualTo(2);
        assertThat(Files.readString(log)).contains("--id 'not a name'").contains("usage: java -jar kv-server.jar");
    }

    @Test
    void shouldExitWithThreeAndAReasonWhenTheDataIsNotOfThisGroup() throws IOException {
        try (KvCluster cluster = KvCluster.in(directory.resolve("one")).nodes(1).start();
                KvCluster other =
                        KvCluster.in(directory.resolve("two")).nodes(1).start()) {
            KvNode node = cluster.leader();
            assertThat(node.stop()).isZero();
            KvNode stranger = other.leader();
            assertThat(stranger.stop()).isZero();
            Path log = directory.resolve("stranger.log");
            JavaProcess process = JavaProcess.start(
                    "stranger",
                    log,
                    List.of(
                            "-jar", KvCluster.jar().toString(),
                            "--id", "a",
                            "--group", "kv",
                            "--data", node.data().toString(),
                            "--resp", "127.0.0.1:0",
                            "--peer", "127.0.0.1:0",
                            "--zookeeper", other.connectString()));
            assertThat(process.awaitExit(SOON)).isEqualTo(3);
            assertThat(Files.readString(log)).contains("has stopped itself and ends with 3");
        }
    }
}
