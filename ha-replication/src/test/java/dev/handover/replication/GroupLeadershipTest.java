package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.leadership.Leadership;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.protocol.Message;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class GroupLeadershipTest {
    private static final Duration FAILURE = Duration.ofSeconds(2);

    private final TestCluster cluster = new TestCluster();
    private final List<Registration> registrations = new ArrayList<>();
    private final List<String> course = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        registrations.forEach(Registration::close);
        cluster.close();
    }

    private List<Running> start(long leaseMillis) throws Exception {
        cluster.settings = builder -> {
            builder.failureTimeout(FAILURE);
            if (leaseMillis > 0) {
                builder.readLeases(Duration.ofMillis(leaseMillis));
            }
        };
        return cluster.startInSync("a", "b", "c");
    }

    private void cutOffTheFirst() {
        cluster.network.cut(NodeId.of("a"), NodeId.of("b"));
        cluster.network.cut(NodeId.of("a"), NodeId.of("c"));
    }

    private static Leadership.Leading leading(Running node) throws Exception {
        await(
                "it leads",
                () -> node.log().leadership().current() instanceof Leadership.Leading leading && leading.isValid());
        return (Leadership.Leading) node.log().leadership().current();
    }

    private void work(Running node) {
        String name = node.node().id().value();
        registrations.add(node.log().leadership().runWhileLeading(leading -> {
            course.add(name + " begins");
            try {
                new CountDownLatch(1).await();
            } finally {
                course.add(name + " ends");
            }
        }));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1000})
    void shouldNotBeValidOnALeaderThatNobodyConfirmsThoughItHasHeardOfNoOther(long leaseMillis) throws Exception {
        List<Running> nodes = start(leaseMillis);
        Leadership.Leading first = leading(nodes.get(0));
        assertThat(first.epoch()).isEqualTo(nodes.get(0).log().status().epoch());
        assertThat(nodes.get(1).log().leadership().current())
                .isEqualTo(new Leadership.Following(
                        "a", nodes.get(1).log().status().epoch()));
        cutOffTheFirst();
        long cutNanos = System.nanoTime();
        boolean valid;
        long askedNanos;
        do { // what it was granted runs out, and nothing is granted any more
            askedNanos = System.nanoTime();
            valid = first.isValid();
        } while (valid && askedNanos - cutNanos <= TimeUnit.MILLISECONDS.toNanos(leaseMillis));
        assertThat(valid).isFalse();
        await(
                "another one leads",
                () -> nodes.get(1).log().status().role() == Role.LEADER
                        || nodes.get(2).log().status().role() == Role.LEADER);
        assertThat(first.isValid()).isFalse();
        Running next = nodes.get(nodes.get(1).log().status().role() == Role.LEADER ? 1 : 2);
        assertThat(leading(next).epoch()).isGreaterThan(first.epoch());
    }

    @Test
    void shouldAnswerByTheLeaseWithoutWaitingForAnybody() throws Exception {
        AtomicLong appends = new AtomicLong();
        cluster.network.watch((from, to, envelope) -> {
            if (envelope.message() instanceof Message.Append) {
                appends.incrementAndGet();
            }
        });
        cluster.settings = builder -> builder.failureTimeout(Duration.ofSeconds(10))
                .heartbeat(Duration.ofSeconds(1))
                .readLeases(Duration.ofSeconds(60));
        Leadership.Leading first = leading(cluster.startInSync("a", "b", "c").get(0));
        await("a lease", () -> {
            long before = appends.get();
            for (int i = 0; i < 20; i++) {
                assertThat(first.isValid()).isTrue();
            }
            return appends.get() - before < 20; // rounds send two each; heartbeats are few
        });
    }

    @Test
    void shouldInterruptTheTaskOfACutOffLeaderBeforeTheNextOneBegins() throws Exception {
        List<Running> nodes = start(0);
        nodes.forEach(this::work);
        await("the first works", () -> course.equals(List.of("a begins")));
        cutOffTheFirst();
        await("another one works", () -> course.size() == 3);
        assertThat(course.subList(0, 2)).containsExactly("a begins", "a ends");
        assertThat(course.get(2)).isIn("b begins", "c begins");
    }

    @Test
    void shouldMoveTheTaskWithATransfer() throws Exception {
        List<Running> nodes = start(0);
        nodes.forEach(this::work);
        await("the first works", () -> course.equals(List.of("a begins")));
        registrations.get(0).close(); // its task has ended on return
        assertThat(course).containsExactly("a begins", "a ends");
        nodes.get(0).log().transferTo(NodeId.of("c")).get(LONG.toSeconds(), TimeUnit.SECONDS);
        await("the target works", () -> course.equals(List.of("a begins", "a ends", "c begins")));
    }

    @Test
    void shouldTellTheEndWhenTheLogIsClosedAndLeaveNoThread() throws Exception {
        Running only = start(0).get(0);
        List<Leadership> told = new CopyOnWriteArrayList<>();
        Registration registration = only.log().leadership().listen(told::add);
        await("told", () -> !told.isEmpty() && told.get(told.size() - 1) instanceof Leadership.Leading);
        only.log().close();
        await("told the end", () -> !(told.get(told.size() - 1) instanceof Leadership.Leading));
        registration.close();
        registration.close();
        await("no thread is left", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("handover-g-leadership")));
    }
}
