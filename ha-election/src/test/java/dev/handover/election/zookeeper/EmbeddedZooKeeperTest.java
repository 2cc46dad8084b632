package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;
import static dev.handover.election.zookeeper.Samples.A;
import static dev.handover.election.zookeeper.Samples.GROUP;
import static dev.handover.election.zookeeper.Samples.configuration;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.coordination.CasOutcome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.apache.zookeeper.util.ServiceUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedZooKeeperTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    @Test
    void shouldStopCompletelyAndStartAgainOnTheSameDirectoryAndPort() throws Exception {
        int port = 0;
        for (int round = 0; round < 3; round++) {
            try (EmbeddedZooKeeper server = EmbeddedZooKeeper.builder()
                    .dataDirectory(directory)
                    .clientAddress("127.0.0.1", port)
                    .start()) {
                server.awaitServing(LIMIT);
                port = server.clientPort();
                assertThat(server.connectString()).isEqualTo("127.0.0.1:" + port);
                try (ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.connect(server.connectString())) {
                    CasOutcome outcome = Await.get(store.compareAndSet(
                            GROUP, round == 0 ? NOT_EXISTING : round - 1, configuration(round + 1, A)));
                    assertThat(outcome).isInstanceOf(CasOutcome.Applied.class);
                }
                stop(server);
                stop(server);
                assertThat(server.termination()).isCompleted();
                assertThat(server.isServing()).isFalse();
                assertThat(threadsOfServers()).isEmpty();
                assertThatThrownBy(() -> dial(server.clientPort())).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void shouldRunTwoServersInOneJvmButNotOnOneDirectory() throws Exception {
        try (EmbeddedZooKeeper one = EmbeddedZooKeeper.builder()
                        .dataDirectory(directory.resolve("1"))
                        .start();
                EmbeddedZooKeeper two = EmbeddedZooKeeper.builder()
                        .dataDirectory(directory.resolve("2"))
                        .start()) {
            one.awaitServing(LIMIT);
            two.awaitServing(LIMIT);
            assertThatThrownBy(() -> EmbeddedZooKeeper.builder()
                            .dataDirectory(directory.resolve("1"))
                            .start())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(directory.resolve("1").toString());
            assertThatThrownBy(() -> EmbeddedZooKeeper.builder()
                            .dataDirectory(directory.resolve("3"))
                            .clientAddress("127.0.0.1", one.clientPort())
                            .start())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(String.valueOf(one.clientPort()));
            stop(one);
            try (ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.connect(two.connectString())) {
                assertThat(Await.get(store.read(GROUP))).isEmpty();
            }
        }
        assertThat(threadsOfServers()).isEmpty();
    }

    @Test
    void shouldLeaveToTheApplicationWhatItDoesWithThreadsThatDie() throws Exception {
        try (EmbeddedZooKeeper server =
                EmbeddedZooKeeper.builder().dataDirectory(directory).start()) {
            server.awaitServing(LIMIT);
            Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
            assertThat(handler == null ? "" : handler.getClass().getName()).doesNotContain("zookeeper");
        }
    }

    @Test
    void shouldTellInsteadOfEndingTheJvm() throws Exception {
        try (EmbeddedZooKeeper victim = EmbeddedZooKeeper.builder()
                        .dataDirectory(directory.resolve("1"))
                        .start();
                EmbeddedZooKeeper other = EmbeddedZooKeeper.builder()
                        .dataDirectory(directory.resolve("2"))
                        .start()) {
            victim.awaitServing(LIMIT);
            other.awaitServing(LIMIT);
            Thread exiting = new Thread(victim.threadGroup(), () -> ServiceUtils.requestSystemExit(10));
            exiting.start();
            assertThatThrownBy(() -> Await.get(victim.termination()))
                    .cause()
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("exit code 10");
            assertThatThrownBy(() -> dial(victim.clientPort())).isInstanceOf(IOException.class);
            assertThat(other.isServing()).isTrue();
            ServiceUtils.requestSystemExit(11); // from a thread of nobody: this test goes on
            assertThat(other.isServing()).isTrue();
        }
    }

    @Test
    void shouldTellWhenAThreadThatItNeedsHasDied() throws Exception {
        try (EmbeddedZooKeeper victim =
                EmbeddedZooKeeper.builder().dataDirectory(directory).start()) {
            victim.awaitServing(LIMIT);
            threadsOfServers().stream()
                    .filter(thread -> thread.getName().startsWith("SyncThread"))
                    .findFirst()
                    .orElseThrow()
                    .interrupt(); // it writes the log, and takes an interrupt as badly as a full disk
            assertThatThrownBy(() -> Await.get(victim.termination()))
                    .cause()
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("a thread of the server has failed")
                    .hasMessageContaining(directory.toString());
            assertThat(victim.isServing()).isFalse();
        }
        try (EmbeddedZooKeeper again =
                EmbeddedZooKeeper.builder().dataDirectory(directory).start()) {
            again.awaitServing(LIMIT);
        }
    }

    @Test
    void shouldServeWithTwoOfThreeAndNotWithOne() throws Exception {
        List<EnsembleMember> members = EnsembleOfThree.members();
        List<EmbeddedZooKeeper> servers = new ArrayList<>();
        try {
            servers.add(start(members, 1));
            assertThatThrownBy(() -> servers.get(0).awaitServing(Duration.ofMillis(300)))
                    .isInstanceOf(TimeoutException.class)
                    .hasMessageContaining("more than half");
            assertThat(servers.get(0).isServing()).isFalse();
            servers.add(start(members, 2));
            servers.add(start(members, 3));
            for (EmbeddedZooKeeper server : servers) {
                server.awaitServing(LIMIT);
            }
            try (ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.builder(
                            servers.get(0).connectString())
                    .operationTimeout(LIMIT)
                    .build()) {
                assertThat(Await.get(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A))))
                        .isInstanceOf(CasOutcome.Applied.class);
                servers.get(1).close();
                assertThat(Await.get(store.compareAndSet(GROUP, 0, configuration(2, A))))
                        .isInstanceOf(CasOutcome.Applied.class);
                servers.set(1, start(members, 2));
                servers.get(1).awaitServing(LIMIT);
                servers.get(2).close();
                assertThat(Await.get(store.compareAndSet(GROUP, 1, configuration(3, A))))
                        .isInstanceOf(CasOutcome.Applied.class);
                servers.get(0).close();
                Await.until("the last one does not serve alone", () -> !servers.get(1)
                        .isServing());
            }
        } finally {
            servers.forEach(EmbeddedZooKeeper::close);
        }
        assertThat(threadsOfServers()).isEmpty();
    }

    @Test
    void shouldRefuseBadOptions() throws Exception {
        assertThatThrownBy(() -> EmbeddedZooKeeper.builder().start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("dataDirectory");
        assertThatThrownBy(() -> EmbeddedZooKeeper.builder()
                        .dataDirectory(directory)
                        .tickTime(Duration.ZERO)
                        .start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT0S");
        assertThatThrownBy(() -> EmbeddedZooKeeper.builder()
                        .dataDirectory(directory)
                        .ensemble(4, EnsembleOfThree.members())
                        .start())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("own id 4");
        assertThatThrownBy(() -> EnsembleMember.of(1, "127.0.0.1", 0, 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("port 0");
        try (EmbeddedZooKeeper first = start(EnsembleOfThree.members(), 1)) {
            assertThat(first.termination()).isNotDone();
        }
        List<EnsembleMember> members = EnsembleOfThree.members();
        assertThatThrownBy(() -> EmbeddedZooKeeper.builder()
                        .dataDirectory(directory.resolve("1"))
                        .ensemble(2, members)
                        .start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("belongs to server id '1'");
    }

    private EmbeddedZooKeeper start(List<EnsembleMember> members, int id) throws IOException {
        return EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve(String.valueOf(id)))
                .ensemble(id, members)
                .tickTime(Duration.ofMillis(200))
                .start();
    }

    /** Where the compiler would warn of a close within try-with-resources: closing twice is what is tested. */
    private static void stop(EmbeddedZooKeeper server) {
        server.close();
    }

    private static void dial(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
        }
    }

    private static List<Thread> threadsOfServers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getThreadGroup() != null
                        && thread.getThreadGroup().getName().startsWith("embedded-zookeeper-"))
                .toList();
    }
}
