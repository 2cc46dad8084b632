package dev.handover.netty.ops;

import static java.net.http.HttpResponse.BodyHandlers.ofString;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.netty.Certificates;
import dev.handover.netty.RenewableTls;
import dev.handover.netty.TlsOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operations port with TLS: everything it serves, and what it says to whoever does not fit. */
@Timeout(120)
class OpsTlsTest {
    private static final String TOKEN = "0123456789abcdef";
    private static final InetSocketAddress CLIENTS = new InetSocketAddress("127.0.0.1", 1);

    @TempDir
    private static Path directory;

    private static Certificates certificates;
    private static TwoNodes nodes;
    private static OpsServer a;
    private static OpsServer plain;

    @BeforeAll
    static void start() throws Exception {
        String[] host = {"-ext", "san=ip:127.0.0.1", "-validity", "365"};
        certificates = new Certificates(directory)
                .with("a", "CN=a", host)
                .with("renewed", "CN=renewed", host)
                .with("old", "CN=a", "-startdate", "-10d", "-validity", "1");
        nodes = new TwoNodes(directory);
        a = nodes.keep(OpsServer.builder(nodes.modelA)
                .metrics(() -> "answer 42\n")
                .actions(TOKEN)
                .tls(certificates.options("a"))
                .start());
        plain = nodes.keep(OpsServer.builder(nodes.modelB).start());
    }

    @AfterAll
    static void stop() {
        if (nodes != null) {
            nodes.close();
        }
    }

    private static URI uri(OpsServer server, String scheme, String path) {
        return URI.create(scheme + "://127.0.0.1:" + server.address().getPort() + path);
    }

    private static HttpResponse<String> get(OpsServer server, SSLContext context, String path) throws Exception {
        return HttpClient.newBuilder()
                .sslContext(context)
                .build()
                .send(HttpRequest.newBuilder(uri(server, "https", path)).build(), ofString());
    }

    private static SSLSocket dial(OpsServer server) throws Exception {
        SSLSocket socket = (SSLSocket) certificates
                .contextWithoutKey()
                .getSocketFactory()
                .createSocket("127.0.0.1", server.address().getPort());
        socket.setSoTimeout(60_000);
        return socket;
    }

    @Test
    void shouldServeHealthMetricsPageAndEvents() throws Exception {
        SSLContext browser = certificates.contextWithoutKey();
        assertThat(get(a, browser, "/ready?group=g").statusCode()).isEqualTo(200);
        assertThat(get(a, browser, "/metrics").body()).isEqualTo("answer 42\n");
        assertThat(get(a, browser, "/").body()).contains("<html");
        try (SSLSocket socket = dial(a)) {
            socket.getOutputStream()
                    .write("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            String line = in.readLine();
            while (line != null && !line.startsWith("data: ")) {
                line = in.readLine();
            }
            assertThat(line).contains("\"group\"");
        }
    }

    @Test
    void shouldActWithTheTokenOnly() throws Exception {
        HttpClient client = HttpClient.newBuilder()
                .sslContext(certificates.contextWithoutKey())
                .build();
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(a, "https", "/actions/none"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Origin", "https://127.0.0.1:" + a.address().getPort())
                .POST(HttpRequest.BodyPublishers.ofString("subject=g&confirm=g"));
        assertThat(client.send(request.build(), ofString()).statusCode()).isEqualTo(401);
        HttpResponse<String> known =
                client.send(request.header("Authorization", "Bearer " + TOKEN).build(), ofString());
        assertThat(known.statusCode()).isIn(400, 409); // there is no such action, which only who has the token hears
    }

    @Test
    void shouldTellAPlainClientThatThePortSpeaksTls() throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri(a, "http", "/leader")).build(), ofString());
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("speaks TLS: use https://");
    }

    @Test
    void shouldRefuseAClientWithTlsOnAPlainPortAtOnce() throws Exception {
        long begun = System.nanoTime();
        try (SSLSocket socket = dial(plain)) {
            assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun))
                .isLessThan(Duration.ofSeconds(25)); // its time-out is 30 s
        assertThat(get(plain, "/live")).isEqualTo(200);
    }

    private static int get(OpsServer server, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri(server, "http", path)).build(), ofString())
                .statusCode();
    }

    @Test
    void shouldCloseAHandshakeThatIsNotFinished() throws Exception {
        try (OpsServer impatient = OpsServer.builder(nodes.modelB)
                        .tls(certificates.options("a"))
                        .timeout(Duration.ofMillis(300))
                        .start();
                Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), impatient.address().getPort())) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0, 1}); // a record of 512 bytes begins
            InputStream in = socket.getInputStream();
            assertThat(in.readAllBytes().length).isLessThan(100); // an alert at most, and the end
        }
    }

    @Test
    void shouldAskForCertificatesIfToldTo() throws Exception {
        try (OpsServer asking = OpsServer.builder(nodes.modelB)
                .tls(certificates.options("a"))
                .clientCertificates(true)
                .start()) {
            assertThat(get(asking, certificates.context("renewed"), "/live").statusCode())
                    .isEqualTo(200);
            assertThatThrownBy(() -> get(asking, certificates.contextWithoutKey(), "/live"))
                    .isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() ->
                        OpsServer.builder(nodes.modelB).clientCertificates(true).start())
                .hasMessageContaining("needs tls(...)");
    }

    @Test
    void shouldNotStartWithACertificateThatHasExpired() throws Exception {
        assertThatThrownBy(() -> OpsServer.builder(nodes.modelB)
                        .tls(certificates.options("old"))
                        .start())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("ops-port cannot speak TLS: its own certificate CN=a has expired")
                .hasMessageContaining("renew it");
        assertThatThrownBy(() -> plain.renew(certificates.options("a"))).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldFollowItsFiles() throws Exception {
        Path certificate = directory.resolve("port.crt");
        Path key = directory.resolve("port.key");
        replace("a", certificate, key);
        TlsOptions files = TlsOptions.pem(certificate, key, certificates.pem("authority", false))
                .checkFilesEvery(Duration.ofMillis(20));
        try (OpsServer following = OpsServer.builder(nodes.modelB).tls(files).start()) {
            assertThat(shown(following)).isEqualTo("CN=a");
            replace("renewed", certificate, key);
            TwoNodes.await("the renewed certificate is shown", () -> shows("CN=renewed", following));
            following.renew(certificates.options("a"));
            assertThat(shown(following)).isEqualTo("CN=a");
            assertThatThrownBy(() -> following.renew(certificates.options("old")))
                    .hasMessageContaining("has expired");
            assertThat(shown(following)).isEqualTo("CN=a");
        }
    }

    private static void replace(String alias, Path certificate, Path key) throws Exception {
        Files.move(certificates.pem(alias, true), certificate, StandardCopyOption.REPLACE_EXISTING);
        Files.move(directory.resolve(alias + ".key"), key, StandardCopyOption.REPLACE_EXISTING);
    }

    private static boolean shows(String subject, OpsServer server) {
        try {
            return shown(server).equals(subject);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String shown(OpsServer server) throws Exception {
        try (SSLSocket socket = dial(server)) {
            socket.startHandshake();
            X509Certificate first = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            return first.getSubjectX500Principal().getName();
        }
    }

    private static LeaderRoute asking(OpsServer port, Supplier<SSLContext> tls) {
        return LeaderRoute.asking(TwoNodes.GROUP, Map.of(port.address(), CLIENTS), Duration.ofMillis(20), tls);
    }

    @Test
    void shouldBeAskedWhoLeadsOverTlsWithTheCertificateOfTheMoment() throws Exception {
        AtomicReference<SSLContext> own = new AtomicReference<>(certificates.contextWithoutKey());
        AtomicInteger questions = new AtomicInteger();
        try (OpsServer strict = OpsServer.builder(nodes.modelA)
                        .tls(certificates.options("a"))
                        .clientCertificates(true)
                        .start();
                LeaderRoute route = asking(strict, () -> {
                    questions.incrementAndGet();
                    return own.get();
                });
                RenewableTls renewed = RenewableTls.of("route", certificates.options("renewed"));
                LeaderRoute other = asking(plain, renewed)) {
            TwoNodes.await("it asks in vain", () -> questions.get() > 2);
            assertThat(route.leader()).isNull();
            own.set(renewed.get());
            TwoNodes.await("the leader is found", () -> CLIENTS.equals(route.leader()));
            assertThat(other.leader()).isNull();
        }
    }
}
