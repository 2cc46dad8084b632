package dev.handover.election;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.TransferRefusedException;
import dev.handover.election.zookeeper.Await;
import dev.handover.election.zookeeper.TcpProxy;
import dev.handover.leadership.Leadership;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeaderElectionTest {
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

    private LeaderElection candidate(String name) throws Exception {
        return ensemble.candidate(ensemble.client(), name);
    }

    static Leadership.Leading awaitLeading(LeaderElection election) throws Exception {
        Await.until(election.candidate() + " leads", () -> election.current() instanceof Leadership.Leading);
        return (Leadership.Leading) election.current();
    }

    static void awaitFollowing(LeaderElection election, String leader) throws Exception {
        Await.until(
                election.candidate() + " follows " + leader,
                () -> election.current() instanceof Leadership.Following following
                        && leader.equals(following.leader()));
    }

    private static void awaitCandidates(LeaderElection election, int count) throws Exception {
        Await.until(count + " candidates", () -> election.candidates().size() == count);
    }

    @Test
    void shouldGiveEveryLeaderAGreaterEpochAndReleaseAtOnceInOrder() throws Exception {
        LeaderElection a = candidate("a");
        Leadership.Leading first = awaitLeading(a);
        LeaderElection b = candidate("b");
        awaitFollowing(b, "a");
        assertThat(first.isValid()).isTrue();
        awaitCandidates(a, 2);
        long closing = System.nanoTime();
        a.close();
        assertThat(first.isValid()).isFalse();
        assertThat(a.current()).isEqualTo(new Leadership.Following(null, first.epoch()));
        Leadership.Leading second = awaitLeading(b);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - closing))
                .isLessThan(Ensemble.SESSION.toMillis() / 2); // did not wait for the session's end
        assertThat(second.epoch()).isGreaterThan(first.epoch());
        LastChange change = b.lastChange().orElseThrow();
        assertThat(change.leader()).isEqualTo("b");
        assertThat(change.epoch()).isEqualTo(second.epoch());
        assertThat(change.reason()).isEqualTo("'a' has left");
        assertThat(change.at()).isBetween(Instant.now().minusSeconds(30), Instant.now());
    }

    @Test
    void shouldPreferPriorityThenTheLastLeadersZone() throws Exception {
        LeaderElection a = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("a")
                .zone("north"));
        awaitLeading(a);
        LeaderElection low = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("low")
                .zone("north")
                .priority(-1));
        awaitCandidates(a, 2);
        LeaderElection south = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("south")
                .zone("south"));
        awaitCandidates(a, 3);
        LeaderElection north = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("north")
                .zone("north"));
        for (LeaderElection each : List.of(a, low, south, north)) {
            awaitCandidates(each, 4);
        }
        a.close();
        awaitLeading(north);
        for (LeaderElection each : List.of(low, south)) {
            awaitCandidates(each, 3);
        }
        north.close();
        awaitLeading(south);
    }

    @Test
    void shouldGrowTheEpochOverDeletedZnodesAndTheApplicationsFloor() throws Exception {
        CuratorFramework admin = ensemble.client();
        LeaderElection a = candidate("a");
        Leadership.Leading first = awaitLeading(a);
        a.close();
        admin.delete().deletingChildrenIfNeeded().forPath("/jobs");
        Leadership.Leading second = awaitLeading(candidate("b")); // a new process, which remembers nothing
        assertThat(second.epoch()).isGreaterThan(first.epoch());
        LeaderElection c = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/other")
                .candidate("c")
                .epochFloor(() -> 1L << 60));
        assertThat(awaitLeading(c).epoch()).isGreaterThan(1L << 60);
    }

    /** What a candidate that is to come too late knows, and cannot know yet. */
    private final class Late {
        final CuratorFramework admin = ensemble.client();
        final TcpProxy ofA = ensemble.proxy();
        final LeaderElection a = fast(ensemble.client(ofA.connectString(), Duration.ofSeconds(30)), "a", 0);
        final TcpProxy proxy = ensemble.proxy();
        final CuratorFramework client = ensemble.client(proxy.connectString(), Duration.ofSeconds(30));
        final LeaderElection b;
        final CompletableFuture<Void> answers;

        Late() throws Exception {
            awaitLeading(a);
            b = fast(client, "b", 1);
            awaitFollowing(b, "a");
            awaitCandidates(b, 2);
            Await.until("b watches", () -> LivenessTest.isConnected("handover-election-b-liveness"));
            answers = proxy.holdAnswers();
        }

        private LeaderElection fast(CuratorFramework with, String name, int priority) throws Exception {
            return ensemble.start(LeaderElection.builder(with, "/jobs/billing")
                    .candidate(name)
                    .priority(priority)
                    .fastTakeOver(new InetSocketAddress("127.0.0.1", 0)));
        }

        private long created() throws Exception {
            return admin.checkExists().forPath("/jobs/billing/leader").getCzxid();
        }

        /** Its evidence is true, but c leads meanwhile, by a znode of the same name. */
        void shouldNotDepose(LeaderElection c) throws Exception {
            Leadership.Leading leading = awaitLeading(c);
            long created = created();
            CompletableFuture<Void> tried = proxy.request("the process of 'a' is gone");
            a.close();
            Await.get(tried);
            answers.complete(null);
            client.checkExists().forPath("/jobs"); // answered after what b has tried
            assertThat(created()).as("the leader's znode is the same").isEqualTo(created);
            awaitFollowing(b, "c");
            assertThat(leading.isValid()).isTrue();
            assertThat(c.current()).isEqualTo(leading);
        }
    }

    @Test
    void shouldNotDeposeWhoLeadsMeanwhileWithEvidenceAboutTheOneBefore() throws Exception {
        Late late = new Late();
        LeaderElection c = candidate("c");
        awaitCandidates(late.a, 3);
        Await.get(late.a.transferTo("c"));
        late.shouldNotDepose(c);
    }

    @Test
    void shouldNotDeposeWhoLeadsByZnodesThatWereCreatedAnewWithTheVersionsOfThoseBefore() throws Exception {
        Late late = new Late();
        late.ofA.refuse(true); // else it enters the new ones as well
        late.ofA.cut();
        Await.until("a knows nothing", () -> late.a.current() instanceof Leadership.Unsure);
        late.admin.delete().deletingChildrenIfNeeded().forPath("/jobs/billing");
        late.shouldNotDepose(candidate("c"));
    }

    @Test
    void shouldLoseTheLeadershipWhenItsZnodesAreDeletedAndWinItAgain() throws Exception {
        CuratorFramework admin = ensemble.client();
        LeaderElection a = candidate("a");
        Leadership.Leading first = awaitLeading(a);
        admin.delete().deletingChildrenIfNeeded().forPath("/jobs/billing");
        Await.until("the first leadership is over", () -> !first.isValid());
        Await.until(
                "leads again",
                () -> a.current() instanceof Leadership.Leading leading && leading.epoch() > first.epoch());
    }

    @Test
    void shouldTellListenersEveryState() throws Exception {
        List<Leadership> told = new CopyOnWriteArrayList<>();
        LeaderElection a = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("a")
                .listener(told::add));
        Leadership.Leading leading = awaitLeading(a);
        Await.until("told", () -> told.contains(leading));
        a.close();
        Await.until("told the end", () -> told.get(told.size() - 1)
                .equals(new Leadership.Following(null, leading.epoch())));
    }

    @Test
    void shouldTransferToTheOneThatIsNamed() throws Exception {
        LeaderElection a = candidate("a");
        awaitLeading(a);
        LeaderElection b = candidate("b");
        awaitCandidates(a, 2);
        LeaderElection c = candidate("c"); // stands last by itself
        for (LeaderElection each : List.of(a, b, c)) {
            awaitCandidates(each, 3);
        }
        Await.get(a.transferTo("c"));
        assertThat(awaitLeading(c).isValid()).isTrue();
        awaitFollowing(a, "c");
        assertThat(a.lastChange().orElseThrow().reason()).isEqualTo("'a' has transferred it to 'c'");
        Await.get(c.yield());
        Await.until(
                "another one leads",
                () -> a.current() instanceof Leadership.Leading || b.current() instanceof Leadership.Leading);
    }

    @Test
    void shouldRefuseToGiveItToNobodyAndGoOn() throws Exception {
        LeaderElection a = candidate("a");
        Leadership.Leading leading = awaitLeading(a);
        assertThatThrownBy(() -> Await.get(a.transferTo("z")))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(TransferRefusedException.class)
                .hasMessageContaining("there is no candidate 'z'");
        assertThatThrownBy(() -> Await.get(a.yield())).hasMessageContaining("there is no other candidate");
        LeaderElection b = candidate("b");
        awaitFollowing(b, "a");
        assertThatThrownBy(() -> Await.get(b.yield())).hasMessageContaining("does not lead");
        assertThat(leading.isValid()).isTrue();
    }

    @Test
    void shouldLetNobodyLeadDuringAPause() throws Exception {
        LeaderElection a = candidate("a");
        Leadership.Leading leading = awaitLeading(a);
        LeaderElection b = candidate("b");
        awaitFollowing(b, "a");
        Await.get(b.pause("dba", "index rebuild", Instant.now().plusSeconds(600)));
        assertThat(leading.isValid()).isFalse();
        Await.get(b.pause("ops", "network", Instant.now().plusSeconds(600)));
        assertThat(b.pauses()).extracting(Pause::owner).containsExactlyInAnyOrder("dba", "ops");
        assertThat(b.paused().orElse("")).contains("paused by dba until ", "; paused by ops until ");
        Await.get(a.resume("dba"));
        LeaderElection late = candidate("late"); // it must obey what it has not seen begin
        Await.until("all see it", () -> late.pauses().size() == 1 && b.pauses().size() == 1);
        assertThat(List.of(a, b, late)).noneMatch(each -> each.current() instanceof Leadership.Leading);
        assertThat(b.lastChange().orElseThrow().reason()).isEqualTo("'dba' has paused it: index rebuild");
        Await.get(late.resume("ops"));
        Await.until("somebody leads", () -> List.of(a, b, late).stream()
                .anyMatch(each -> each.current() instanceof Leadership.Leading));
    }

    @Test
    void shouldEndAPauseAtItsExpiry() throws Exception {
        LeaderElection a = candidate("a");
        awaitLeading(a);
        Instant expiry = Instant.now().plusMillis(700);
        Await.get(a.pause("dba", "short", expiry));
        Leadership.Leading again = awaitLeading(a);
        assertThat(again.isValid()).isTrue();
        assertThat(Instant.now()).isAfter(expiry);
    }

    @Test
    void shouldNameWhatIsWrongWithItsOptions() {
        CuratorFramework client = ensemble.client();
        assertThatThrownBy(() -> LeaderElection.builder(client, "/")).hasMessageContaining("/jobs/billing");
        assertThatThrownBy(() -> LeaderElection.builder(client, "jobs")).hasMessageContaining("jobs");
        assertThatThrownBy(() -> LeaderElection.builder(client, "/a").start()).hasMessageContaining("candidate(");
        assertThatThrownBy(() -> LeaderElection.builder(client, "/a").candidate("a/b"))
                .hasMessageContaining("'a/b'");
        assertThatThrownBy(() -> LeaderElection.builder(client, "/a").fastTakeOver(new InetSocketAddress(0)))
                .hasMessageContaining("0.0.0.0");
        client.close();
        assertThatThrownBy(() ->
                        LeaderElection.builder(client, "/a").candidate("a").start())
                .hasMessageContaining("STOPPED");
    }

    @Test
    void shouldCloseTwiceAndLeaveNoThread() throws Exception {
        LeaderElection a = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("threads")
                .fastTakeOver(new InetSocketAddress("127.0.0.1", 0)));
        a.runWhileLeading(leading -> Thread.sleep(60_000));
        awaitLeading(a);
        a.close();
        a.close();
        Await.until("no thread is left", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("handover-election-threads")));
    }
}
