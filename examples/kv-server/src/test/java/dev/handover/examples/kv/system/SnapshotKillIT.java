package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import dev.handover.replication.storage.OfflineLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * SIGKILL while a snapshot is taken or installed. A snapshot is taken several times a second, of a state that takes a while to write, and the log behind it goes at once. That a kill came in
 * the middle is seen by the unfinished file that it leaves.
 */
class SnapshotKillIT extends SystemTest {
    private static final int HITS = 1;
    private static final int ATTEMPTS = 25;
    private static final int LARGE_VALUES = 24;
    private static final String LARGE_VALUE = "x".repeat(400_000);

    private KvCluster.Builder snapshotting() {
        return nodes(3).serverOptions(
                        "--timeout",
                        COMMAND_TIMEOUT.toSeconds() + "s",
                        "--snapshot-interval",
                        "400ms",
                        "--snapshot-margin",
                        "0",
                        "--segment-size",
                        "64k");
    }

    @Test
    void shouldStartAgainWheneverItIsKilledWhileItTakesOne() {
        Random random = new Random(seed());
        play(snapshotting(), (cluster, load) -> {
            fill(cluster);
            int hits = 0;
            for (int attempt = 0; attempt < ATTEMPTS && hits < HITS; attempt++) {
                KvNode victim = cluster.nodes().get(random.nextInt(3));
                Waiting.until(victim + " takes a snapshot", SOON, () -> "1"
                        .equals(victim.info().get("snapshot_in_progress")));
                pause(random, 20);
                victim.kill();
                hits += unfinished(victim, ".taking") ? 1 : 0;
                backInOrder(cluster, victim);
            }
            assertThat(hits).as("kills in the middle of taking").isEqualTo(HITS);
            sameContent(cluster, load);
        });
    }

    @Test
    void shouldStartAgainWheneverItIsKilledWhileItInstallsOne() {
        Random random = new Random(seed());
        play(snapshotting(), (cluster, load) -> {
            fill(cluster);
            int hits = 0;
            for (int attempt = 0; attempt < ATTEMPTS && hits < HITS; attempt++) {
                KvNode victim = others(cluster, cluster.leader()).get(random.nextInt(2));
                victim.kill();
                moveOn(cluster);
                victim.start();
                Waiting.until(
                        "a snapshot is on its way to " + victim,
                        SOON,
                        () -> isSending(cluster, victim)
                                || "1".equals(info(victim).get("self_in_sync")));
                pause(random, 150);
                victim.kill();
                hits += unfinished(victim, ".receiving") ? 1 : 0;
                backInOrder(cluster, victim);
            }
            assertThat(hits).as("kills in the middle of receiving").isEqualTo(HITS);
            sameContent(cluster, load);
        });
    }

    /** So much that to write and to send it takes a moment. */
    private static void fill(KvCluster cluster) throws IOException {
        try (RawClient client = cluster.leader().client()) {
            for (int i = 0; i < LARGE_VALUES; i++) {
                assertThat(client.call("SET", "large" + i, LARGE_VALUE)).isEqualTo("+OK");
            }
        }
    }

    /** Up to so many milliseconds: where in its work the victim is when it is killed is to be random. */
    private static void pause(Random random, int millis) {
        LockSupport.parkNanos(Duration.ofMillis(random.nextInt(millis + 1)).toNanos());
    }

    /** Waits until the log of who leads begins behind everything that a dead node may have. */
    private static void moveOn(KvCluster cluster) {
        long dead = Long.parseLong(info(cluster.leader()).get("last_index"));
        for (int snapshot = 0; snapshot < 2; snapshot++) {
            long before = snapshotIndex(cluster);
            Waiting.until("the next snapshot", SOON, () -> {
                long now = snapshotIndex(cluster);
                return now > Math.max(before, dead);
            });
        }
    }

    private static long snapshotIndex(KvCluster cluster) {
        return Long.parseLong(info(cluster.leader()).getOrDefault("snapshot_last_index", "0"));
    }

    private static Map<String, String> info(KvNode node) {
        try {
            return node.isAlive() ? node.info() : Map.of();
        } catch (IOException e) {
            return Map.of(); // it is starting, or was just killed
        }
    }

    private static boolean isSending(KvCluster cluster, KvNode to) {
        return cluster.alive().stream()
                .flatMap(node -> info(node).entrySet().stream())
                .anyMatch(field -> field.getKey().startsWith("snapshot_sending")
                        && field.getValue().startsWith("to=" + to.id() + ","));
    }

    private static Path group(KvNode node) {
        return node.data().resolve("kv");
    }

    private static boolean unfinished(KvNode node, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(group(node))) {
            return files.anyMatch(file -> file.toString().endsWith(ending));
        }
    }

    /** What the dead node has kept is whole; it starts, and is in sync again. */
    private static void backInOrder(KvCluster cluster, KvNode victim) throws Exception {
        try (OfflineLog log =
                OfflineLog.read(group(victim))) { // verifies all of the log, and the snapshot to start with
            assertThat(log.warnings()).as("what " + victim + " has kept").noneMatch(text -> text.contains("damaged"));
            assertThat(log.firstIndex()).isLessThanOrEqualTo(log.snapshotIndex() + 1);
        }
        try (Stream<Path> files = Files.list(victim.data().resolve("kv"))) {
            assertThat(files.map(file -> file.getFileName().toString()).toList())
                    .as("nothing was set aside")
                    .noneMatch(name -> name.startsWith("damaged"));
        }
        victim.start();
        victim.awaitReady();
        cluster.awaitInSync(cluster.nodes().size(), SOON);
    }

    /** The large values, too, which the audit does not know. */
    private static void sameContent(KvCluster cluster, Load load) throws IOException {
        load.awaitWrites(100, SOON);
        for (KvNode node : cluster.nodes()) {
            try (RawClient client = node.client()) {
                for (int i = 0; i < LARGE_VALUES; i++) {
                    String reply = client.call("GET", "large" + i);
                    assertThat(reply.equals("\"" + LARGE_VALUE + "\""))
                            .as("large%d on %s: %d characters", i, node, reply.length())
                            .isTrue();
                }
            }
        }
    }
}
