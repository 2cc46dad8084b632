package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.event.HaEvent;
import dev.handover.replication.TestCluster.Running;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** R7 and R8 on whole nodes: one replica of three is slow or stands still, because of its disk, its network or its processor, while clients write. */
@Timeout(120)
class SlowReplicaTest {
    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final NodeId C = NodeId.of("c");
    private static final Duration FAILURE_TIMEOUT = Duration.ofMillis(500);

    /** What it takes to notice, and as much again for the compare-and-set and a busy machine. */
    private static final Duration STALL = FAILURE_TIMEOUT.multipliedBy(2);

    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Keeps so many commands under way, and notes how long there was no answer. */
    private static final class Writers implements AutoCloseable {
        private final Running on;
        private final byte[] command;
        private final AtomicLong answered = new AtomicLong();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();
        private volatile boolean over;
        private long lastNanos = System.nanoTime();
        private long longestNanos;

        Writers(Running on, int count, int bytes) throws InterruptedException {
            this.on = on;
            command = new byte[bytes];
            for (int i = 0; i < count; i++) {
                write();
            }
            awaitMore();
        }

        private void write() {
            on.log().submit(command).whenCompleteAsync((answer, thrown) -> {
                if (thrown != null) {
                    failure.compareAndSet(null, thrown);
                    return;
                }
                answer();
                if (!over) {
                    write();
                }
            });
        }

        private synchronized void answer() {
            long now = System.nanoTime();
            longestNanos = Math.max(longestNanos, now - lastNanos);
            lastNanos = now;
            answered.incrementAndGet();
        }

        /** The longest time without an answer until now, and since this was asked last. */
        synchronized Duration longestGap() {
            long now = System.nanoTime();
            Duration gap = Duration.ofNanos(Math.max(longestNanos, now - lastNanos));
            longestNanos = 0;
            lastNanos = now;
            return gap;
        }

        void awaitMore() throws InterruptedException {
            long enough = answered.get() + 50;
            await("more answers", () -> answered.get() >= enough || failure.get() != null);
            assertThat(failure.get()).as("no command fails").isNull();
        }

        @Override
        public void close() {
            over = true;
        }
    }

    private List<Running> three() throws Exception {
        cluster.settings = builder -> builder.failureTimeout(FAILURE_TIMEOUT)
                .commandTimeout(Duration.ofSeconds(20))
                .sessionTimeout(Duration.ofMinutes(10));
        return cluster.startInSync("a", "b", "c");
    }

    private static boolean isMember(Running of, NodeId node) {
        Configuration configuration = of.log().status().configuration();
        return configuration != null
                && configuration.inSync().stream().map(ReplicaId::node).anyMatch(node::equals);
    }

    private static List<Configuration> configurations(Running of) {
        return of.events().stream()
                .filter(HaEvent.ConfigurationChanged.class::isInstance)
                .map(event -> ((HaEvent.ConfigurationChanged) event).configuration())
                .toList();
    }

    /** It is removed in time, the others write on, and it comes back when it is well. */
    private void isLeftBehindAndComesBack(List<Running> nodes, Writers writers, Runnable cure) throws Exception {
        Running a = nodes.get(0);
        await("c is removed", () -> !isMember(a, C) || writers.failure.get() != null);
        assertThat(writers.failure.get()).as("no command fails").isNull();
        assertThat(writers.longestGap())
                .as("time without an acknowledged write")
                .isLessThan(STALL);
        writers.awaitMore();
        assertThat(isMember(a, B)).isTrue();
        assertThat(a.log().status().role().leads()).isTrue();
        writers.longestGap();
        cure.run();
        await("c is back", () -> isMember(a, C));
        writers.awaitMore();
        assertThat(writers.longestGap())
                .as("its coming back stalls nobody either")
                .isLessThan(STALL);
        writers.close();
        await("c holds the same", () -> nodes.get(2).journal().commands.equals(a.journal().commands));
    }

    @Test
    void shouldGoOnWithoutAReplicaWhoseDiskStandsStill() throws Exception {
        List<Running> nodes = three();
        try (Writers writers = new Writers(nodes.get(0), 8, 100)) {
            writers.longestGap();
            CountDownLatch disk = cluster.logs.holdForce(GROUP, C);
            isLeftBehindAndComesBack(nodes, writers, disk::countDown);
        }
    }

    @Test
    void shouldGoOnWithoutAReplicaBehindASlowNetwork() throws Exception {
        List<Running> nodes = three();
        try (Writers writers = new Writers(nodes.get(0), 64, 4096)) {
            writers.longestGap();
            cluster.network.slow(A, C, 60_000);
            isLeftBehindAndComesBack(nodes, writers, cluster.network::heal);
        }
    }

    /** Who waits for the end of a long message does not take the leader for dead: it would take the leadership away from who is well. */
    @Test
    void shouldGoOnWithoutAReplicaThatASingleMessageTakesLongToReach() throws Exception {
        List<Running> nodes = three();
        Running c = nodes.get(2);
        try (Writers writers = new Writers(nodes.get(0), 4, 48 << 10)) {
            writers.longestGap();
            cluster.network.slow(A, C, 60_000); // 0.8 s for one command
            isLeftBehindAndComesBack(nodes, writers, cluster.network::heal);
        }
        assertThat(c.events())
                .filteredOn(HaEvent.TakeOver.class::isInstance)
                .map(event -> ((HaEvent.TakeOver) event).step())
                .doesNotContain(HaEvent.TakeOverStep.SUSPECTED);
    }

    @Test
    void shouldGoOnWithoutAReplicaWhoseProcessorIsBusyElsewhere() throws Exception {
        List<Running> nodes = three();
        try (Writers writers = new Writers(nodes.get(0), 8, 100)) {
            writers.longestGap();
            CountDownLatch processor = stopped(nodes.get(2));
            isLeftBehindAndComesBack(nodes, writers, processor::countDown);
        }
    }

    /** Its loop does nothing any more until the latch is counted down. */
    private static CountDownLatch stopped(Running node) {
        CountDownLatch latch = new CountDownLatch(1);
        node.node().runtime().loop().run(() -> {
            try {
                latch.await(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return latch;
    }

    @Test
    void shouldLetWhoIsRemovedAgainAndAgainWaitLongerEachTime() throws Exception {
        List<Running> nodes = three();
        Running a = nodes.get(0);
        int times = 3;
        try (Writers writers = new Writers(a, 8, 100)) {
            for (int i = 0; i < times; i++) {
                CountDownLatch disk = cluster.logs.holdForce(GROUP, C);
                await("c is removed", () -> !isMember(a, C));
                disk.countDown();
                await("c is back", () -> isMember(a, C));
            }
            writers.awaitMore();
        }
        List<Duration> waits = new ArrayList<>();
        HaEvent.ConfigurationChanged removed = null;
        for (HaEvent event : a.events()) {
            if (event instanceof HaEvent.ConfigurationChanged changed) {
                int size = changed.configuration().inSync().size();
                if (size == 3 && removed != null) {
                    waits.add(Duration.between(removed.at(), changed.at()));
                    removed = null;
                } else if (size == 2 && configurations(a).indexOf(changed.configuration()) > 2) {
                    removed = changed;
                }
            }
        }
        assertThat(waits)
                .as("one removal and one return each time, and no more")
                .hasSize(times);
        for (int i = 0; i < times; i++) {
            assertThat(waits.get(i)) // it begins to wait when its removal is proposed, a moment before the event
                    .isGreaterThan(FAILURE_TIMEOUT.multipliedBy(2L << i).minus(FAILURE_TIMEOUT.dividedBy(2)));
        }
    }

    private static NodeId leadsNow(Running node) {
        return node.log().status().leader();
    }

    @Test
    void shouldHandOverAsALeaderWhoseDiskStandsStillInsteadOfRemovingTheOthers() throws Exception {
        List<Running> nodes = three();
        Running b = nodes.get(1);
        int before = configurations(b).size();
        try (Writers writers = new Writers(b, 8, 100)) {
            writers.longestGap();
            CountDownLatch disk = cluster.logs.holdForce(GROUP, A);
            await("another one leads", () -> leadsNow(b) != null && !A.equals(leadsNow(b)));
            disk.countDown();
            writers.awaitMore();
            assertThat(writers.longestGap())
                    .as("to notice, to hand over, and to remove it if its disk still stands")
                    .isLessThan(STALL.multipliedBy(2));
        }
        List<Configuration> after =
                configurations(b).subList(before, configurations(b).size());
        assertThat(after.get(0).leader().node()).isNotEqualTo(A);
        assertThat(after.get(0).inSync()).as("it removed nobody").hasSize(3);
        assertThat(after).allSatisfy(one -> assertThat(one.inSync().stream().map(ReplicaId::node))
                .as("the healthy ones stay")
                .contains(B, C));
        await(
                "all are in sync again",
                () -> b.log().status().configuration() != null
                        && b.log().status().configuration().inSync().size() == 3);
    }
}
