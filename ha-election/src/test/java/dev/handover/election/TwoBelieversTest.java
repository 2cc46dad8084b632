package dev.handover.election;

import static dev.handover.election.LeaderElectionTest.awaitFollowing;
import static dev.handover.election.LeaderElectionTest.awaitLeading;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.zookeeper.Await;
import dev.handover.election.zookeeper.TcpProxy;
import dev.handover.leadership.Leadership;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.listen.StandardListenerManager;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The known traps of Curator and ZooKeeper, one by one and at random. */
@Timeout(120)
class TwoBelieversTest {
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
    void shouldBeUnsureAtOnceWhenSuspendedAndLeadOnInTheSameSession() throws Exception {
        TcpProxy proxy = ensemble.proxy();
        LeaderElection a = ensemble.candidate(ensemble.client(proxy.connectString(), Duration.ofSeconds(10)), "a");
        Leadership.Leading leading = awaitLeading(a);
        proxy.refuse(true);
        proxy.cut();
        Await.until("unsure", () -> a.current() instanceof Leadership.Unsure);
        assertThat(leading.isValid()).isFalse();
        proxy.refuse(false);
        assertThat(awaitLeading(a)).isEqualTo(leading); // the session was kept, and so the epoch
        assertThat(leading.isValid()).isTrue();
    }

    @Test
    void shouldNotBelieveLongerThanItWasConfirmedThoughNobodySaysSo() throws Exception {
        TcpProxy proxy = ensemble.proxy();
        CuratorFramework silent = withoutEvents(ensemble.client(proxy.connectString(), Ensemble.SESSION));
        LeaderElection a = ensemble.candidate(silent, "a");
        Leadership.Leading leading = awaitLeading(a);
        AtomicBoolean stillValid = new AtomicBoolean();
        LeaderElection b = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("b")
                .listener(told -> {
                    if (told instanceof Leadership.Leading) {
                        stillValid.set(leading.isValid());
                    }
                }));
        Await.until("b follows", () -> b.current() instanceof Leadership.Following);
        proxy.loseRequests(true);
        proxy.loseAnswers(true); // the connection stands and nothing comes: no event at all
        long from = System.nanoTime();
        Await.until("no longer valid", () -> !leading.isValid());
        assertThat(System.nanoTime() - from)
                .isLessThanOrEqualTo(
                        Ensemble.SESSION.dividedBy(2).plusMillis(300).toNanos());
        awaitLeading(b);
        assertThat(stillValid).isFalse();
    }

    @Test
    void shouldNoticeALostZnodeWithoutAnyEvent() throws Exception {
        // the latch's silent drop-out: the znode is gone, the session is well, and the watch fires while nobody is
        // connected
        TcpProxy proxy = ensemble.proxy();
        LeaderElection a =
                ensemble.candidate(withoutEvents(ensemble.client(proxy.connectString(), Duration.ofSeconds(10))), "a");
        Leadership.Leading leading = awaitLeading(a);
        CuratorFramework admin = ensemble.client();
        proxy.refuse(true);
        proxy.cut();
        admin.delete().forPath("/jobs/billing/leader");
        proxy.refuse(false);
        Await.until(
                "leads in a later epoch",
                () -> a.current() instanceof Leadership.Leading again && again.epoch() > leading.epoch());
        assertThat(leading.isValid()).isFalse();
    }

    @Test
    void shouldLookAgainWhenAnAnswerNeverComesThoughTheConnectionStands() throws Exception {
        TcpProxy proxy = ensemble.proxy();
        LeaderElection a = ensemble.candidate(ensemble.client(proxy.connectString(), Ensemble.SESSION), "a");
        Leadership.Leading leading = awaitLeading(a);
        proxy.loseRequests(true);
        Await.until("a round of reads is lost", () -> proxy.lostBytes() > 100); // more than a ping
        proxy.loseRequests(false);
        Await.until("no longer confirmed", () -> !leading.isValid());
        awaitLeading(a);
    }

    @Test
    void shouldNotBelieveARoundOfReadsThatBeganBeforeItGaveTheLeadershipAway() throws Exception {
        TcpProxy proxy = ensemble.proxy();
        List<Leadership> told = new CopyOnWriteArrayList<>();
        LeaderElection a = ensemble.start(
                LeaderElection.builder(ensemble.client(proxy.connectString(), Duration.ofSeconds(30)), "/jobs/billing")
                        .candidate("a")
                        .listener(told::add));
        Leadership.Leading leading = awaitLeading(a);
        ensemble.candidate(ensemble.client(), "b");
        Await.until("a knows b", () -> a.candidates().size() == 2);
        CuratorFramework admin = ensemble.client();
        CompletableFuture<CompletableFuture<Void>> held =
                proxy.holdAnswersOnce("/jobs/billing/candidates", () -> candidates(admin) == 3);
        ensemble.candidate(ensemble.client(), "c"); // new to the round: it reads about c after all the rest
        CompletableFuture<Void> answers = held.get(20, TimeUnit.SECONDS); // it was asked who leads, and who is there
        CompletableFuture<Void> given = proxy.request("has yielded");
        CompletableFuture<Void> yielded = a.yield();
        given.get(20, TimeUnit.SECONDS);
        assertThat(leading.isValid()).isFalse();
        answers.complete(null); // the round; then the transaction; then what the round asked about c
        yielded.get(10, TimeUnit.SECONDS);
        Await.until("another one leads", () -> a.current() instanceof Leadership.Following now && now.leader() != null);
        List<Leadership> all = List.copyOf(told); // more may be told meanwhile
        assertThat(all.subList(all.indexOf(leading) + 1, all.size())).doesNotContain(leading);
    }

    @Test
    void shouldNotTakeTheZnodeOfItsFormerSessionForItsOwn() throws Exception {
        CuratorFramework client = ensemble.client();
        LeaderElection a = ensemble.candidate(client, "a");
        Leadership.Leading leading = awaitLeading(a);
        client.getZookeeperClient().getZooKeeper().getTestable().injectSessionExpiration();
        Await.until("over", () -> !leading.isValid());
        Await.until(
                "leads in a later epoch",
                () -> a.current() instanceof Leadership.Leading again && again.epoch() > leading.epoch());
        assertThat(leading.isValid()).isFalse();
        Await.until("stands once", () -> a.candidates().size() == 1);
    }

    /** The price of the fast take-over: a firewall that rejects while the leader is well makes another leader. Nothing but the watch tells the first one. */
    @Test
    void shouldLearnByItsWatchThatItWasDeposedThoughItIsWell() throws Exception {
        Duration session =
                Duration.ofMinutes(5); // it looks by itself, and doubts by itself, much later than the test waits
        InetSocketAddress any = new InetSocketAddress("127.0.0.1", 0);
        LeaderElection a = ensemble.start(
                LeaderElection.builder(ensemble.client(ensemble.connectString(), session), "/jobs/billing")
                        .candidate("a")
                        .fastTakeOver(any));
        Leadership.Leading leading = awaitLeading(a);
        CountDownLatch interrupted = new CountDownLatch(1);
        a.runWhileLeading(now -> {
            try {
                new CountDownLatch(1).await();
            } finally {
                interrupted.countDown();
            }
        });
        LeaderElection b = ensemble.start(
                LeaderElection.builder(ensemble.client(ensemble.connectString(), session), "/jobs/billing")
                        .candidate("b")
                        .fastTakeOver(any));
        Await.until("b watches", () -> LivenessTest.isConnected("handover-election-b-liveness"));
        assertThat(leading.isValid()).isTrue();
        a.liveness().close();
        assertThat(awaitLeading(b).epoch()).isGreaterThan(leading.epoch());
        awaitFollowing(a, "b");
        assertThat(leading.isValid()).isFalse();
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(a.lastChange().orElseThrow().reason()).isEqualTo("the process of 'a' is gone");
    }

    @Test
    void shouldNeverHaveTwoBelieversWhateverIsCut() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<TcpProxy> proxies = new ArrayList<>();
        List<LeaderElection> candidates = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            TcpProxy proxy = ensemble.proxy();
            proxies.add(proxy);
            candidates.add(ensemble.candidate(ensemble.client(proxy.connectString(), Duration.ofMillis(600)), name));
        }
        AtomicReference<String> finding = new AtomicReference<>();
        AtomicBoolean done = new AtomicBoolean();
        Thread checker = new Thread(() -> {
            while (!done.get()) {
                List<Leadership> all =
                        candidates.stream().map(LeaderElection::current).toList();
                for (Leadership one : all) {
                    for (Leadership other : all) {
                        if (one != other
                                && one instanceof Leadership.Leading first
                                && other instanceof Leadership.Leading second
                                && first.isValid()
                                && second.isValid()
                                && first.isValid()) { // valid before and after: valid together
                            finding.set("seed " + seed + ": " + all);
                        }
                    }
                }
                LockSupport.parkNanos(50_000); // leaves the processor to those it looks at
            }
        });
        checker.setDaemon(true);
        checker.start();
        try {
            faults(random, proxies, candidates);
        } finally {
            done.set(true);
            checker.join();
        }
        assertThat(finding.get()).isNull();
    }

    private static int candidates(CuratorFramework client) {
        try {
            return client.getChildren().forPath("/jobs/billing/candidates").size();
        } catch (Exception e) {
            throw new IllegalStateException("cannot count the candidates", e);
        }
    }

    /** Until the leadership has changed a few times. */
    private static void faults(Random random, List<TcpProxy> proxies, List<LeaderElection> candidates)
            throws Exception {
        long epoch = 0;
        int changes = 0;
        for (int fault = 0; fault < 16 || changes < 3; fault++) { // bounded by the test's time-out
            int leader = Math.max(0, leader(candidates));
            TcpProxy victim = proxies.get(random.nextInt(4) == 0 ? random.nextInt(3) : leader);
            switch (random.nextInt(4)) {
                case 0 -> victim.cut();
                case 1 -> victim.loseAnswers(true);
                case 2 -> victim.loseRequests(true);
                default -> {
                    victim.refuse(true);
                    victim.cut();
                }
            }
            Thread.sleep(random.nextInt(1300)); // the pace of the faults; what is checked does not depend on it
            victim.loseAnswers(false);
            victim.loseRequests(false);
            victim.refuse(false);
            if (random.nextBoolean()) {
                victim.cut(); // what was lost on the way makes nonsense of the stream
            }
            long before = epoch;
            Await.until("somebody leads", () -> leader(candidates) >= 0);
            for (LeaderElection each : candidates) {
                if (each.current() instanceof Leadership.Leading leading) {
                    epoch = Math.max(epoch, leading.epoch());
                }
            }
            changes += epoch > before ? 1 : 0;
        }
    }

    private static int leader(List<LeaderElection> candidates) {
        for (int i = 0; i < candidates.size(); i++) {
            if (candidates.get(i).current() instanceof Leadership.Leading) {
                return i;
            }
        }
        return -1;
    }

    /** The client as it is, except that it drops every event of its connection. */
    private static CuratorFramework withoutEvents(CuratorFramework client) {
        StandardListenerManager<ConnectionStateListener> nobody = StandardListenerManager.standard();
        return (CuratorFramework) Proxy.newProxyInstance(
                CuratorFramework.class.getClassLoader(),
                new Class<?>[] {CuratorFramework.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnectionStateListenable")) {
                        return nobody;
                    }
                    try {
                        return method.invoke(client, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
