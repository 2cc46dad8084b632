package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.replication.TestCluster.Journal;
import dev.handover.replication.TestCluster.Running;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Starting, joining, watching, leaving, closing. */
@Timeout(60)
class LifeCycleTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private static List<String> threadsOf(String node) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("handover-" + node + "-") || name.equals("in-memory-transport-" + node))
                .toList();
    }

    @Test
    void shouldLeaveNoThread() throws Exception {
        Running a = cluster.startInSync("threads").get(0);
        a.log().submit(bytes("x")).get(10, TimeUnit.SECONDS);
        assertThat(threadsOf("threads")).hasSizeBetween(6, 8);
        a.node().close();
        a.node().close();
        TestCluster.await("no thread left", () -> threadsOf("threads").isEmpty());
        assertThatThrownBy(() -> a.node().join(GROUP, new Journal())).isInstanceOf(ReplicaClosedException.class);
    }

    @Test
    void shouldCloseWhileItRecovers() throws Exception {
        cluster.store.reachable(false);
        Running a = cluster.start("recovering");
        assertThat(a.log().status().role()).isEqualTo(Role.RECOVERING);
        a.node().close();
        TestCluster.await("no thread left", () -> threadsOf("recovering").isEmpty());
    }

    @Test
    void shouldCloseFromItsOwnThreads() throws Exception {
        Running a = cluster.startInSync("own").get(0);
        CompletableFuture<Void> closed =
                a.log().submit(bytes("x")).thenRun(() -> a.node().close());
        closed.get(10, TimeUnit.SECONDS);
        TestCluster.await("no thread left", () -> threadsOf("own").isEmpty());
    }

    @Test
    void shouldRefuseToJoinTwiceAndJoinAgainAfterLeaving() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        a.log().submit(bytes("x")).get(10, TimeUnit.SECONDS);
        assertThatThrownBy(() -> a.node().join(GROUP, new Journal()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("already");
        a.log().close();
        Journal again = new Journal();
        ReplicatedLog log = a.node().join(GROUP, again);
        log.awaitInSync(LONG).get(20, TimeUnit.SECONDS);
        assertThat(again.commands).containsExactly("x");
        assertThat(text(log.submit(bytes("y")).get(10, TimeUnit.SECONDS))).isEqualTo("2");
    }

    @Test
    void shouldServeSeveralGroups() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        Journal other = new Journal();
        ReplicatedLog second = a.node().join(GroupId.of("second"), other);
        assertThat(text(second.submit(bytes("s")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
        assertThat(text(a.log().submit(bytes("f")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
        second.close();
        assertThat(text(a.log().submit(bytes("g")).get(10, TimeUnit.SECONDS))).isEqualTo("2");
        assertThat(other.commands).containsExactly("s");
    }

    @Test
    void shouldTellStatusAndEvents() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        List<GroupStatus> seen = new CopyOnWriteArrayList<>();
        nodes.get(1).log().onStatus(seen::add);
        TestCluster.await("status as it is", () -> !seen.isEmpty());
        assertThat(seen.get(0).role()).isEqualTo(Role.FOLLOWER);
        assertThat(seen.get(0).leader()).isEqualTo(NodeId.of("a"));
        cluster.crash("a");
        TestCluster.await("b leads", () -> seen.stream().anyMatch(status -> status.role() == Role.LEADER));
        List<HaEvent> events = nodes.get(1).events();
        TestCluster.await("b serves", () -> events.stream()
                .anyMatch(e -> e instanceof HaEvent.TakeOver t && t.step() == TakeOverStep.SERVING));
        List<TakeOverStep> steps = events.stream()
                .filter(HaEvent.TakeOver.class::isInstance)
                .map(e -> ((HaEvent.TakeOver) e).step())
                .toList();
        assertThat(steps)
                .containsExactly(TakeOverStep.SUSPECTED, TakeOverStep.PROPOSED, TakeOverStep.WON, TakeOverStep.SERVING);
        assertThat(nodes.get(1).journal().leadership).hasSize(1);
    }

    @Test
    void shouldTellTheStateMachineThatItLeadsAfterEverythingBeforeIsApplied() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        for (int i = 0; i < 50; i++) {
            nodes.get(0).log().submit(bytes("c" + i)).get(10, TimeUnit.SECONDS);
        }
        cluster.crash("a");
        TestCluster.await("b is told", () -> !nodes.get(1).journal().leadership.isEmpty());
        assertThat(nodes.get(1).journal().leadership).containsExactly("leader 3 after 50");
    }

    @Test
    void shouldGoOnWhileTheConfigurationStoreIsAway() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        cluster.store.reachable(false);
        for (int i = 0; i < 100; i++) {
            nodes.get(i % 2).log().submit(bytes("c" + i)).get(10, TimeUnit.SECONDS);
            assertThat(text(nodes.get((i + 1) % 2).log().query(bytes("c" + i)).get(10, TimeUnit.SECONDS)))
                    .isEqualTo("true");
        }
        cluster.store.reachable(true);
    }

    @Test
    void shouldNotTalkToNodesOfAnotherCluster() throws Exception {
        cluster.startInSync("a");
        cluster.settings = builder -> builder.cluster("other").commandTimeout(Duration.ofMillis(200));
        Running stranger = cluster.start("b");
        TestCluster.await("b has seen the group", () -> stranger.log().status().configuration() != null);
        assertThatThrownBy(() -> stranger.log().submit(bytes("x")).get(10, TimeUnit.SECONDS))
                .hasMessageContaining("not applied");
        assertThat(cluster.store.configuration(GROUP).orElseThrow().inSync()).hasSize(1);
    }

    @Test
    void shouldNameValueAndRemedyOfWrongSettings() {
        wrong(
                b -> b.failureTimeout(Duration.ofMillis(100)).heartbeat(Duration.ofMillis(50)),
                "failureTimeout",
                "PT0.1S");
        wrong(b -> b.commandTimeout(Duration.ZERO), "commandTimeout", "PT0S");
        wrong(b -> b.sessionTimeout(Duration.ofSeconds(6)), "sessionTimeout", "PT6S");
        wrong(b -> b.maxCommandBytes(0), "maxCommandBytes", "0");
        wrong(b -> b.maxPendingBytes(10), "maxPendingBytes", "10");
        wrong(b -> b.maxPendingCommands(-1), "maxPendingCommands", "-1");
        wrong(b -> b.minInSync(0), "minInSync", "0");
        wrong(b -> b.cluster(""), "cluster", "1 to 64");
        assertThatThrownBy(() -> HaNode.builder(NodeId.of("a")).start()).hasMessageContaining("configurationStore");
    }

    private void wrong(UnaryOperator<HaNode.Builder> setting, String... words) {
        HaNode.Builder builder = HaNode.builder(NodeId.of("a"))
                .configurationStore(cluster.store.connect())
                .transport(cluster.network.transport())
                .dataDirectory(Path.of("unused"))
                .logStores(cluster.logs);
        assertThatThrownBy(() -> setting.apply(builder).start())
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .contains(words);
    }
}
