package dev.handover.election.zookeeper;

import static dev.handover.coordination.RecordStore.NOT_EXISTING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.coordination.RecordOutcome;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.RecordStoreContract;
import dev.handover.coordination.VersionedRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperRecordsTest extends RecordStoreContract {
    @TempDir
    static Path directory;

    private static EmbeddedZooKeeper server;
    private static int clusters;

    private final List<ZooKeeperConfigurationStore> opened = new ArrayList<>();
    private String cluster;

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
    void anotherCluster() {
        cluster = "records-" + clusters++;
    }

    @AfterEach
    void disconnect() {
        opened.forEach(ZooKeeperConfigurationStore::close);
    }

    @Override
    protected RecordStore connect() {
        return open(server.connectString());
    }

    private RecordStore open(String connectString) {
        ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.builder(connectString)
                .cluster(cluster)
                .sessionTimeout(Duration.ofMillis(800))
                .operationTimeout(Duration.ofSeconds(15))
                .build();
        opened.add(store);
        return store.records();
    }

    @Test
    void shouldFindItsProposalAndItsDeletionDoneWhenOnlyTheAnswerWasLost() throws Exception {
        RecordStore witness = connect();
        try (TcpProxy proxy = new TcpProxy(server.clientPort())) {
            RecordStore store = open(proxy.connectString());
            Await.get(store.compareAndSet("r", NOT_EXISTING, bytes("one")));

            proxy.loseAnswers(true);
            CompletableFuture<RecordOutcome> cas = store.compareAndSet("r", 0, bytes("two"));
            Await.until(
                    "it is stored",
                    () -> Await.get(witness.read("r")).orElseThrow().version() == 1);
            assertThat(cas).isNotDone();
            proxy.loseAnswers(false);
            proxy.cut();
            assertThat(Await.get(cas)).isEqualTo(new RecordOutcome.Applied(1));

            proxy.loseAnswers(true);
            CompletableFuture<RecordOutcome> deletion = store.delete("r", 1);
            Await.until("it is gone", () -> Await.get(witness.read("r")).isEmpty());
            assertThat(deletion).isNotDone();
            proxy.loseAnswers(false);
            proxy.cut();
            assertThat(Await.get(deletion)).isEqualTo(new RecordOutcome.Applied(NOT_EXISTING));
        }
    }

    @Test
    void shouldSeeWhatChangedWhileTheSessionWasLost() throws Exception {
        RecordStore witness = connect();
        Await.get(witness.compareAndSet("r", NOT_EXISTING, bytes("one")));
        try (TcpProxy proxy = new TcpProxy(server.clientPort())) {
            RecordStore store = open(proxy.connectString());
            List<Optional<VersionedRecord>> seen = new CopyOnWriteArrayList<>();
            store.watch("r", seen::add);
            Await.until("it is seen", () -> seen.contains(Optional.of(new VersionedRecord(bytes("one"), 0))));
            proxy.refuse(true);
            proxy.cut();
            Await.get(witness.delete("r", 0));
            proxy.refuse(false);
            Await.until("its end is seen", () -> seen.get(seen.size() - 1).isEmpty());

            proxy.refuse(true);
            proxy.cut();
            Await.get(witness.compareAndSet("r", NOT_EXISTING, bytes("two")));
            proxy.refuse(false);
            Await.until("it is seen", () -> seen.contains(Optional.of(new VersionedRecord(bytes("two"), 0))));
            assertThat(seen).hasSize(3);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
