package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.await;
import static dev.handover.replication.TestCluster.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.Role;
import dev.handover.TransferRefusedException;
import dev.handover.coordination.Member;
import dev.handover.event.HaEvent;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.protocol.PreferredMoves;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** R23 on whole nodes: priorities and zones decide who leads, and health who wins when a pair is split. */
@Timeout(120)
class PreferredLeaderTest {
    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final NodeId C = NodeId.of("c");
    private static final NodeId D = NodeId.of("d");

    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private Running start(String id, int priority, Duration failureTimeout) throws Exception {
        cluster.settings = builder -> builder.priority(priority).failureTimeout(failureTimeout);
        Running started = cluster.start(id);
        started.log().awaitInSync(Duration.ofSeconds(60)).get(70, TimeUnit.SECONDS);
        return started;
    }

    private static boolean leads(Running node) {
        return node.log().status().role() == Role.LEADER;
    }

    @Test
    void shouldBeLedByThePreferredNodeWheneverItIsThere() throws Exception {
        Duration timeout = Duration.ofMillis(300); // the transfer comes after ten of them
        Running a = start("a", 0, timeout);
        a.log().submit(bytes("1")).get(20, TimeUnit.SECONDS);
        Running b = start("b", 5, timeout);
        await("b leads", () -> leads(b));
        assertThat(b.log().status().configuration().reason()).contains("transfer from a", "b is preferred");
        assertThat(a.log().submit(bytes("2")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("2"));
        cluster.crash("b");
        assertThat(a.log().submit(bytes("3")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("3"));
        assertThat(leads(a)).as("who is left leads").isTrue();
    }

    @Test
    void shouldTakeOverByThePreferredOfThoseThatAreLeft() throws Exception {
        Duration timeout = Duration.ofSeconds(2); // the others let it go first for half a second
        Running a = start("a", 9, timeout);
        Running b = start("b", 0, timeout);
        Running c = start("c", 5, timeout);
        await("b knows that c is preferred", () -> b.node().members().size() == 3);
        assertThat(leads(a)).isTrue();
        cluster.crash("a");
        await("c leads", () -> leads(c));
        assertThat(c.log().status().configuration().reason()).startsWith("take-over from a");
        assertThat(c.log().submit(bytes("1")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("1"));
    }

    /** Both see the store, and each has lost the other; only one has lost everybody else, too. */
    private Running split(NodeId cutOff, List<HaNode> bystanders) throws Exception {
        Duration timeout = Duration.ofSeconds(4); // of which one decides, also on a busy machine
        Running a = start("a", 0, timeout);
        Running b = start("b", 0, timeout);
        bystanders.add(cluster.node("c"));
        bystanders.add(cluster.node("d"));
        for (Running one : List.of(a, b)) {
            await(
                    "they know each other",
                    () -> one.node().members().size() == 4
                            && one.node().runtime().connected().size() == 3);
        }
        assertThat(leads(a)).isTrue();
        for (NodeId other : List.of(A, B, C, D)) {
            if (!other.equals(cutOff)) {
                cluster.network.cut(cutOff, other);
            }
        }
        Running well = cutOff.equals(A) ? b : a;
        await("one of them goes on alone", () -> cluster.store.configuration(GROUP).stream()
                .anyMatch(configuration -> configuration.inSync().size() == 1));
        assertThat(cluster.store.configuration(GROUP).orElseThrow().leader().node())
                .isEqualTo(well.node().id());
        return well;
    }

    @Test
    void shouldBeLedByTheFollowerThatIsNotCutOffFromEverybodyElse() throws Exception {
        List<HaNode> bystanders = new ArrayList<>();
        try {
            Running b = split(A, bystanders);
            await("b leads", () -> leads(b));
            assertThat(b.log().submit(bytes("1")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("1"));
        } finally {
            bystanders.forEach(HaNode::close);
        }
    }

    @Test
    void shouldStayWithTheLeaderWhenItsFollowerIsCutOffFromEverybodyElse() throws Exception {
        List<HaNode> bystanders = new ArrayList<>();
        try {
            Running a = split(B, bystanders);
            assertThat(a.log().submit(bytes("1")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("1"));
        } finally {
            bystanders.forEach(HaNode::close);
        }
    }

    @Test
    void shouldReckonRanksFromWhatEachNodeSaysAboutItself() {
        GroupId orders = GroupId.of("orders");
        List<Member> members = List.of(
                member("a", Map.of("priority", "7", "zone", "north", "preferred-zone", "south")),
                member("b", Map.of("priority", "-3", "zone", "south", "preferred-zone", "south")),
                member("c", Map.of("priority", "7", "priority.orders", "9")),
                member("d", Map.of("priority", "from another release")));
        assertThat(LeaderRanks.of(members, orders, Set.of())).isEqualTo(Map.of(A, 7, B, 9_997, C, 9, D, 0));
        assertThat(LeaderRanks.of(members, orders, Set.of(A, D)))
                .as("who is favoured is above priority and zone")
                .isEqualTo(Map.of(A, 100_007, B, 9_997, C, 9, D, 100_000));
    }

    /** Draining comes after everybody else, but does not bring another colour live. */
    @Test
    void shouldRankWhoDrainsAfterAllOthersThatAreNotFavouredAndBeforeThemIfFavoured() {
        List<Member> members = List.of(
                member("a", Map.of("priority", "1000", "zone", "x", "preferred-zone", "x", "draining", "true")),
                member("b", Map.of("priority", "-1000")),
                member("c", Map.of("draining", "no")),
                member("d", Map.of("draining", "true")));
        Map<NodeId, Integer> ranks = LeaderRanks.of(members, GroupId.of("orders"), Set.of());
        assertThat(ranks.get(A)).isLessThan(ranks.get(B));
        assertThat(ranks.get(C)).isZero();
        Map<NodeId, Integer> favoured = LeaderRanks.of(members, GroupId.of("orders"), Set.of(D, B));
        assertThat(favoured.get(B)).isGreaterThan(favoured.get(D));
        assertThat(favoured.get(D)).isGreaterThan(favoured.get(A)).isGreaterThan(favoured.get(C));
    }

    @Test
    void shouldGiveAwayWhatItLeadsWhileItDrainsAndLeadAgainOnlyIfNobodyElseCan() throws Exception {
        Duration timeout = Duration.ofMillis(300); // the transfer comes after ten of them
        Running a = start("a", 5, timeout);
        Running b = start("b", 0, timeout);
        assertThat(leads(a)).isTrue();
        a.node().drain(TestCluster.LONG).get(25, TimeUnit.SECONDS);
        assertThat(a.node().isDraining()).isTrue();
        assertThat(leads(a)).isFalse();
        await("b leads, though it has the lower priority", () -> leads(b));
        a.node().drain(TestCluster.LONG).get(5, TimeUnit.SECONDS); // it leads nothing already
        assertThat(a.log().submit(bytes("1")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("1"));
        cluster.crash("b");
        assertThat(a.log().submit(bytes("2")).get(20, TimeUnit.SECONDS)).isEqualTo(bytes("2"));
        assertThat(leads(a)).as("who is left leads").isTrue();
        a.node().resume().get(20, TimeUnit.SECONDS);
        await("nobody drains", () -> a.node().members().stream()
                .noneMatch(member -> member.attributes().containsKey("draining")));
        CompletableFuture<Void> endless = a.node().drain(TestCluster.LONG);
        a.node().close();
        assertThatThrownBy(() -> endless.get(0, TimeUnit.SECONDS)).hasCauseInstanceOf(ReplicaClosedException.class);
        assertThat(a.node().drain()).isCompletedExceptionally();
        assertThatThrownBy(() -> a.node().drain(TestCluster.LONG).get(5, TimeUnit.SECONDS))
                .hasCauseInstanceOf(ReplicaClosedException.class);
    }

    @Test
    void shouldSayWhatIsLeftAndWhyWhenADrainTakesTooLong() throws Exception {
        Duration timeout = Duration.ofMillis(300);
        Running a = start("a", 0, timeout);
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> a.node().drain(Duration.ofHours(25)))
                .withMessageContaining("PT25H");
        assertThatLeft(a).hasMessageContaining("still leads 1 of 1 groups after PT0.1S: nobody else is in sync in [g]");

        CompletableFuture<Void> drained = a.node().drain(TestCluster.LONG);
        a.node().resume().get(20, TimeUnit.SECONDS);
        assertThatThrownBy(() -> drained.get(20, TimeUnit.SECONDS)).hasMessageContaining("was resumed");

        Running b = start("b", 0, timeout);
        a.node().favour(GROUP, Set.of(A)); // as the live colour is
        assertThatLeft(a).hasMessageContaining("in [g] nobody who is in sync should rather lead, it is favoured there");
        a.node().favour(GROUP, Set.of());
        a.node().drain(TestCluster.LONG).get(25, TimeUnit.SECONDS);
        await("b leads", () -> leads(b));
        a.node().resume().get(20, TimeUnit.SECONDS);

        cluster.store.reachable(false);
        assertThatLeft(a).hasMessageContaining("the configuration store does not tell the others yet that it drains");
    }

    private static AbstractThrowableAssert<?, ?> assertThatLeft(Running draining) {
        CompletableFuture<Void> drained = draining.node().drain(Duration.ofMillis(100));
        return assertThatThrownBy(() -> drained.get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(TransferRefusedException.class);
    }

    @Test
    void shouldGiveTheGroupsOfANodeThatDrainsAwayAFewAtATime() throws Exception {
        int groups = 12;
        cluster.settings = builder -> builder.failureTimeout(Duration.ofMillis(300));
        HaNode a = cluster.node("a");
        HaNode b = cluster.node("b");
        try {
            List<ReplicatedLog> onA = new ArrayList<>();
            List<ReplicatedLog> onB = new ArrayList<>();
            for (HaNode node : List.of(a, b)) {
                for (int i = 0; i < groups; i++) {
                    ReplicatedLog log = node.join(GroupId.of("g" + i), new TestCluster.Journal());
                    log.awaitInSync(Duration.ofSeconds(60)).get(70, TimeUnit.SECONDS);
                    (node == a ? onA : onB).add(log);
                }
            }
            List<HaEvent.Transfer> steps = new CopyOnWriteArrayList<>(); // in their order
            a.events().subscribe(event -> {
                if (event instanceof HaEvent.Transfer step) {
                    steps.add(step);
                }
            });
            a.drain(TestCluster.LONG).get(25, TimeUnit.SECONDS);
            assertThat(onA)
                    .as("all are given away when it is said so")
                    .noneMatch(log -> log.status().role() == Role.LEADER);
            await("b leads all", () -> onB.stream().allMatch(log -> log.status().role() == Role.LEADER));
            await(
                    "the last step of each is told",
                    () -> steps.stream().filter(step -> step.step().isLast()).count() >= groups);
            int underWay = 0;
            int most = 0;
            for (HaEvent.Transfer step : steps) {
                underWay += step.step() == HaEvent.TransferStep.ASKED
                        ? 1
                        : step.step().isLast() ? -1 : 0;
                most = Math.max(most, underWay);
            }
            assertThat(most).isBetween(1, PreferredMoves.AT_MOST);
        } finally {
            a.close();
            b.close();
        }
    }

    private static Member member(String node, Map<String, String> attributes) {
        return new Member(NodeId.of(node), "host", 1, 1, 1, Map.of(), attributes);
    }

    @Test
    void shouldRefusePrioritiesThatAreNone() {
        HaNode.Builder builder = HaNode.builder(A).priority(1000).priority(GroupId.of("orders"), -1000);
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> builder.priority(1001))
                .withMessageContaining("attribute priority '1001' is not a whole number from -1000 to 1000");
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> builder.attribute("priority.orders", "high"))
                .withMessageContaining("attribute priority.orders 'high'");
    }
}
