package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;
import static dev.handover.election.zookeeper.Samples.A;
import static dev.handover.election.zookeeper.Samples.GROUP;
import static dev.handover.election.zookeeper.Samples.configuration;
import static dev.handover.election.zookeeper.SecureServer.store;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.Reachability;
import dev.handover.election.LeaderElection;
import dev.handover.leadership.Leadership;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Predicate;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Against ZooKeeper itself with TLS: store, election and a client of one's own; and what is said when something does not fit. */
@Timeout(300)
class ZooKeeperTlsTest {
    private static final String PASSWORD = "secret";
    private static final long SOON_SECONDS = 100;

    @TempDir
    private static Path directory;

    private static SecureServer server;

    @BeforeAll
    static void start() throws Exception {
        server = new SecureServer(directory);
    }

    @AfterAll
    static void stop() throws Exception {
        server.kill();
    }

    private static ZooKeeperTls mutual() throws Exception {
        return ZooKeeperTls.trusting(store("ca"), PASSWORD).key(store("client"), PASSWORD);
    }

    private static String servers() {
        return "127.0.0.1:" + server.port();
    }

    private static <T> T await(BlockingQueue<T> told, Predicate<T> wanted) throws InterruptedException {
        long end = System.nanoTime() + SECONDS.toNanos(SOON_SECONDS);
        T last = null;
        for (T next = told.poll(SOON_SECONDS, SECONDS); next != null && System.nanoTime() - end < 0; ) {
            if (wanted.test(next)) {
                return next;
            }
            last = next;
            next = told.poll(SOON_SECONDS, SECONDS);
        }
        throw new AssertionError("last was " + last);
    }

    @Test
    void shouldServeStoreAndElectionAlsoAfterARestart() throws Exception {
        BlockingQueue<Reachability> reached = new LinkedBlockingQueue<>();
        BlockingQueue<Leadership> led = new LinkedBlockingQueue<>();
        try (ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.builder(servers())
                        .operationTimeout(Duration.ofSeconds(SOON_SECONDS))
                        .tls(mutual())
                        .build();
                LeaderElection election = LeaderElection.builder(servers(), "/jobs/secured")
                        .candidate("a")
                        .sessionTimeout(Duration.ofSeconds(30))
                        .tls(mutual())
                        .listener(led::add)
                        .start();
                CuratorFramework own = CuratorFrameworkFactory.builder()
                        .connectString(servers())
                        .zkClientConfig(mutual().clientConfig())
                        .retryPolicy(new RetryOneTime(100))
                        .build()) {
            assertThat(election.candidate()).isEqualTo("a");
            store.watchReachability(reached::add);
            assertThat(store.compareAndSet(GROUP, NOT_EXISTING, configuration(1, A))
                            .get(SOON_SECONDS, SECONDS))
                    .isInstanceOf(CasOutcome.Applied.class);
            await(led, Leadership.Leading.class::isInstance);
            own.start();
            assertThat(own.blockUntilConnected((int) SOON_SECONDS, SECONDS)).isTrue();
            assertThat(own.checkExists().forPath("/jobs/secured/leader")).isNotNull();

            server.kill();
            await(reached, now -> !now.reachable());
            await(led, Leadership.Unsure.class::isInstance);
            server.start();
            await(reached, Reachability::reachable);
            assertThat(store.read(GROUP)
                            .get(SOON_SECONDS, SECONDS)
                            .orElseThrow()
                            .configuration()
                            .epoch())
                    .isEqualTo(1);
            await(led, Leadership.Leading.class::isInstance);
            assertThatThrownBy(
                            () -> LeaderElection.builder(own, "/jobs/secured").tls(mutual()))
                    .hasMessageContaining("zkClientConfig(ZooKeeperTls.clientConfig())");
        }
    }

    @Test
    void shouldSayWhatDoesNotFit() throws Exception {
        Path data = directory.resolve("plain");
        try (EmbeddedZooKeeper plain =
                        EmbeddedZooKeeper.builder().dataDirectory(data).start();
                Told stranger = new Told(
                        servers(),
                        ZooKeeperTls.trusting(store("other-ca"), PASSWORD).key(store("client"), PASSWORD));
                Told nobody = new Told(servers(), ZooKeeperTls.trusting(store("ca"), PASSWORD));
                Told misnamed = new Told("localhost:" + server.port(), mutual());
                Told without = new Told(servers(), null);
                Told onPlain = new Told(plain.connectString(), mutual())) {
            stranger.expect(
                    "127.0.0.1:" + server.port() + " shows a certificate of no authority in the trust store: add");
            nobody.expect("does not accept this client's certificate, or misses it");
            misnamed.expect("it must name the host in the connect string");
            without.expect("speaks TLS there, and this client does not: set tls(ZooKeeperTls)");
            onPlain.expect("does not speak TLS there: dial its secureClientPort");
            assertThatThrownBy(() -> stranger.store.read(GROUP).get(SOON_SECONDS, SECONDS))
                    .hasMessageContaining("no authority in the trust store");
        }
    }

    @Test
    void shouldTellAnElectionToo() throws Exception {
        BlockingQueue<Leadership> told = new LinkedBlockingQueue<>();
        try (LeaderElection election = LeaderElection.builder(servers(), "/jobs/secured")
                .candidate("b")
                .tls(ZooKeeperTls.trusting(store("other-ca"), PASSWORD))
                .listener(told::add)
                .start()) {
            await(
                    told,
                    now -> now instanceof Leadership.Unsure unsure
                            && unsure.reason().contains("no authority in the trust store"));
            assertThat(election.current()).isInstanceOf(Leadership.Unsure.class);
        }
        assertThat(Thread.getAllStackTraces().keySet().stream().map(Thread::getName))
                .doesNotContain("handover-zookeeper-probe");
    }

    @Test
    void shouldNameTheFileAndTheRemedy() throws Exception {
        Path ca = store("ca");
        Path client = store("client");
        assertThatThrownBy(() -> ZooKeeperTls.trusting(ca, "wrong"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("trust store " + ca + " cannot be used")
                .hasMessageContaining("is the password right");
        assertThatThrownBy(() -> ZooKeeperTls.trusting(client, PASSWORD))
                .hasMessageContaining("has no certificates of authorities: keytool");
        assertThatThrownBy(() -> ZooKeeperTls.trusting(directory.resolve("missing.p12"), PASSWORD))
                .hasMessageContaining("missing.p12 cannot be read");
        Path text = Files.writeString(directory.resolve("text.txt"), "no store");
        assertThatThrownBy(() -> ZooKeeperTls.trusting(text, "")).hasMessageContaining(".p12, .jks or .pem");
        ZooKeeperTls trusting = ZooKeeperTls.trusting(ca, PASSWORD);
        assertThatThrownBy(() -> trusting.key(ca, PASSWORD))
                .hasMessageContaining("has no private key: is it a trust store?");
        assertThatThrownBy(() -> trusting.key(client, "wrong"))
                .hasMessageContaining("key store " + client + " cannot be used");
        assertThat(trusting.toString()).doesNotContain(PASSWORD);
    }

    /** A store, and what is said of its connection. */
    private static final class Told implements AutoCloseable {
        final ZooKeeperConfigurationStore store;
        private final BlockingQueue<Reachability> reached = new LinkedBlockingQueue<>();

        Told(String servers, ZooKeeperTls tls) {
            ZooKeeperConfigurationStore.Builder builder = ZooKeeperConfigurationStore.builder(servers);
            store = tls == null ? builder.build() : builder.tls(tls).build();
            store.watchReachability(reached::add);
        }

        void expect(String detail) throws InterruptedException {
            await(reached, now -> !now.reachable() && now.detail().contains(detail));
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
