package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.Role;
import dev.handover.replication.TestCluster.Running;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HaNodeTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private static String get(CompletableFuture<byte[]> future) throws Exception {
        return text(future.get(10, TimeUnit.SECONDS));
    }

    @Test
    void shouldServeAlone() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        assertThat(get(a.log().submit(bytes("x")))).isEqualTo("1");
        assertThat(get(a.log().submit(bytes("y")))).isEqualTo("2");
        assertThat(get(a.log().query(bytes("y")))).isEqualTo("true");
        assertThat(get(a.log().query(bytes(""), Consistency.LOCAL))).isEqualTo("2");
        assertThat(a.log().status().role()).isEqualTo(Role.LEADER);
        assertThat(a.journal().leadership).containsExactly("leader 1 after 0");
    }

    @Test
    void shouldTakeCommandsAndReadsOnEveryNode() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            answers.add(nodes.get(i % 3).log().submit(bytes("c" + i)));
        }
        List<String> results = new ArrayList<>();
        for (CompletableFuture<byte[]> answer : answers) {
            results.add(get(answer));
        }
        assertThat(new HashSet<>(results)).hasSize(300);
        for (Running node : nodes) {
            assertThat(get(node.log().query(bytes("")))).isEqualTo("300");
            assertThat(new HashSet<>(node.journal().commands)).hasSize(300);
        }
    }

    @Test
    void shouldGoOnAloneAndTakeTheOtherBackBySelf() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        assertThat(get(nodes.get(1).log().submit(bytes("1")))).isEqualTo("1");
        cluster.crash("a");
        Running b = nodes.get(1);
        assertThat(get(b.log().submit(bytes("2")))).isEqualTo("2");
        assertThat(b.log().status().role()).isEqualTo(Role.LEADER);
        assertThat(b.journal().leadership).hasSize(1);
        Running a = cluster.start("a");
        a.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(a.journal().commands).containsExactly("1", "2");
        assertThat(get(a.log().submit(bytes("3")))).isEqualTo("3");
        TestCluster.await(
                "b sees both in sync",
                () -> b.log().status().configuration().inSync().size() == 2);
        assertThat(cluster.store.configuration(GROUP).orElseThrow().leader().node())
                .isEqualTo(NodeId.of("b"));
    }
}
