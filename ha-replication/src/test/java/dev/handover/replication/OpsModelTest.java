package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import dev.handover.ops.OpsAction;
import dev.handover.ops.OpsEvent;
import dev.handover.ops.OpsGroup;
import dev.handover.ops.OpsHealth.Answer;
import dev.handover.ops.OpsItem;
import dev.handover.ops.OpsLevel;
import dev.handover.ops.OpsModel;
import dev.handover.ops.OpsPage;
import dev.handover.replication.TestCluster.Running;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Beside the cluster of the tests; what it tests is {@code dev.handover.ops}. */
@Timeout(60)
class OpsModelTest {
    private final TestCluster cluster = new TestCluster();
    private final List<OpsModel> models = new ArrayList<>();

    @AfterEach
    void close() {
        models.forEach(OpsModel::close);
        cluster.close();
    }

    private OpsModel model(Running node) {
        OpsModel model = OpsModel.of(node.node(), Duration.ofSeconds(2), Duration.ofMillis(20));
        models.add(model);
        return model;
    }

    private static Answer get(CompletableFuture<Answer> answer) throws Exception {
        return answer.get(10, TimeUnit.SECONDS);
    }

    @Test
    void shouldAnswerByTheRole() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        OpsModel a = model(nodes.get(0));
        OpsModel b = model(nodes.get(1));
        assertThat(get(a.health().leader("g"))).matches(Answer::ok);
        assertThat(get(a.health().leader(null))).matches(Answer::ok);
        Answer follower = get(b.health().leader("g"));
        assertThat(follower.ok()).isFalse();
        assertThat(follower.detail()).contains("g/b follower").contains("leader=a");
        assertThat(get(a.health().leader("other")).detail()).contains("has no 'other'", "[g]");
        for (OpsModel each : List.of(a, b)) {
            assertThat(get(each.health().inSync("g", -1))).matches(Answer::ok);
            assertThat(get(each.health().inSync(null, 0))).matches(Answer::ok);
            assertThat(get(each.health().inSync("g", Duration.ofSeconds(1)))).matches(Answer::ok);
            assertThat(get(each.health().ready(null))).matches(Answer::ok);
            assertThat(get(each.health().live())).matches(Answer::ok);
        }
        assertThatThrownBy(() -> a.health().inSync("g", Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldSayNoAsLeaderWhileNobodyConfirmsIt() throws Exception {
        cluster.settings = builder -> builder.failureTimeout(Duration.ofSeconds(20)); // nobody is given up
        List<Running> nodes = cluster.startInSync("a", "b");
        OpsModel a = model(nodes.get(0));
        OpsModel b = model(nodes.get(1));
        cluster.network.cut(NodeId.of("a"), NodeId.of("b"));
        assertThat(nodes.get(0).log().status().role()).isEqualTo(Role.LEADER); // which is what a flag would say
        Answer leader = get(a.health().leader("g"));
        assertThat(leader.ok()).as(leader.detail()).isFalse();
        assertThat(leader.detail()).contains("not confirmed");
        assertThat(get(b.health().inSync("g", -1)).ok()).isFalse();
        assertThat(get(b.health().ready("g")).ok()).isFalse();
        assertThat(get(b.health().live())).matches(Answer::ok);
    }

    @Test
    void shouldSayThatAHangingStateMachineIsNotAlive() throws Exception {
        CountDownLatch hang = new CountDownLatch(1);
        Running a = cluster.startInSync("a").get(0);
        OpsModel model = OpsModel.of(a.node(), Duration.ofMillis(200), Duration.ZERO);
        models.add(model);
        assertThat(get(model.health().live())).matches(Answer::ok);
        a.log().read(Consistency.LOCAL, () -> {
            try {
                return hang.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertThat(get(model.health().live()).ok()).isFalse();
        hang.countDown();
        TestCluster.await("alive again", () -> model.health().live().join().ok());
        a.node().close();
        assertThat(get(model.health().live()).detail()).contains("was closed");
    }

    /** In sync, for it holds all; but what it would answer is old. */
    @Test
    void shouldSayHowFarACopyIsBehindAndThatThisIsTooFar() throws Exception {
        CountDownLatch hang = new CountDownLatch(1);
        List<Running> nodes = cluster.startInSync("a", "b");
        OpsModel b = model(nodes.get(1));
        assertThat(get(b.health().inSync("g", 0))).matches(Answer::ok);
        nodes.get(1).log().read(Consistency.LOCAL, () -> {
            try {
                return hang.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        for (int i = 0; i < 3; i++) {
            nodes.get(0).log().submit(TestCluster.bytes("x")).get(20, TimeUnit.SECONDS);
        }
        long committed = nodes.get(0).log().status().commitIndex();
        TestCluster.await(
                "b knows that they are committed",
                () -> nodes.get(1).log().status().commitIndex() >= committed);
        Answer behind = get(b.health().inSync("g", 2));
        assertThat(behind.ok()).isFalse();
        assertThat(behind.detail()).contains(" entries behind, more than 2; ").contains("g/b follower");
        hang.countDown();
        TestCluster.await(
                "it has caught up", () -> b.health().inSync("g", 0).join().ok());
    }

    @Test
    void shouldShowATakeOverWithItsMilliseconds() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        OpsModel b = model(nodes.get(1));
        nodes.get(1).log().submit(TestCluster.bytes("x")).get(10, TimeUnit.SECONDS);
        OpsGroup before = b.snapshot().groups().get(0);
        assertThat(before.role()).isEqualTo(Role.FOLLOWER);
        assertThat(before.leader()).isEqualTo("a");
        assertThat(before.inSync()).containsExactly("a", "b");
        assertThat(before.level()).isEqualTo(OpsLevel.OK);
        AtomicBoolean told = new AtomicBoolean();
        b.listen(() -> told.set(true));
        cluster.crash("a");
        TestCluster.await("the take-over on the timeline", () -> b.snapshot().timeline().stream()
                .anyMatch(event -> event.kind().equals("take-over")));
        OpsEvent takeOver = b.snapshot().timeline().stream()
                .filter(event -> event.kind().equals("take-over"))
                .findFirst()
                .orElseThrow();
        assertThat(takeOver.millis()).isPositive();
        assertThat(takeOver.text()).startsWith("b took over, epoch ");
        TestCluster.await("listeners are told", told::get);
        TestCluster.await("it leads", () -> b.snapshot().groups().get(0).role() == Role.LEADER);
        assertThat(b.snapshot().groups().get(0).level()).isEqualTo(OpsLevel.WARN);
        assertThat(b.snapshot().timeline()).anyMatch(event -> event.kind().equals("redundancy"));
        TestCluster.await(
                "two samples", () -> !b.snapshot().groups().get(0).commitRates().isEmpty());
    }

    @Test
    void shouldTransferOnlyWhenConfirmed() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        OpsModel a = model(nodes.get(0));
        OpsModel b = model(nodes.get(1));
        assertThat(a.snapshot().actions())
                .extracting(OpsAction::name, OpsAction::subject, OpsAction::targets)
                .containsExactly(tuple("transfer", "g", List.of("b")), tuple("drain", "a", List.of()));
        assertThat(b.snapshot().actions())
                .extracting(OpsAction::name, OpsAction::subject)
                .containsExactly(tuple("drain", "b"));
        assertThatThrownBy(() -> a.perform("transfer", "g", "b", "")).hasMessageContaining("not confirmed");
        assertThatThrownBy(() -> a.perform("transfer", "g", "z", "g")).hasMessageContaining("none of [b]");
        assertThatThrownBy(() -> b.perform("transfer", "g", "a", "g")).hasMessageContaining("not offered");
        assertThat(nodes.get(0).log().status().role()).isEqualTo(Role.LEADER);
        assertThat(a.perform("transfer", "g", "b", "g").get(10, TimeUnit.SECONDS))
                .startsWith("b leads epoch");
        TestCluster.await(
                "the transfer on the timeline of both",
                () -> a.snapshot().timeline().stream()
                                .anyMatch(event -> event.kind().equals("transfer"))
                        && b.snapshot().timeline().stream()
                                .anyMatch(event -> event.text().startsWith("b leads")));
    }

    @Test
    void shouldShowWhatTheApplicationAdds() throws Exception {
        OpsModel model = model(cluster.startInSync("a").get(0));
        AtomicBoolean valid = new AtomicBoolean(true);
        LeadershipSource source = new LeadershipSource() {
            @Override
            public Leadership current() {
                return new Leadership.Leading(7, valid::get);
            }

            @Override
            public Registration listen(Consumer<? super Leadership> listener) {
                return () -> {};
            }
        };
        Registration election = model.election("billing", source);
        assertThat(get(model.health().leader("billing"))).isEqualTo(new Answer(true, "leads epoch 7"));
        valid.set(false);
        assertThat(get(model.health().leader("billing")).ok()).isFalse();
        assertThat(model.snapshot().elections().get(0).state()).isEqualTo("unsure");
        assertThat(get(model.health().leader(null)).detail()).contains("[billing, g]");
        model.items(() ->
                List.of(new OpsItem("guards", "stock", OpsLevel.BAD, "open", new TreeMap<>(Map.of("calls/s", 3.5)))));
        model.action(
                new OpsAction("pause", "billing", List.of(), "nobody leads"),
                target -> CompletableFuture.failedFuture(new IllegalStateException("no session")));
        model.report(OpsLevel.OK, "switch", "g", "green is <b>live</b> \u2028\"", 12.5);
        String json = model.snapshot().toJson();
        assertThat(json)
                .contains("\"kind\":\"guards\",\"name\":\"stock\",\"level\":\"bad\",\"state\":\"open\"")
                .contains("\"calls/s\":3.5")
                .contains("green is \\u003cb\\u003elive\\u003c/b\\u003e \\u2028\\\"")
                .contains("\"millis\":12.5")
                .doesNotContain("<");
        assertThatThrownBy(
                        () -> model.perform("pause", "billing", null, "billing").get(5, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("no session");
        election.close();
        assertThat(model.snapshot().elections()).isEmpty();
        assertThat(model.snapshot().at()).isBefore(Instant.now().plusSeconds(5));
    }

    @Test
    void shouldEndItsThread() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        OpsModel model = model(a);
        model.close();
        model.close();
        model.report(OpsLevel.OK, "note", "g", "after the end", null);
        TestCluster.await("the thread ends", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("a-ops")));
    }

    @Test
    void shouldAllowNothingButThePage() {
        assertThat(OpsPage.html()).contains("prefers-color-scheme: dark", "name=\"viewport\"");
        assertThat(OpsPage.html().replace("http://www.w3.org/2000/svg", ""))
                .doesNotContain("http://", "https://", "innerHTML", "insertAdjacent", "document.write", "eval(");
        assertThat(OpsPage.CONTENT_SECURITY_POLICY)
                .startsWith("default-src 'none'")
                .doesNotContain("unsafe")
                .containsPattern("script-src 'sha256-[A-Za-z0-9+/]{43}='");
    }
}
