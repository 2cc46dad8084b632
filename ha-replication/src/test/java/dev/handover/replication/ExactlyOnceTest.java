package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.replication.TestCluster.Running;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What was acknowledged is applied exactly once, whoever dies; and a session keeps its order. */
@Timeout(120)
class ExactlyOnceTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private String leader() {
        return cluster.store.configuration(GROUP).orElseThrow().leader().node().value();
    }

    @Test
    void shouldApplyOnceWhatClientsOfSurvivorsSubmitWhileLeadersDie() throws Exception {
        cluster.startInSync("a", "b", "c");
        Set<String> acknowledged = ConcurrentHashMap.newKeySet();
        Set<String> maybe = ConcurrentHashMap.newKeySet();
        Map<String, String> refused = new ConcurrentHashMap<>();
        int number = 0;
        for (int round = 0; round < 6; round++) {
            String victim = leader();
            List<CompletableFuture<?>> answers = new ArrayList<>();
            Semaphore window = new Semaphore(64);
            for (int i = 0; i < 1500; i++) {
                for (Map.Entry<String, Running> node : cluster.running.entrySet()) {
                    if (node.getKey().equals(victim)) {
                        continue;
                    }
                    assertThat(window.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
                    String command = "c" + number++;
                    answers.add(node.getValue().log().submit(bytes(command)).handle((result, failure) -> {
                        window.release();
                        if (failure == null) {
                            acknowledged.add(command);
                        } else if (((HandoverException) failure).retry() == HandoverException.Retry.SAFE) {
                            refused.put(command, failure.getMessage());
                        } else {
                            maybe.add(command);
                        }
                        return null;
                    }));
                }
                if (i == 700) {
                    cluster.crash(victim);
                }
            }
            CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new)).get(30, TimeUnit.SECONDS);
            cluster.start(victim).log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        }
        assertThat(maybe).isEmpty();
        assertThat(refused).isEmpty();
        assertThat(acknowledged).hasSize(number);
        for (Running node : cluster.running.values()) {
            node.log().query(bytes("")).get(10, TimeUnit.SECONDS); // has applied everything
            List<String> applied = List.copyOf(node.journal().commands);
            assertThat(new HashSet<>(applied)).hasSameSizeAs(applied);
            assertThat(applied).hasSize(number);
            assertThat(acknowledged).containsAll(applied);
        }
    }

    @Test
    void shouldKeepTheOrderOfASessionWhileLeadersDie() throws Exception {
        cluster.startInSync("a", "b", "c");
        Session session = cluster.running.get("c").log().openSession().get(10, TimeUnit.SECONDS);
        List<String> sent = new ArrayList<>();
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int round = 0; round < 4; round++) {
            String victim = leader();
            for (int i = 0; i < 2000; i++) {
                String command = "s" + sent.size();
                sent.add(command);
                answers.add(session.submit(bytes(command)));
                if (i == 1000 && !victim.equals("c")) {
                    cluster.crash(victim);
                }
                if (i % 500 == 499) {
                    answers.get(answers.size() - 1).get(20, TimeUnit.SECONDS);
                }
            }
            if (!victim.equals("c")) {
                cluster.start(victim).log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            }
        }
        for (int i = 0; i < answers.size(); i++) {
            assertThat(text(answers.get(i).get(20, TimeUnit.SECONDS))).isEqualTo(String.valueOf(i + 1));
        }
        Running c = cluster.running.get("c");
        assertThat(List.copyOf(c.journal().commands)).isEqualTo(sent);
        session.close();
        session.close();
    }

    @Test
    void shouldKeepTheOrderOfASessionWhileTheConnectionToTheLeaderBreaks() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        Running b = nodes.get(1);
        Session session = b.log().openSession().get(10, TimeUnit.SECONDS);
        List<String> sent = new ArrayList<>();
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int round = 0; round < 20; round++) {
            for (int i = 0; i < 200; i++) {
                String command = "s" + sent.size();
                sent.add(command);
                answers.add(session.submit(bytes(command)));
                if (i == 100) {
                    cluster.network.cut(NodeId.of("a"), NodeId.of("b"));
                    cluster.network.heal();
                }
            }
            answers.get(answers.size() - 1).get(20, TimeUnit.SECONDS);
        }
        b.log().query(bytes("")).get(10, TimeUnit.SECONDS);
        assertThat(List.copyOf(b.journal().commands)).isEqualTo(sent);
    }

    @Test
    void shouldOpenAnotherSessionWhenTheOwnHasExpiredInLogTime() throws Exception {
        List<Long> timestamps = Collections.synchronizedList(new ArrayList<>());
        cluster.machines = () -> new TestCluster.Journal() {
            @Override
            public byte[] apply(Command command) {
                timestamps.add(command.timestampMillis());
                return super.apply(command);
            }
        };
        cluster.settings = builder -> builder.commandTimeout(java.time.Duration.ofMillis(500))
                .sessionTimeout(java.time.Duration.ofSeconds(2));
        List<Running> nodes = cluster.startInSync("a", "b");
        Session session = nodes.get(1).log().openSession().get(10, TimeUnit.SECONDS);
        assertThat(text(session.submit(bytes("first")).get(10, TimeUnit.SECONDS)))
                .isEqualTo("1");
        int count = 1;
        long end = timestamps.get(0) + 3000; // the log's clock passes the session's end by commands of others
        while (timestamps.get(timestamps.size() - 1) < end) {
            nodes.get(0).log().submit(bytes("other")).get(10, TimeUnit.SECONDS);
            count++;
        }
        assertThat(text(session.submit(bytes("second")).get(10, TimeUnit.SECONDS)))
                .isEqualTo(String.valueOf(count + 1));
    }
}
