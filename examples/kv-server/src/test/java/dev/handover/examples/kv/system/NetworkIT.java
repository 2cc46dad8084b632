package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every node in a network namespace of its own, whose packets are dropped silently. */
class NetworkIT extends SystemTest {
    private NetworkNamespaces network;

    @BeforeEach
    void build() throws IOException {
        network = NetworkNamespaces.create("a", "b", "c");
    }

    @AfterEach
    void remove() {
        if (network != null) {
            network.close();
        }
    }

    @Test
    void shouldGoOnWithoutALeaderThatIsCutOff() {
        play(nodes(3).placement(network), (cluster, load) -> {
            KvNode leader = cluster.leader();
            try (RawClient reader = leader.client()) {
                assertThat(reader.call("SET", "stale", "before")).isEqualTo("+OK");
                long from = System.nanoTime();
                network.cut(leader.id());
                try {
                    KvNode next = cluster.awaitOtherLeader(leader, SOON);
                    load.awaitWrites(200, SOON);
                    assertGap(load, from, TAKE_OVER);
                    Waiting.until("a write of the new leader", SOON, () -> next.call("SET", "stale", "after")
                            .equals("+OK"));
                    reader.send(RawClient.command("GET", "stale"));
                } finally {
                    network.heal();
                }
                assertThat(reader.reply()).matches("\"after\"|-TRYAGAIN .*");
            }
        });
    }

    @Test
    void shouldHaveOneLeaderWhenTheLeaderSeesOnlyZooKeeper() {
        play(nodes(3).placement(network), (cluster, load) -> {
            KvNode leader = cluster.leader();
            long from = System.nanoTime();
            for (KvNode peer : others(cluster, leader)) {
                network.cut(leader.id(), peer.id());
            }
            try {
                load.awaitWrites(200, SOON);
                Waiting.until("writes without the other side", SOON, () -> cluster.nodes().stream()
                        .anyMatch(node -> node.leads() && !inSync(node).equals("3")));
                load.awaitWrites(500, SOON);
                assertGap(load, from, TAKE_OVER);
            } finally {
                network.heal();
            }
        });
    }

    @Test
    void shouldLoseNothingWhenTheLeaderSeesOnlyItsClients() {
        play(nodes(3).placement(network), (cluster, load) -> {
            KvNode leader = cluster.leader();
            long from = System.nanoTime();
            network.cutFromZooKeeper(leader.id());
            for (KvNode peer : others(cluster, leader)) {
                network.cut(leader.id(), peer.id());
            }
            try (RawClient writer = leader.client()) {
                Request append = Request.of("APPEND", "l-alone-" + from, load.token());
                long invoked = System.nanoTime();
                writer.send(RawClient.command(append.array()));
                cluster.awaitOtherLeader(leader, SOON);
                load.awaitWrites(500, SOON);
                assertGap(load, from, TAKE_OVER);
                String reply = writer.reply();
                assertThat(reply).matches("-(UNCERTAIN|TRYAGAIN) .*");
                load.history().replied("alone", leader.id(), append, reply, invoked);
            } finally {
                network.heal();
            }
        });
    }

    @Test
    void shouldGoOnWithoutAFollowerThatIsCutOff() {
        play(nodes(3).placement(network), (cluster, load) -> {
            KvNode follower = others(cluster, cluster.leader()).get(0);
            long from = System.nanoTime();
            network.cut(follower.id());
            try {
                cluster.awaitInSync(2, SOON);
                load.awaitWrites(500, SOON);
                assertGap(load, from, TAKE_OVER);
            } finally {
                network.heal();
            }
        });
    }

    private static String inSync(KvNode node) {
        try {
            return String.valueOf(node.info().get("in_sync_count"));
        } catch (IOException e) {
            return "3"; // not known
        }
    }
}
