package dev.handover.spring;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.LeaderElection;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.transport.Transport;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;

/** {@code handover.ssl.bundle}: nodes speak TLS with what an SSL bundle of Spring Boot says. The certificates in {@code src/test/resources/tls} are valid until 2126. */
@ExtendWith(OutputCaptureExtension.class)
class SslBundleTest {
    private static final String BUNDLE = "spring.ssl.bundle.pem.nodes.";

    @TempDir
    Path directory;

    private static List<String> bundle(String certificate) {
        return new ArrayList<>(List.of(
                "handover.ssl.bundle=nodes",
                BUNDLE + "keystore.certificate=classpath:tls/" + certificate + ".crt",
                BUNDLE + "keystore.private-key=classpath:tls/" + certificate + ".key",
                BUNDLE + "truststore.certificate=classpath:tls/ca.crt"));
    }

    private ApplicationContextRunner node(String zooKeeper, String name, List<String> more) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(SslAutoConfiguration.class, HandoverAutoConfiguration.class))
                .withPropertyValues(
                        "handover.zookeeper.connect-string=" + zooKeeper,
                        "handover.node-id=" + name,
                        "handover.data-directory=" + directory.resolve(name),
                        "handover.join=start",
                        "handover.transport.host=127.0.0.1",
                        "handover.transport.port=0",
                        "handover.groups.words=words")
                .withPropertyValues(more.toArray(String[]::new))
                .withBean("words", Words.class);
    }

    @Test
    @Timeout(120)
    void shouldReplicateOverTlsAndFollowUpdatesOfTheBundle(CapturedOutput output) throws Exception {
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .clientAddress("127.0.0.1", 0)
                .start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            String servers = zooKeeper.connectString();
            node(servers, "a", bundle("a"))
                    .run(a -> node(servers, "b", bundle("b")).run(b -> {
                        assertThat(a).hasNotFailed();
                        assertThat(b).hasNotFailed();
                        inSync(a);
                        inSync(b);
                        assertThat(submit(a, "one")).isEqualTo("one");
                        assertThat(submit(b, "two")).isEqualTo("one,two");
                        assertThat(shown(a, b))
                                .isEqualTo(stored(a.getBean(SslBundles.class).getBundle("nodes")));

                        SslBundle renewed = pem("a-renewed");
                        a.getBean(SslBundleRegistry.class).updateBundle("nodes", renewed);
                        assertThat(shown(a, b)).isEqualTo(stored(renewed));

                        a.getBean(SslBundleRegistry.class).updateBundle("nodes", pem("b"));
                        assertThat(output)
                                .contains("the updated SSL bundle 'nodes' is not used", "does not name node a");
                        assertThat(shown(a, b)).isEqualTo(stored(renewed));
                        assertThat(submit(b, "three")).isEqualTo("one,two,three");
                    }));
        }
    }

    @Test
    @Timeout(120)
    void shouldWatchCandidatesOverTls() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        List<String> election = bundle("a");
        election.add("handover.election.path=/jobs/secured");
        election.add("handover.election.fast-take-over=127.0.0.1:" + port);
        node("127.0.0.1:1", "a", election)
                .withUserConfiguration(Doubles.OwnStore.class)
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(context.getBean(LeaderElection.class).candidate())
                            .isEqualTo("a");
                    SslBundle bundle = context.getBean(SslBundles.class).getBundle("nodes");
                    try (SSLSocket socket = (SSLSocket)
                            bundle.createSslContext().getSocketFactory().createSocket("127.0.0.1", port)) {
                        socket.setSoTimeout(60_000);
                        socket.startHandshake();
                        assertThat(socket.getSession().getPeerCertificates()[0]).isEqualTo(stored(bundle));
                        assertThat(socket.getInputStream().readNBytes(16)).hasSize(16);
                    }
                });
    }

    private static SslBundle pem(String name) {
        return SslBundle.of(new PemSslStoreBundle(
                PemSslStoreDetails.forCertificate("classpath:tls/" + name + ".crt")
                        .withPrivateKey("classpath:tls/" + name + ".key"),
                PemSslStoreDetails.forCertificate("classpath:tls/ca.crt")));
    }

    private static Certificate stored(SslBundle bundle) throws Exception {
        KeyStore keys = bundle.getStores().getKeyStore();
        return keys.getCertificate(Collections.list(keys.aliases()).get(0));
    }

    /** The certificate that a new connection to the one node is shown, made with the other's. */
    private static Certificate shown(ApplicationContext node, ApplicationContext other) throws Exception {
        InetSocketAddress address = node.getBean(Transport.class).address();
        try (SSLSocket socket = (SSLSocket) other.getBean(SslBundles.class)
                .getBundle("nodes")
                .createSslContext()
                .getSocketFactory()
                .createSocket(address.getHostString(), address.getPort())) {
            socket.setSoTimeout(30_000);
            socket.startHandshake();
            return socket.getSession().getPeerCertificates()[0];
        }
    }

    private static void inSync(ApplicationContext context) throws Exception {
        context.getBean(ReplicatedLog.class).awaitInSync(Duration.ofSeconds(30)).get(30, SECONDS);
    }

    private static String submit(ApplicationContext context, String word) throws Exception {
        return new String(
                context.getBean(ReplicatedLog.class)
                        .submit(word.getBytes(UTF_8))
                        .get(20, SECONDS),
                UTF_8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            textBlock =
                    """
        other    | keystore    | there is no SSL bundle 'other', but [nodes]  | spring.ssl.bundle.pem.other.keystore.certificate
        nodes    | keystore    | the SSL bundle 'nodes' has no key store      | a certificate that names this node
        nodes    | truststore  | the SSL bundle 'nodes' has no trust store    | authority of the other side's certificates
        ""       | none        | is empty                                     | leave the property out
        """)
    void shouldNameTheKeyAndTheRemedy(String name, String without, String problem, String remedy) {
        List<String> properties = bundle("a");
        properties.set(0, "handover.ssl.bundle=" + name);
        properties.removeIf(property -> property.startsWith(BUNDLE + without));
        node("127.0.0.1:1", "a", properties).run(context -> assertThat(rootOf(context.getStartupFailure()))
                .isInstanceOf(InvalidPropertyException.class)
                .hasMessageContaining("handover.ssl.bundle: " + problem)
                .hasMessageContaining(remedy));
    }

    @Test
    void shouldNotStartWithAnotherNodesCertificate() {
        node("127.0.0.1:1", "a", bundle("b"))
                .withUserConfiguration(Doubles.OwnStore.class)
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining(
                                "node a cannot speak TLS: its own certificate CN=b does not name node a"));
    }

    @Test
    void shouldSayThatThereAreNoBundles() {
        new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(HandoverAutoConfiguration.class))
                .withUserConfiguration(Doubles.OwnStore.class)
                .withBean("words", Words.class)
                .withPropertyValues(
                        "handover.node-id=a",
                        "handover.groups.words=words",
                        "handover.data-directory=" + directory.resolve("a"),
                        "handover.transport.host=127.0.0.1",
                        "handover.transport.port=0",
                        "handover.ssl.bundle=nodes")
                .run(context -> assertThat(rootOf(context.getStartupFailure()))
                        .hasMessageContaining(
                                "handover.ssl.bundle: 'nodes' is set, but this application has no SSL bundles"));
    }

    static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}
