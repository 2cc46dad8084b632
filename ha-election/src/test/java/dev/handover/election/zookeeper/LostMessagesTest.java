package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;
import static dev.handover.election.zookeeper.Samples.A;
import static dev.handover.election.zookeeper.Samples.B;
import static dev.handover.election.zookeeper.Samples.GROUP;
import static dev.handover.election.zookeeper.Samples.configuration;
import static dev.handover.election.zookeeper.Samples.member;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.Member;
import dev.handover.coordination.Reachability;
import dev.handover.coordination.VersionedConfiguration;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests and answers that get lost one by one, through a proxy: R10 case by case. */
class LostMessagesTest {
    @TempDir
    static Path directory;

    private static EmbeddedZooKeeper server;
    private static int clusters;

    private TcpProxy proxy;
    private ZooKeeperConfigurationStore store;
    private ZooKeeperConfigurationStore witness;

    @BeforeAll
    static void startServer() throws Exception {
        server = EmbeddedZooKeeper.builder()
                .dataDirectory(directory)
                .tickTime(Duration.ofMillis(100))
                .start();
        server.awaitServing(Duration.ofSeconds(20));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void connect() throws Exception {
        proxy = new TcpProxy(server.clientPort());
        String cluster = "lost-" + clusters++;
        store = ZooKeeperConfigurationStore.builder(proxy.connectString())
                .cluster(cluster)
                .sessionTimeout(Duration.ofMillis(800))
                .operationTimeout(Duration.ofSeconds(15))
                .build();
        witness = ZooKeeperConfigurationStore.builder(server.connectString())
                .cluster(cluster)
                .build();
        Await.get(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A)));
    }

    @AfterEach
    void disconnect() throws Exception {
        store.close();
        witness.close();
        proxy.close();
    }

    @Test
    void shouldFindItsProposalAppliedWhenOnlyTheAnswerWasLost() throws Exception {
        Configuration next = configuration(2, A);
        proxy.loseAnswers(true);
        CompletableFuture<CasOutcome> cas = store.compareAndSet(GROUP, 0, next);
        Await.until("it is stored", () -> epoch() == 2);
        assertThat(cas).isNotDone();
        proxy.loseAnswers(false);
        proxy.cut();
        assertThat(Await.get(cas)).isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(next, 1)));
        assertThat(Await.get(witness.read(GROUP))).contains(new VersionedConfiguration(next, 1));
    }

    @Test
    void shouldFindItsCreationAppliedWhenOnlyTheAnswerWasLost() throws Exception {
        dev.handover.GroupId fresh = dev.handover.GroupId.of("fresh");
        Configuration first = configuration(1, A);
        Await.get(store.recordBoot(fresh, A, 1)); // so that the parents are there
        proxy.loseAnswers(true);
        CompletableFuture<CasOutcome> cas = store.compareAndSet(fresh, NOT_EXISTING, first);
        Await.until("it is stored", () -> Await.get(witness.read(fresh)).isPresent());
        proxy.loseAnswers(false);
        proxy.cut();
        assertThat(Await.get(cas)).isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(first, 0)));
    }

    @Test
    void shouldReportConflictWhenSomebodyWentOnMeanwhile() throws Exception {
        proxy.loseAnswers(true);
        CompletableFuture<CasOutcome> cas = store.compareAndSet(GROUP, 0, configuration(2, A));
        Await.until("it is stored", () -> epoch() == 2);
        Configuration other = configuration(3, B);
        Await.get(witness.compareAndSet(GROUP, 1, other));
        proxy.loseAnswers(false);
        proxy.cut();
        assertThat(Await.get(cas)).isEqualTo(new CasOutcome.Conflict(new VersionedConfiguration(other, 2)));
    }

    @Test
    void shouldSendTheSameAgainWhenTheRequestWasLost() throws Exception {
        Configuration next = configuration(2, A);
        proxy.loseRequests(true);
        CompletableFuture<CasOutcome> cas = store.compareAndSet(GROUP, 0, next);
        Await.until("the request is lost", () -> proxy.lostBytes() > 0);
        proxy.loseRequests(false);
        proxy.cut();
        assertThat(Await.get(cas)).isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(next, 1)));
        assertThat(Await.get(witness.read(GROUP))).contains(new VersionedConfiguration(next, 1));
    }

    @Test
    void shouldNotSendAgainWhatSomebodyElseHasOvertaken() throws Exception {
        proxy.loseRequests(true);
        CompletableFuture<CasOutcome> cas = store.compareAndSet(GROUP, 0, configuration(2, A));
        Await.until("the request is lost", () -> proxy.lostBytes() > 0);
        Configuration other = configuration(2, B);
        Await.get(witness.compareAndSet(GROUP, 0, other));
        proxy.loseRequests(false);
        proxy.cut();
        CasOutcome conflict = new CasOutcome.Conflict(new VersionedConfiguration(other, 1));
        assertThat(Await.get(cas)).isEqualTo(conflict);
        assertThat(Await.get(witness.read(GROUP))).contains(new VersionedConfiguration(other, 1));
    }

    @Test
    void shouldReportDoubtInTimeAndSendNothingLater() throws Exception {
        try (ZooKeeperConfigurationStore hasty = ZooKeeperConfigurationStore.builder(proxy.connectString())
                .cluster("lost-" + (clusters - 1))
                .operationTimeout(Duration.ofMillis(400))
                .build()) {
            Await.get(hasty.read(GROUP));
            proxy.loseRequests(true);
            long start = System.nanoTime();
            CasOutcome outcome = Await.get(hasty.compareAndSet(GROUP, 0, configuration(2, A)));
            assertThat(outcome).isInstanceOf(CasOutcome.InDoubt.class);
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(390), Duration.ofSeconds(3));
            proxy.loseRequests(false);
            proxy.cut();
            Await.until("it is connected again", () -> {
                try {
                    return Await.get(hasty.read(GROUP)).isPresent();
                } catch (java.util.concurrent.ExecutionException e) {
                    return false; // still away
                }
            });
            assertThat(epoch()).isEqualTo(1);
        }
    }

    @Test
    void shouldNotMistakeItsOwnBootRecordForARolledBackVolume() throws Exception {
        Await.get(store.recordBoot(GROUP, A, 4));
        proxy.loseAnswersOnceRequested("bootCounter=5");
        CompletableFuture<Long> boot = store.recordBoot(GROUP, A, 5);
        Await.until("the answer is lost", () -> proxy.lostBytes() > 0);
        proxy.loseAnswers(false);
        proxy.cut();
        assertThat(Await.get(boot)).isEqualTo(4);
        assertThat(Await.get(store.recordBoot(GROUP, A, 5))).isEqualTo(4);
        assertThat(Await.get(witness.recordBoot(GROUP, A, 5))).isEqualTo(5);
    }

    @Test
    void shouldWatchAndAnnounceAgainAfterTheSessionWasLost() throws Exception {
        AtomicReference<List<Member>> members = new AtomicReference<>();
        List<Long> epochs = new CopyOnWriteArrayList<>();
        List<Reachability> reached = new CopyOnWriteArrayList<>();
        AtomicReference<List<Member>> membersSeenByStore = new AtomicReference<>();
        witness.membership().watch(members::set);
        store.membership().watch(membersSeenByStore::set);
        store.watch(GROUP, stored -> epochs.add(stored.configuration().epoch()));
        store.watchReachability(reached::add);
        Await.get(store.membership().announce(member("a", 7101)));
        Await.until("a is there", () -> List.of(member("a", 7101)).equals(members.get()));
        Await.until("the first epoch is seen", () -> epochs.contains(1L));

        proxy.refuse(true);
        proxy.cut();
        Await.until("the session is lost", () -> List.of().equals(members.get()));
        Await.get(witness.compareAndSet(GROUP, 0, configuration(2, B)));
        Await.get(witness.compareAndSet(GROUP, 1, configuration(3, B)));
        Await.get(witness.membership().announce(member("b", 7102)));
        Await.until("unreachable", () -> !reached.get(reached.size() - 1).reachable());
        proxy.refuse(false);

        Await.until("a is there again", () -> List.of(member("a", 7101), member("b", 7102))
                .equals(members.get()));
        Await.until("the last epoch is seen", () -> epochs.contains(3L));
        Await.until("members are seen", () -> List.of(member("a", 7101), member("b", 7102))
                .equals(membersSeenByStore.get()));
        assertThat(reached.get(reached.size() - 1).reachable()).isTrue();
        assertThat(epochs).isSorted().doesNotHaveDuplicates();

        Await.get(witness.compareAndSet(GROUP, 2, configuration(4, B)));
        Await.until("the watch works in the new session", () -> epochs.contains(4L));
    }

    @Test
    void shouldCloseInTimeWhenNobodyAnswers() throws Exception {
        proxy.loseRequests(true);
        CompletableFuture<CasOutcome> cas = store.compareAndSet(GROUP, 0, configuration(2, A));
        long start = System.nanoTime();
        store.close();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(6));
        assertThat(Await.get(cas)).isEqualTo(new CasOutcome.InDoubt("the store is closed"));
    }

    private static long epochOf(VersionedConfiguration stored) {
        return stored.configuration().epoch();
    }

    private long epoch() throws Exception {
        return Await.get(witness.read(GROUP)).map(LostMessagesTest::epochOf).orElse(0L);
    }
}
