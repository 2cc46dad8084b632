package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.NotLeaderException;
import dev.handover.OutcomeUnknownException;
import dev.handover.OverloadedException;
import dev.handover.RedundancyException;
import dev.handover.ReplicaClosedException;
import dev.handover.ReplicaFaultedException;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.replication.TestCluster.Journal;
import dev.handover.replication.TestCluster.Running;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Every way in which a future can end. */
@Timeout(60)
class OutcomesTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private static Throwable failureOf(CompletableFuture<?> future) {
        Throwable thrown = catchThrowable(() -> future.get(20, TimeUnit.SECONDS));
        assertThat(thrown).isInstanceOf(ExecutionException.class);
        return thrown.getCause();
    }

    @Test
    void shouldSayNotLeaderWhenNobodyLeads() {
        cluster.settings = builder -> builder.commandTimeout(Duration.ofMillis(100));
        cluster.store.reachable(false);
        Running a = cluster.start("a");
        assertThat(failureOf(a.log().submit(bytes("x"))))
                .isInstanceOf(NotLeaderException.class)
                .hasMessageContaining("[g a]")
                .hasMessageContaining("RECOVERING");
        assertThat(failureOf(a.log().query(bytes("")))).isInstanceOf(NotLeaderException.class);
        assertThat(failureOf(a.log().awaitLeader(Duration.ofMillis(50)))).isInstanceOf(NotLeaderException.class);
        assertThat(failureOf(a.log().awaitInSync(Duration.ofMillis(50)))).isInstanceOf(NotLeaderException.class);
    }

    @Test
    void shouldSayOutcomeUnknownWhenTheAnswerDoesNotCome() throws Exception {
        cluster.settings = builder -> builder.commandTimeout(Duration.ofMillis(300));
        List<Running> nodes = cluster.startInSync("a", "b");
        assertThat(text(nodes.get(0).log().submit(bytes("w")).get(10, TimeUnit.SECONDS)))
                .isEqualTo("1");
        nodes.get(1).log().query(bytes("")).get(10, TimeUnit.SECONDS);
        cluster.store.reachable(false); // nobody can be removed
        cluster.network.cut(NodeId.of("a"), NodeId.of("b"));
        assertThat(failureOf(nodes.get(0).log().submit(bytes("x"))))
                .isInstanceOf(OutcomeUnknownException.class)
                .hasMessageContaining("may have been applied");
        TestCluster.await(
                "b has given up its leader", () -> nodes.get(1).log().status().leader() == null);
        assertThat(failureOf(nodes.get(1).log().submit(bytes("y")))).isInstanceOf(NotLeaderException.class);
        assertThat(failureOf(nodes.get(1).log().query(bytes("")))).isInstanceOf(NotLeaderException.class);
        assertThat(text(nodes.get(1).log().query(bytes(""), Consistency.LOCAL).get(5, TimeUnit.SECONDS)))
                .isEqualTo("1");
    }

    @Test
    void shouldRefuseWhatIsTooMuch() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        cluster.settings = builder -> builder.maxPendingCommands(4).maxCommandBytes(1000);
        cluster.machines = () -> new Journal() {
            @Override
            public byte[] apply(Command command) {
                try {
                    if (!go.await(20, TimeUnit.SECONDS)) {
                        throw new IllegalStateException("the test has not let it go on");
                    }
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return super.apply(command);
            }
        };
        Running a = cluster.startInSync("a").get(0);
        List<CompletableFuture<byte[]>> taken = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            taken.add(a.log().submit(bytes("c" + i)));
        }
        assertThat(failureOf(a.log().submit(bytes("fifth"))))
                .isInstanceOf(OverloadedException.class)
                .hasMessageContaining("maxPendingCommands");
        assertThat(failureOf(a.log().query(bytes("")))).isInstanceOf(OverloadedException.class);
        go.countDown();
        for (CompletableFuture<byte[]> answer : taken) {
            answer.get(10, TimeUnit.SECONDS);
        }
        for (int i = 0; i < 4; i++) { // there is room again for each who was told
            assertThat(a.log().submit(bytes("again"))).succeedsWithin(10, TimeUnit.SECONDS);
        }
        assertThatThrownBy(() -> a.log().submit(new byte[1001]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1001")
                .hasMessageContaining("1000");
    }

    @Test
    void shouldHaveRoomForTheNextReadOfWhoIsTold() throws Exception {
        CompletableFuture<String> asked = new CompletableFuture<>();
        cluster.settings = builder -> builder.maxPendingCommands(1);
        Running a = cluster.startInSync("a").get(0);
        CompletableFuture<String> last = a.log()
                .read(Consistency.LINEARIZABLE, asked::join)
                .thenCompose(answer -> a.log().<String>read(Consistency.LINEARIZABLE, () -> {
                    throw new IllegalStateException(answer + ", and the reader failed");
                }))
                .exceptionallyCompose(
                        failure -> a.log().read(Consistency.LINEARIZABLE, () -> "after " + failure.getCause()));
        asked.complete("told");

        assertThat(last).succeedsWithin(10, TimeUnit.SECONDS).asString().contains("told, and the reader failed");
    }

    @Test
    void shouldRefuseWritesBelowMinInSync() throws Exception {
        cluster.settings = builder -> builder.minInSync(2);
        Running a = cluster.start("a");
        TestCluster.await("a leads", () -> a.log().status().role().leads());
        assertThat(failureOf(a.log().submit(bytes("x"))))
                .isInstanceOf(RedundancyException.class)
                .hasMessageContaining("minInSync");
        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(20, TimeUnit.SECONDS);
        assertThat(text(b.log().submit(bytes("x")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
        cluster.crash("a");
        assertThat(failureOf(b.log().submit(bytes("y"))))
                .isInstanceOfAny(RedundancyException.class, OutcomeUnknownException.class);
        assertThat(failureOf(b.log().submit(bytes("z")))).isInstanceOf(RedundancyException.class);
    }

    @Test
    void shouldStopTheReplicaWhoseStateMachineThrows() throws Exception {
        cluster.machines = () -> new Journal() {
            @Override
            public byte[] apply(Command command) {
                if (cluster.running.isEmpty() && text(command.payload()).equals("poison")) {
                    throw new IllegalStateException("disliked");
                }
                return super.apply(command);
            }
        };
        Running alone = cluster.startInSync("a").get(0);
        cluster.running.clear(); // from now on commands are disliked
        try {
            assertThat(failureOf(alone.log().submit(bytes("poison")))).isInstanceOf(OutcomeUnknownException.class);
            assertThat(alone.log().status().role()).isEqualTo(Role.FAULTED);
            assertThat(alone.log().status().fault())
                    .contains("index 3", "disliked")
                    .contains("restart");
            assertThat(failureOf(alone.log().submit(bytes("x")))).isInstanceOf(ReplicaFaultedException.class);
            assertThat(failureOf(alone.log().query(bytes(""), Consistency.LOCAL)))
                    .isInstanceOf(ReplicaFaultedException.class);
            TestCluster.await("the fault is an event", () -> alone.events().stream()
                    .anyMatch(e ->
                            e instanceof HaEvent.ReplicaFaulted f && f.reason().contains("disliked")));
        } finally {
            alone.node().close();
        }
    }

    @Test
    void shouldStopTheReplicaWhoseStateMachineAnswersNull() throws Exception {
        cluster.machines = () -> new Journal() {
            @Override
            public byte[] apply(Command command) {
                return null;
            }
        };
        Running a = cluster.startInSync("a").get(0);
        assertThat(failureOf(a.log().submit(bytes("x")))).isInstanceOf(OutcomeUnknownException.class);
        assertThat(a.log().status().fault()).contains("returned null");
    }

    @Test
    void shouldHandOverWhenTheDiskFails() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        nodes.get(0).log().submit(bytes("w")).get(10, TimeUnit.SECONDS);
        cluster.logs.failForce(GROUP, NodeId.of("a"));
        CompletableFuture<byte[]> onFailing = nodes.get(0).log().submit(bytes("x"));
        assertThat(failureOf(onFailing)).isInstanceOf(OutcomeUnknownException.class);
        assertThat(nodes.get(0).log().status().fault()).contains("Disk failed", "the test lets");
        assertThat(nodes.get(1).log().submit(bytes("y")).get(10, TimeUnit.SECONDS))
                .isNotEmpty();
        assertThat(nodes.get(1).log().status().role()).isEqualTo(Role.LEADER);
    }

    @Test
    void shouldGiveTheAskerWhatTheReaderThrows() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        assertThat(failureOf(a.log().read(Consistency.LINEARIZABLE, () -> {
                    throw new IllegalArgumentException("no such thing");
                })))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no such thing");
        assertThat(text(a.log().submit(bytes("x")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
    }

    @Test
    void shouldCompleteEverythingThatIsPendingAtClose() throws Exception {
        cluster.store.reachable(false);
        Running a = cluster.start("a");
        CompletableFuture<byte[]> command = a.log().submit(bytes("x"));
        CompletableFuture<byte[]> query = a.log().query(bytes("x"));
        CompletableFuture<GroupStatus> inSync = a.log().awaitInSync(LONG);
        a.log().close();
        a.log().close();
        assertThat(failureOf(command)).isInstanceOf(ReplicaClosedException.class);
        assertThat(failureOf(query)).isInstanceOf(ReplicaClosedException.class);
        assertThat(failureOf(inSync)).isInstanceOf(ReplicaClosedException.class);
        assertThat(failureOf(a.log().submit(bytes("y")))).isInstanceOf(ReplicaClosedException.class);
        assertThat(failureOf(a.log().awaitLeader(LONG)))
                .isInstanceOf(HandoverException.class)
                .hasMessageContaining("closed");
    }
}
