package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.LeaderElection;
import dev.handover.leadership.Leadership;
import dev.handover.replication.ReplicatedLog;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.apache.zookeeper.server.ZooKeeperServerMain;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.ssl.DefaultSslBundleRegistry;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** {@code handover.zookeeper.ssl.bundle}: TLS to ZooKeeper with what an SSL bundle of Spring Boot says. */
@Timeout(120)
@ExtendWith(OutputCaptureExtension.class)
class ZooKeeperBundleTest {
    private static final String NAMED = "handover.zookeeper.ssl.bundle=zk";
    private static final String BUNDLE = "spring.ssl.bundle.pem.zk.";

    @TempDir
    Path directory;

    private ApplicationContextRunner application(String zooKeeper, String... more) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, HandoverAutoConfiguration.class))
                .withPropertyValues(
                        "handover.zookeeper.connect-string=" + zooKeeper,
                        "handover.node-id=a",
                        "handover.data-directory=" + directory.resolve("a"),
                        "handover.join=start",
                        "handover.transport.host=127.0.0.1",
                        "handover.transport.port=0",
                        "handover.election.path=/jobs/secured",
                        "handover.groups.words=words")
                .withPropertyValues(more)
                .withBean("words", Words.class);
    }

    /** Of somebody who trusts the authority in this file, and shows {@code a}'s certificate. */
    private static SslBundle trusting(String authority) {
        return SslBundle.of(new PemSslStoreBundle(
                PemSslStoreDetails.forCertificate("classpath:tls/a.crt").withPrivateKey("classpath:tls/a.key"),
                PemSslStoreDetails.forCertificate("classpath:tls/" + authority + ".crt")));
    }

    @Test
    void shouldServeNodeAndElectionOnceTheBundleFits(CapturedOutput output) throws Exception {
        int port;
        try (ServerSocket unused = new ServerSocket(0)) {
            port = unused.getLocalPort();
        }
        Process zooKeeper = zooKeeper(port);
        Path[] files = new Path[1];
        try {
            application(
                            "127.0.0.1:" + port,
                            NAMED,
                            BUNDLE + "keystore.certificate=classpath:tls/a.crt",
                            BUNDLE + "keystore.private-key=classpath:tls/a.key",
                            BUNDLE + "truststore.certificate=classpath:tls/b.crt")
                    .run(context -> {
                        assertThat(context).hasNotFailed();
                        files[0] = context.getBean(ZooKeeperBundle.class).directory();
                        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(files[0])))
                                .isEqualTo("rwx------");
                        Await.until("told what is wrong", () -> output.getAll()
                                .contains("127.0.0.1:" + port
                                        + " shows a certificate of no authority in the trust store"));

                        context.getBean(SslBundleRegistry.class).updateBundle("zk", trusting("zookeeper"));
                        ReplicatedLog log = context.getBean(ReplicatedLog.class);
                        log.awaitInSync(Duration.ofSeconds(30)).get(30, SECONDS);
                        assertThat(log.submit("one".getBytes(UTF_8)).get(20, SECONDS))
                                .isEqualTo("one".getBytes(UTF_8));
                        LeaderElection election = context.getBean(LeaderElection.class);
                        Await.until("leads", () -> election.current() instanceof Leadership.Leading);
                    });
        } finally {
            zooKeeper.destroyForcibly();
            assertThat(zooKeeper.waitFor(20, SECONDS)).isTrue();
        }
        assertThat(files[0]).doesNotExist();
    }

    /** ZooKeeper itself, which is spoken to over TLS only, and asks for a certificate. */
    private Process zooKeeper(int port) throws Exception {
        Path tls = Path.of(getClass().getResource("/tls/zookeeper.crt").toURI()).getParent();
        Path own = Files.writeString(
                directory.resolve("zookeeper.pem"),
                Files.readString(tls.resolve("zookeeper.crt")) + Files.readString(tls.resolve("zookeeper.key")));
        Path clients = Files.copy(tls.resolve("ca.crt"), directory.resolve("ca.pem"));
        Path settings = Files.writeString(
                directory.resolve("zoo.cfg"),
                """
                tickTime=100
                dataDir=%s
                secureClientPort=%d
                secureClientPortAddress=127.0.0.1
                serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory
                ssl.keyStore.location=%s
                ssl.trustStore.location=%s
                admin.enableServer=false
                """
                        .formatted(directory.resolve("zookeeper"), port, own, clients));
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        ZooKeeperServerMain.class.getName(),
                        settings.toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("zookeeper.log").toFile())
                .start();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
        zk    | "a=b"                                | the SSL bundle 'zk' has no trust store        | authority of the other side's certificates
        other | "a=b"                                | there is no SSL bundle 'other', but [zk]      | spring.ssl.bundle.pem.other.keystore.certificate
        ""    | "a=b"                                | is empty                                      | leave the property out
        zk    | "handover.zookeeper.embedded=true"   | is 'zk' beside handover.zookeeper.embedded=true | has no TLS and listens on loopback
        """)
    void shouldNameTheKeyAndTheRemedy(String name, String more, String problem, String remedy) {
        ApplicationContextRunner runner = application(
                "127.0.0.1:1",
                "handover.zookeeper.ssl.bundle=" + name,
                BUNDLE + "keystore.certificate=classpath:tls/a.crt",
                BUNDLE + "keystore.private-key=classpath:tls/a.key",
                more);
        if (more.contains("embedded")) {
            runner = runner.withPropertyValues("handover.zookeeper.connect-string:");
        }
        runner.run(context -> assertThat(SslBundleTest.rootOf(context.getStartupFailure()))
                .isInstanceOf(InvalidPropertyException.class)
                .hasMessageContaining("handover.zookeeper.ssl.bundle: " + problem)
                .hasMessageContaining(remedy));
    }

    @Test
    void shouldRefuseAKeyStoreWithoutAKey() {
        application(
                        "127.0.0.1:1",
                        NAMED,
                        BUNDLE + "keystore.certificate=classpath:tls/a.crt",
                        BUNDLE + "truststore.certificate=classpath:tls/ca.crt")
                .run(context -> assertThat(SslBundleTest.rootOf(context.getStartupFailure()))
                        .isInstanceOf(InvalidPropertyException.class)
                        .hasMessageContaining("handover.zookeeper.ssl.bundle: the SSL bundle 'zk' cannot be used")
                        .hasMessageContaining("has no private key"));
    }

    @Test
    void shouldMakeNothingWithoutAProperty() {
        application("127.0.0.1:1").withUserConfiguration(Doubles.OwnStore.class).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getSourceApplicationContext()
                            .getBeanFactory()
                            .containsSingleton("handoverZooKeeperBundle"))
                    .isFalse();
        });
    }

    @Test
    void shouldWriteAgainWhatWasSweptAway() throws Exception {
        DefaultSslBundleRegistry all = new DefaultSslBundleRegistry("zk", trusting("ca"));
        try (ZooKeeperBundle bundle =
                new ZooKeeperBundle(NamedBundle.of(ZooKeeperBundle.KEY, "zk", all), Duration.ofMillis(20))) {
            for (String name : List.of("trusted.p12", "keys.p12")) {
                Path file = bundle.directory().resolve(name);
                Files.deleteIfExists(file); // just now it may be being replaced
                Await.until(name + " is there again", () -> Files.exists(file));
            }
            assertThat(bundle.tls().toString())
                    .contains("keyStore", "trustStore")
                    .doesNotContain("keys.p12");
        }
    }
}
