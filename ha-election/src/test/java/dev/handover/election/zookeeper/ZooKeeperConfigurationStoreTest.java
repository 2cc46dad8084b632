package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;
import static dev.handover.election.zookeeper.Samples.A;
import static dev.handover.election.zookeeper.Samples.B;
import static dev.handover.election.zookeeper.Samples.GROUP;
import static dev.handover.election.zookeeper.Samples.configuration;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Reachability;
import dev.handover.coordination.VersionedConfiguration;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.zookeeper.ZooKeeper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperConfigurationStoreTest {
    @TempDir
    static Path directory;

    private static EmbeddedZooKeeper server;
    private static int clusters;

    private String cluster;
    private ZooKeeperConfigurationStore store;

    @BeforeAll
    static void startServer() throws Exception {
        server = EmbeddedZooKeeper.builder().dataDirectory(directory).start();
        server.awaitServing(Duration.ofSeconds(20));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void connect() {
        cluster = "test/cluster-" + clusters++;
        store = open();
    }

    @AfterEach
    void disconnect() {
        store.close();
    }

    private ZooKeeperConfigurationStore open() {
        return ZooKeeperConfigurationStore.builder(server.connectString())
                .cluster(cluster)
                .build();
    }

    @Test
    void shouldCreateChangeAndRead() throws Exception {
        assertThat(Await.get(store.read(GROUP))).isEmpty();
        Configuration first = configuration(1, A);
        CasOutcome created = Await.get(store.compareAndSet(GROUP, NOT_EXISTING, first));
        assertThat(created).isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(first, 0)));
        Configuration second = configuration(2, B);
        assertThat(Await.get(store.compareAndSet(GROUP, 0, second)))
                .isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(second, 1)));
        assertThat(Await.get(store.read(GROUP))).contains(new VersionedConfiguration(second, 1));
        assertThat(Await.get(store.read(GroupId.of("other")))).isEmpty();
    }

    @Test
    void shouldTellTheWinnerOnConflict() throws Exception {
        Configuration first = configuration(1, A);
        Configuration other = configuration(1, B);
        Await.get(store.compareAndSet(GROUP, NOT_EXISTING, first));
        CasOutcome conflict = new CasOutcome.Conflict(new VersionedConfiguration(first, 0));
        assertThat(Await.get(store.compareAndSet(GROUP, NOT_EXISTING, other))).isEqualTo(conflict);
        assertThat(Await.get(store.compareAndSet(GROUP, 7, other))).isEqualTo(conflict);
        assertThat(Await.get(store.compareAndSet(GroupId.of("none"), 7, other)))
                .isEqualTo(new CasOutcome.Conflict(null));
    }

    @Test
    void shouldRecognizeItsOwnProposalWhenItIsProposedAgain() throws Exception {
        Configuration first = configuration(1, A);
        Configuration second = configuration(2, B);
        Await.get(store.compareAndSet(GROUP, NOT_EXISTING, first));
        assertThat(Await.get(store.compareAndSet(GROUP, NOT_EXISTING, first)))
                .isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(first, 0)));
        Await.get(store.compareAndSet(GROUP, 0, second));
        assertThat(Await.get(store.compareAndSet(GROUP, 0, second)))
                .isEqualTo(new CasOutcome.Applied(new VersionedConfiguration(second, 1)));
    }

    @Test
    void shouldLetExactlyOneOfManyWritersWinEachVersion() throws Exception {
        try (ZooKeeperConfigurationStore other = open()) {
            Await.get(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A)));
            for (int version = 0; version < 20; version++) {
                CompletableFuture<CasOutcome> one = store.compareAndSet(GROUP, version, configuration(version + 2, A));
                CompletableFuture<CasOutcome> two = other.compareAndSet(GROUP, version, configuration(version + 2, B));
                List<CasOutcome> outcomes = List.of(Await.get(one), Await.get(two));
                assertThat(outcomes)
                        .filteredOn(CasOutcome.Applied.class::isInstance)
                        .hasSize(1);
                VersionedConfiguration winner = outcomes.stream()
                        .filter(CasOutcome.Applied.class::isInstance)
                        .map(outcome -> ((CasOutcome.Applied) outcome).stored())
                        .findFirst()
                        .orElseThrow();
                assertThat(outcomes).contains(new CasOutcome.Conflict(winner));
            }
        }
    }

    @Test
    void shouldWatchInOrderFromTheBeginningAndUntilClosed() throws Exception {
        List<Long> seen = new CopyOnWriteArrayList<>();
        Registration registration =
                store.watch(GROUP, stored -> seen.add(stored.configuration().epoch()));
        try (ZooKeeperConfigurationStore writer = open()) {
            Await.get(writer.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A)));
            Await.until("the first configuration is seen", () -> seen.contains(1L));
            for (int version = 0; version < 50; version++) {
                Await.get(writer.compareAndSet(GROUP, version, configuration(version + 2, A)));
            }
            Await.until("the last configuration is seen", () -> seen.contains(51L));
            assertThat(seen).isSorted().doesNotHaveDuplicates();

            List<Long> late = new CopyOnWriteArrayList<>();
            store.watch(GROUP, stored -> late.add(stored.configuration().epoch()));
            Await.until("a late listener gets what is there", () -> late.contains(51L));

            registration.close();
            registration.close();
            int before = seen.size();
            Await.get(writer.compareAndSet(GROUP, 50, configuration(52, A)));
            Await.until("the other listener is still served", () -> late.contains(52L));
            assertThat(seen).hasSize(before);
        }
    }

    @Test
    void shouldGoOnDeliveringWhenAListenerFails() throws Exception {
        List<Long> seen = new CopyOnWriteArrayList<>();
        store.watch(GROUP, stored -> {
            seen.add(stored.configuration().epoch());
            throw new IllegalStateException("thrown by the test");
        });
        Await.get(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A)));
        Await.until("first", () -> seen.contains(1L));
        Await.get(store.compareAndSet(GROUP, 0, configuration(2, A)));
        Await.until("second", () -> seen.contains(2L));
    }

    @Test
    void shouldNamePathContentAndRemedyWhenContentCannotBeRead() throws Exception {
        Await.get(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A)));
        String path = "/" + cluster + "/groups/orders/config";
        ZooKeeper raw = new ZooKeeper(server.connectString(), 10_000, event -> {});
        try {
            raw.setData(path, "format=2\nnews=yes\n".getBytes(StandardCharsets.UTF_8), -1);
        } finally {
            raw.close();
        }
        assertThatThrownBy(() -> Await.get(store.read(GROUP)))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(IOException.class)
                .hasMessageContaining(path)
                .hasMessageContaining("news=yes")
                .hasMessageContaining("format is 2")
                .hasMessageContaining("upgrade this node");
        assertThatThrownBy(() -> Await.get(store.compareAndSet(GROUP, 0, configuration(2, A))))
                .cause()
                .isInstanceOf(IOException.class)
                .hasMessageContaining(path);
    }

    @Test
    void shouldRecordBootsPerIdentity() throws Exception {
        assertThat(Await.get(store.recordBoot(GROUP, A, 1))).isZero();
        try (ZooKeeperConfigurationStore nextProcess = open()) {
            assertThat(Await.get(nextProcess.recordBoot(GROUP, A, 2))).isEqualTo(1);
            assertThat(Await.get(nextProcess.recordBoot(GROUP, A, 2)))
                    .as("repeated by the same process")
                    .isEqualTo(1);
        }
        assertThat(Await.get(store.recordBoot(GROUP, A, 2)))
                .as("rolled back by one")
                .isEqualTo(2);
        assertThat(Await.get(store.recordBoot(GROUP, A, 3)))
                .as("the refused start has raised the counter on disk, and its supervisor starts it again")
                .isEqualTo(ConfigurationStore.CONDEMNED);
        ReplicaId wiped = new ReplicaId(NodeId.of("a"), UUID.randomUUID());
        assertThat(Await.get(store.recordBoot(GROUP, wiped, 1))).as("new log").isZero();
        assertThat(Await.get(store.recordBoot(GROUP, A, 9)))
                .as("refused for good")
                .isEqualTo(ConfigurationStore.CONDEMNED);
        assertThat(Await.get(store.recordBoot(GroupId.of("other"), A, 1))).isZero();
    }

    @Test
    void shouldGiveEachOfManyBootsADifferentPredecessor() throws Exception {
        List<ZooKeeperConfigurationStore> stores = new ArrayList<>();
        try {
            List<CompletableFuture<Long>> answers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                stores.add(open());
                answers.add(stores.get(i).recordBoot(GROUP, A, 1));
            }
            int accepted = 0;
            for (CompletableFuture<Long> answer : answers) {
                accepted += Await.get(answer) == 0 ? 1 : 0;
            }
            assertThat(accepted).as("a volume copied eight times starts once").isEqualTo(1);
        } finally {
            stores.forEach(ZooKeeperConfigurationStore::close);
        }
    }

    @Test
    void shouldNeitherBlockNorFailWhenZooKeeperIsNotThere() throws Exception {
        int port;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        List<Reachability> reached = new CopyOnWriteArrayList<>();
        long start = System.nanoTime();
        ZooKeeperConfigurationStore away = ZooKeeperConfigurationStore.builder("127.0.0.1:" + port)
                .operationTimeout(Duration.ofMillis(300))
                .build();
        try (away) {
            away.watchReachability(reached::add);
            CompletableFuture<CasOutcome> cas = away.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A));
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isLessThan(2000);
            assertThat(Await.get(cas)).isInstanceOf(CasOutcome.InDoubt.class);
            assertThatThrownBy(() -> Await.get(away.read(GROUP)))
                    .cause()
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("127.0.0.1:" + port)
                    .hasMessageContaining("300 ms");
            Await.until("told", () -> !reached.isEmpty());
            assertThat(reached).allMatch(told -> !told.reachable());
        }
    }

    @Test
    void shouldNotWaitForTheNameOfAServer() throws Exception {
        long start = System.nanoTime();
        try (ZooKeeperConfigurationStore nowhere = ZooKeeperConfigurationStore.builder("no-such-host.invalid:2181")
                .operationTimeout(Duration.ofMillis(200))
                .build()) {
            CompletableFuture<CasOutcome> cas = nowhere.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A));
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)).isLessThan(2000);
            assertThat(Await.get(cas)).isInstanceOf(CasOutcome.InDoubt.class);
        }
    }

    @Test
    void shouldTellThatItIsReachable() throws Exception {
        List<Reachability> reached = new CopyOnWriteArrayList<>();
        store.watchReachability(reached::add);
        Await.until("reachable", () -> reached.stream().anyMatch(Reachability::reachable));
        assertThat(reached.get(reached.size() - 1).detail()).contains(server.connectString());
    }

    @Test
    void shouldCompleteEverythingAndEndItsThreadsOnClose() throws Exception {
        Await.get(store.read(GROUP));
        CompletableFuture<Void> never = store.membership().announce(Samples.member("a", 7101));
        store.close();
        store.close();
        assertThatThrownBy(() -> Await.get(store.read(GROUP)))
                .cause()
                .isInstanceOf(IOException.class)
                .hasMessageContaining("closed");
        assertThat(Await.get(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A))))
                .isEqualTo(new CasOutcome.InDoubt("the store is closed"));
        Await.until("the announcement is over", never::isDone);
        Await.until("no client thread is left", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.isAlive()
                        && (thread.getName().equals("handover-zookeeper")
                                || thread.getName().contains("-SendThread(")
                                || thread.getName().endsWith("-EventThread"))));
    }

    @Test
    void shouldBeClosedFromItsOwnListener() throws Exception {
        CompletableFuture<Void> closed = new CompletableFuture<>();
        store.watch(GROUP, stored -> {
            store.close();
            closed.complete(null);
        });
        try (ZooKeeperConfigurationStore writer = open()) {
            Await.get(writer.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A)));
            closed.get(3, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldRefuseBadOptions() {
        for (String bad :
                List.of("", "zk1", "zk1:", ":2181", "zk1:2181,", "zk1:0", "zk1:65536", "zk1:2181/app", "a:-1")) {
            assertThatThrownBy(() -> ZooKeeperConfigurationStore.connect(bad))
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + bad + "'");
        }
        for (String bad : List.of("", "/", "/a", "a/", "a//b", ".", "a b", "zookeeper")) {
            assertThatThrownBy(() -> ZooKeeperConfigurationStore.builder("zk1:2181")
                            .cluster(bad)
                            .build())
                    .as(bad)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + bad + "'");
        }
        assertThatThrownBy(() -> ZooKeeperConfigurationStore.builder("zk1:2181")
                        .operationTimeout(Duration.ZERO)
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT0S");
        assertThatThrownBy(() -> store.compareAndSet(GROUP, -2, configuration(1, A)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-2");
        assertThatThrownBy(() -> store.recordBoot(GROUP, A, 0)).isInstanceOf(IllegalArgumentException.class);
    }
}
