package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.transport.Envelope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many groups on the same nodes that have nothing to do (R21). */
@Timeout(120)
class RestingGroupsTest {
    private static final int GROUPS = 40;

    private final TestCluster cluster = new TestCluster();
    private final Map<String, HaNode> nodes = new LinkedHashMap<>();
    private final Map<String, List<ReplicatedLog>> logs = new LinkedHashMap<>();
    private final AtomicLong beats = new AtomicLong();
    private final AtomicLong others = new AtomicLong();

    @AfterEach
    void close() {
        nodes.values().forEach(HaNode::close);
        cluster.close();
    }

    private void start() throws Exception {
        cluster.network.watch(this::count);
        for (String id : List.of("a", "b", "c")) {
            HaNode node = cluster.node(id);
            nodes.put(id, node);
            List<ReplicatedLog> joined = new ArrayList<>();
            for (int i = 0; i < GROUPS; i++) {
                joined.add(node.join(GroupId.of("g" + i), new TestCluster.Journal()));
            }
            for (ReplicatedLog log : joined) {
                log.awaitInSync(TestCluster.LONG).get(30, TimeUnit.SECONDS);
            }
            logs.put(id, joined);
        }
    }

    private void count(NodeId from, NodeId to, Envelope envelope) {
        (envelope.message() instanceof Message.Beat ? beats : others).incrementAndGet();
    }

    /** Only the beats of six directions go on, and nothing else is sent while twenty beats are. */
    private void awaitRest() throws InterruptedException {
        AtomicLong othersBefore = new AtomicLong(-1);
        AtomicLong beatsBefore = new AtomicLong();
        TestCluster.await("all groups rest", () -> {
            if (others.get() != othersBefore.get()) {
                othersBefore.set(others.get());
                beatsBefore.set(beats.get());
            }
            return beats.get() - beatsBefore.get() >= 60;
        });
    }

    @Test
    void shouldSendNothingButOneHeartbeatForAllGroupsThatRest() throws Exception {
        start();
        awaitRest();

        for (ReplicatedLog log : logs.get("b")) { // forwarded to the leader, and applied everywhere
            assertThat(TestCluster.text(log.submit(TestCluster.bytes("x")).get(30, TimeUnit.SECONDS)))
                    .isEqualTo("1");
        }
        for (List<ReplicatedLog> joined : logs.values()) {
            for (ReplicatedLog log : joined) {
                TestCluster.await(
                        "applied",
                        () -> log.status().appliedIndex()
                                == logs.get("a")
                                        .get(joined.indexOf(log))
                                        .status()
                                        .lastIndex());
            }
        }
        awaitRest();
    }

    /** Or a node that many groups are written to now and then would need the memory of all of them together. */
    @Test
    void shouldKeepNoEntriesInMemoryForGroupsThatRest() throws Exception {
        start();
        for (ReplicatedLog log : logs.get("a")) {
            log.submit(new byte[1 << 10]).get(30, TimeUnit.SECONDS);
        }
        awaitRest();

        for (HaNode node : nodes.values()) {
            NodeRuntime runtime = node.runtime();
            for (Replica replica : runtime.replicas()) {
                CompletableFuture<Long> settled = new CompletableFuture<>();
                runtime.loop().run(() -> settled.complete(replica.settledIndex()));
                assertThat(settled.get(30, TimeUnit.SECONDS))
                        .isEqualTo(replica.status().lastIndex());
            }
        }
    }

    @Test
    void shouldTakeOverEveryGroupThatRestedUnderANodeThatDied() throws Exception {
        start();
        awaitRest();

        nodes.remove("a").crash();

        for (int i = 0; i < GROUPS; i++) {
            assertThat(TestCluster.text(
                            logs.get("b").get(i).submit(TestCluster.bytes("y")).get(30, TimeUnit.SECONDS)))
                    .isEqualTo("1");
        }
        awaitRest();
    }
}
