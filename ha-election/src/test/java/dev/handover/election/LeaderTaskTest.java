package dev.handover.election;

import static dev.handover.election.LeaderElectionTest.awaitLeading;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.election.zookeeper.Await;
import dev.handover.election.zookeeper.TcpProxy;
import dev.handover.leadership.Leadership;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.curator.framework.CuratorFramework;
import org.apache.zookeeper.data.Stat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeaderTaskTest {
    @TempDir
    Path directory;

    private Ensemble ensemble;

    @BeforeEach
    void start() throws Exception {
        ensemble = new Ensemble(directory);
    }

    @AfterEach
    void stop() throws Exception {
        ensemble.close();
    }

    @Test
    void shouldInterruptAndAwaitTheTaskBeforeAnotherOneLeads() throws Exception {
        AtomicInteger atWork = new AtomicInteger();
        List<String> story = new CopyOnWriteArrayList<>();
        LeaderElection a = ensemble.candidate(ensemble.client(), "a");
        LeaderElection b = ensemble.candidate(ensemble.client(), "b");
        for (LeaderElection each : List.of(a, b)) {
            each.runWhileLeading(leading -> {
                story.add("begin " + atWork.incrementAndGet());
                try {
                    new CountDownLatch(1).await();
                } finally {
                    Thread.interrupted();
                    Thread.sleep(100); // its clean-up takes a while
                    story.add("end " + atWork.getAndDecrement());
                }
            });
        }
        for (int round = 1; round <= 4; round++) {
            int begun = 2 * round - 1;
            Await.until("somebody is at work", () -> story.size() == begun);
            LeaderElection leader = a.current() instanceof Leadership.Leading ? a : b;
            Await.until("the other one is there", () -> leader.candidates().size() == 2);
            Await.get(leader.yield());
        }
        Await.until("at work again", () -> story.size() == 9);
        assertThat(story)
                .containsExactly(
                        "begin 1", "end 1", "begin 1", "end 1", "begin 1", "end 1", "begin 1", "end 1", "begin 1");
    }

    @Test
    void shouldStartATaskThatThrowsAgainLaterAndLaterAndOneThatReturnsNever() throws Exception {
        LeaderElection a = ensemble.candidate(ensemble.client(), "a");
        List<Long> starts = new CopyOnWriteArrayList<>();
        AtomicInteger returned = new AtomicInteger();
        a.runWhileLeading(leading -> {
            starts.add(System.nanoTime());
            if (starts.size() < 4) {
                throw new IllegalStateException("as the test wants it");
            }
            returned.incrementAndGet();
        });
        Await.until("returned", () -> returned.get() == 1);
        for (int i = 1; i < 4; i++) {
            assertThat(starts.get(i) - starts.get(i - 1))
                    .isGreaterThanOrEqualTo(Duration.ofMillis(100L << (i - 1)).toNanos() * 9 / 10);
        }
        LeaderElection b = ensemble.candidate(ensemble.client(), "b");
        Await.until("the other one is there", () -> a.candidates().size() == 2);
        Await.get(a.yield());
        awaitLeading(b);
        Await.get(b.yield());
        awaitLeading(a);
        Await.until("once more in the new epoch", () -> returned.get() == 2);
        assertThat(starts).hasSize(5);
    }

    /** While its session lives nobody else begins. What it says reaches ZooKeeper and keeps the session; it hears nothing. */
    @Test
    void shouldInterruptTheTaskOfALeaderThatHearsNothingBeforeAnotherOneCanBegin() throws Exception {
        TcpProxy proxy = ensemble.proxy();
        LeaderElection a = ensemble.candidate(ensemble.client(proxy.connectString(), Duration.ofSeconds(10)), "a");
        Leadership.Leading leading = awaitLeading(a);
        CuratorFramework admin = ensemble.client();
        long owner = admin.checkExists().forPath("/jobs/billing/leader").getEphemeralOwner();
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger ended = new AtomicInteger();
        a.runWhileLeading(now -> {
            begun.incrementAndGet();
            try {
                new CountDownLatch(1).await();
            } finally {
                ended.incrementAndGet();
            }
        });
        Await.until("at work", () -> begun.get() == 1);
        proxy.loseAnswers(true);
        Await.until("interrupted", () -> ended.get() == 1);
        assertThat(leading.isValid()).isFalse();
        Stat stat = admin.checkExists().forPath("/jobs/billing/leader");
        assertThat(stat).as("it leads still, as far as ZooKeeper knows").isNotNull();
        assertThat(stat.getEphemeralOwner()).isEqualTo(owner);
        proxy.loseAnswers(false);
        proxy.cut(); // what was lost on the way makes nonsense of the stream
        Await.until("at work again", () -> begun.get() == 2);
    }

    @Test
    void shouldKeepTheLeadershipOfATaskThatDoesNotReturn() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        LeaderElection a = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("a")
                .taskTimeout(Duration.ofMillis(200)));
        a.runWhileLeading(leading -> {
            begun.countDown();
            while (end.getCount() > 0) {
                try {
                    end.await();
                } catch (InterruptedException e) {
                    Thread.yield(); // the stubborn task of this test
                }
            }
        });
        assertThat(begun.await(20, java.util.concurrent.TimeUnit.SECONDS)).isTrue();
        LeaderElection b = ensemble.candidate(ensemble.client(), "b");
        Await.until("the other one is there", () -> a.candidates().size() == 2);
        assertThatThrownBy(() -> Await.get(a.yield())).hasMessageContaining("has not returned within 200 ms");
        assertThat(b.current()).isInstanceOf(Leadership.Following.class);
        end.countDown();
        awaitLeading(a);
        Await.get(a.yield());
        awaitLeading(b);
    }
}
