package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.LastCopyException;
import dev.handover.NodeId;
import dev.handover.Role;
import dev.handover.TransferRefusedException;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.protocol.LogEntry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Planned changes of the leader, and orderly stops, under load: nobody gets an error, everything is applied once. */
@Timeout(120)
class TransferOfLeadershipTest {
    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Writers and readers on some nodes; every failure is kept. */
    private static final class Callers implements AutoCloseable {
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final List<Thread> threads = new ArrayList<>();
        final ConcurrentLinkedQueue<String> acknowledged = new ConcurrentLinkedQueue<>();
        final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
        final AtomicInteger reads = new AtomicInteger();

        Callers on(Running node, int writers) {
            for (int w = 0; w < writers; w++) {
                String name = node.node().id() + "-" + w + "-";
                begin(() -> write(node, name));
            }
            begin(() -> read(node));
            return this;
        }

        private void begin(Runnable work) {
            Thread thread = new Thread(work, "caller");
            threads.add(thread);
            thread.start();
        }

        private void write(Running node, String name) {
            for (int i = 0; !stopped.get(); i++) {
                String command = name + i;
                try {
                    node.log().submit(bytes(command)).get(20, TimeUnit.SECONDS);
                    acknowledged.add(command);
                } catch (Exception e) {
                    failures.add(command + ": " + e);
                }
            }
        }

        private void read(Running node) {
            while (!stopped.get()) {
                int before = acknowledged.size();
                try {
                    int seen = Integer.parseInt(text(node.log().query(bytes("")).get(20, TimeUnit.SECONDS)));
                    if (seen < before) {
                        failures.add("a read saw " + seen + " when " + before + " were acknowledged");
                    }
                    reads.incrementAndGet();
                } catch (Exception e) {
                    failures.add("read: " + e);
                }
            }
        }

        void awaitMore() throws InterruptedException {
            int writes = acknowledged.size();
            int read = reads.get();
            TestCluster.await("load", () -> acknowledged.size() > writes + 20 && reads.get() > read + 5);
        }

        @Override
        public void close() {
            stopped.set(true);
            try {
                for (Thread thread : threads) {
                    thread.join(30_000);
                    assertThat(thread.isAlive()).isFalse();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }
    }

    private Running leader() throws InterruptedException {
        TestCluster.await("somebody leads", () -> cluster.running.values().stream()
                .anyMatch(r -> r.log().status().role() == Role.LEADER));
        return cluster.running.values().stream()
                .filter(r -> r.log().status().role() == Role.LEADER)
                .findFirst()
                .orElseThrow();
    }

    private void checkAppliedOnce(Callers callers) throws InterruptedException {
        assertThat(callers.failures).isEmpty();
        for (Running node : cluster.running.values()) {
            TestCluster.await(
                    "everything is applied on " + node.node().id(),
                    () -> new HashSet<>(node.journal().commands).containsAll(callers.acknowledged));
            assertThat(new ArrayList<>(node.journal().commands)).doesNotHaveDuplicates();
        }
    }

    @Test
    void shouldAnswerEverythingOnceWhileTheLeadershipGoesRound() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Callers callers = new Callers();
        nodes.forEach(node -> callers.on(node, 3));
        try (callers) {
            for (int round = 0; round < 12; round++) {
                callers.awaitMore();
                Running from = leader();
                Running to = nodes.get((nodes.indexOf(from) + 1) % 3);
                TransferResult result = from.log().transferTo(to.node().id()).get(20, TimeUnit.SECONDS);
                assertThat(result.outcome()).as(result.toString()).isEqualTo(TransferStep.SERVING);
                assertThat(result.transferred()).isTrue();
                assertThat(result.from()).isEqualTo(from.node().id());
                assertThat(result.to()).isEqualTo(to.node().id());
                assertThat(result.pause()).isPositive();
                TestCluster.await("the target leads", () -> to.log().status().role() == Role.LEADER);
            }
        }
        checkAppliedOnce(callers);
        assertThat(cluster.store.configuration(GROUP).orElseThrow().inSync()).hasSize(3);
    }

    @Test
    void shouldTellEveryStepWithItsTime() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        TransferResult result = nodes.get(0).log().handOver().get(20, TimeUnit.SECONDS);
        TestCluster.await("events", () -> nodes.get(0).events().stream()
                .anyMatch(e -> e instanceof HaEvent.Transfer t && t.step() == TransferStep.SERVING));
        List<HaEvent.Transfer> steps = nodes.get(0).events().stream()
                .filter(HaEvent.Transfer.class::isInstance)
                .map(HaEvent.Transfer.class::cast)
                .toList();
        assertThat(steps.stream().map(HaEvent.Transfer::step))
                .containsExactly(
                        TransferStep.ASKED, TransferStep.PROPOSED, TransferStep.TRANSFERRED, TransferStep.SERVING);
        assertThat(Duration.ofNanos(steps.get(3).nanos() - steps.get(2).nanos()))
                .isEqualTo(result.pause());
        assertThat(steps.get(3).epoch()).isEqualTo(result.epoch());
        TestCluster.await("the new leader's side", () -> nodes.get(1).events().stream()
                .anyMatch(e -> e instanceof HaEvent.TakeOver t
                        && t.step() == TakeOverStep.SERVING
                        && t.epoch() == result.epoch()));
    }

    @Test
    void shouldSendTheBarrierWhileTheNewLeadersOwnForceIsUnderWay() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        nodes.get(0).log().submit(bytes("x")).get(10, TimeUnit.SECONDS);
        TestCluster.await(
                "nothing is under way", () -> nodes.get(1).journal().commands.size() == 1);
        NodeId a = nodes.get(0).node().id();
        CountDownLatch held = cluster.logs.holdForce(GROUP, nodes.get(1).node().id());
        CompletableFuture<TransferResult> transfer;
        try {
            transfer = nodes.get(0).log().handOver();
            TestCluster.await(
                    "the barrier of the new epoch is on a's disk", () -> cluster.logs.durable(GROUP, a).stream()
                            .anyMatch(entry -> entry.kind() == LogEntry.Kind.BARRIER && entry.index() > 2));
            assertThat(nodes.get(1).log().status().role())
                    .as("not before it is on its own disk, too")
                    .isEqualTo(Role.RECONCILING);
        } finally {
            held.countDown();
        }
        assertThat(transfer.get(20, TimeUnit.SECONDS).transferred()).isTrue();
        TestCluster.await("b leads", () -> nodes.get(1).log().status().role() == Role.LEADER);
    }

    @Test
    void shouldRefuseWithReasonAndRemedy() throws Exception {
        Running a = cluster.startInSync("a").get(0);
        refused(a.log().handOver(), "the last one in sync", "Start another one");
        refused(a.log().transferTo(NodeId.of("z")), "z is not in the in-sync set");
        refused(a.log().transferTo(NodeId.of("a")), "a leads already");
        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        refused(b.log().handOver(), "does not lead; ask a");
        assertThat(text(b.log().submit(bytes("x")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
    }

    private static void refused(CompletableFuture<TransferResult> transfer, String... words) {
        assertThatThrownBy(() -> transfer.get(20, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(TransferRefusedException.class)
                .message()
                .contains(words);
    }

    @Test
    void shouldServeWhileTheStoreDoesNotAnswerAndSayInTheEnd() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        cluster.store.reachable(false);
        CompletableFuture<TransferResult> transfer = nodes.get(0).log().handOver();
        for (int i = 0; i < 20; i++) {
            nodes.get(i % 2).log().submit(bytes("c" + i)).get(10, TimeUnit.SECONDS);
        }
        assertThat(transfer).isNotDone();
        cluster.store.reachable(true);
        TransferResult result = transfer.get(20, TimeUnit.SECONDS);
        assertThat(result.outcome()).isIn(TransferStep.SERVING, TransferStep.GIVEN_UP);
        assertThat(text(leader().log().submit(bytes("after")).get(10, TimeUnit.SECONDS)))
                .isEqualTo("21");
    }

    @Test
    void shouldHandOverWhenTheLeaderIsClosedAndLeaveNobodyWaiting() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b", "c");
        Callers others = new Callers().on(nodes.get(1), 3).on(nodes.get(2), 3);
        try (others) {
            others.awaitMore();
            List<CompletableFuture<byte[]>> mine = new ArrayList<>();
            List<String> commands =
                    IntStream.range(0, 200).mapToObj(i -> "mine" + i).toList();
            commands.forEach(command -> mine.add(nodes.get(0).log().submit(bytes(command))));
            cluster.running.remove("a").node().close();
            for (CompletableFuture<byte[]> future : mine) {
                assertThat(future.get(10, TimeUnit.SECONDS))
                        .as("taken before the stop")
                        .isNotEmpty();
            }
            others.acknowledged.addAll(commands);
            others.awaitMore();
        }
        assertThat(nodes.get(0).events())
                .anyMatch(e -> e instanceof HaEvent.Transfer t && t.step() == TransferStep.TRANSFERRED);
        for (Running survivor : List.of(nodes.get(1), nodes.get(2))) {
            assertThat(survivor.events())
                    .as("nobody had to suspect anybody")
                    .noneMatch(e -> e instanceof HaEvent.TakeOver t && t.step() == TakeOverStep.SUSPECTED);
        }
        assertThat(cluster.store.configuration(GROUP).orElseThrow().inSync()).hasSize(2);
        checkAppliedOnce(others);
    }

    @Test
    void shouldAcknowledgeUntilItIsNoLongerCountedWhenAFollowerIsClosed() throws Exception {
        List<Running> nodes = cluster.startInSync("a", "b");
        Callers callers = new Callers().on(nodes.get(0), 3);
        try (callers) {
            callers.awaitMore();
            cluster.running.remove("b").node().close();
            assertThat(cluster.store.configuration(GROUP).orElseThrow().inSync())
                    .as("removed before it was gone")
                    .hasSize(1);
            callers.awaitMore();
        }
        checkAppliedOnce(callers);
    }

    @Test
    void shouldNotStopTheLastCopyUnlessForced() throws Exception { // R13
        List<Running> nodes = cluster.startInSync("a", "b");
        nodes.get(1).node().stop(false);
        cluster.running.remove("b");
        TestCluster.await(
                "a is alone",
                () -> nodes.get(0).log().status().configuration() != null
                        && nodes.get(0).log().status().configuration().inSync().size() == 1);
        assertThatThrownBy(() -> nodes.get(0).node().stop(false))
                .isInstanceOf(LastCopyException.class)
                .hasMessageContaining("[" + GROUP + "]")
                .hasMessageContaining("start another replica");
        assertThat(text(nodes.get(0).log().submit(bytes("x")).get(10, TimeUnit.SECONDS)))
                .isEqualTo("1");
        nodes.get(0).node().stop(true);
        cluster.running.remove("a");
        assertThat(nodes.get(0).events())
                .as("nobody is there to hand over to: no transfer is refused")
                .noneMatch(HaEvent.Transfer.class::isInstance);
    }
}
