package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.netty.TlsOptions.PeerCheck;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message.Ack;
import dev.handover.replication.protocol.Message.Append;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in with TLS, who is not, and what is said. */
@Timeout(60)
class TlsTest {
    @TempDir
    private static Path directory;

    private static Certificates certificates;

    @BeforeAll
    static void sign() throws Exception {
        certificates = new Certificates(directory)
                .with("a", "CN=first", "-ext", "san=dns:other,dns:A,ip:127.0.0.1", "-validity", "365")
                .with("b", "CN=b,O=Handover")
                .with("b2", "CN=b,O=Second")
                .with("old", "CN=b", "-startdate", "-10d", "-validity", "1")
                .alone("alone", "CN=b");
    }

    private static Node node(String id, boolean epoll, TlsOptions tls) throws IOException {
        return Node.start(id, epoll, 0, settings -> settings.tls(tls)
                .rejectedRedial(Duration.ofMillis(50))
                .handshakeTimeout(Duration.ofSeconds(20))); // the first one loads the JDK's TLS
    }

    private static Node node(String id, String alias) throws Exception {
        return node(id, true, certificates.options(alias));
    }

    private static Append append(byte[] payload) {
        return new Append(1, 1, 1, List.of(new LogEntry(2, 1, 3, LogEntry.Kind.COMMAND, 4, 5, 6, payload)), 1, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCarryMessagesBothWaysInOrderAndToTheLastWhenItCloses(boolean epoll) throws Exception {
        TlsOptions ofFiles = TlsOptions.pem(
                certificates.pem("b", true), directory.resolve("b.key"), certificates.pem("authority", false));
        try (Node a = node("a", epoll, certificates.options("a"));
                Node b = node("b", epoll, ofFiles)) {
            a.dial(b);
            b.dial(a); // both accept and dial
            a.await("connected", b.id);
            b.await("connected", a.id);
            byte[] large = new byte[3 << 20];
            large[large.length - 1] = 42;
            int count = 5000;
            assertThat(a.send(b, append(large))).isTrue();
            for (int i = 0; i < count; i++) {
                assertThat(a.send(b, new Ack(1, i, 2))).isTrue();
                assertThat(b.send(a, new Ack(3, i, 4))).isTrue();
            }
            a.awaitMessages(count);
            b.awaitMessages(count + 1);
            assertThat(((Append) b.received().get(0).message()).entries().get(0).payload())
                    .isEqualTo(large);
            for (int i = 0; i < count; i++) {
                assertThat(b.received().get(i + 1).message()).isEqualTo(new Ack(1, i, 2));
            }
            for (int i = 0; i < 1000; i++) {
                a.send(b, new Ack(5, i, 6));
            }
            a.transport.close();
            b.awaitMessages(count + 1001);
            b.await("disconnected", a.id);
            assertThat(a.calls().get(0).what()).isEqualTo("connected");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldShowNothingToWhoeverListens(boolean tls) throws Exception {
        byte[] secret = "nobody else is to read this".getBytes(StandardCharsets.US_ASCII);
        try (Node a = tls ? node("a", "a") : Node.start("a", true);
                Node b = tls ? node("b", "b") : Node.start("b", true);
                Tap tap = new Tap(b.address())) {
            a.transport.connectTo(Map.of(b.id, tap.address()));
            a.await("connected", b.id);
            a.send(b, append(secret));
            b.awaitMessages(1);
            String seen = tap.seen();
            assertThat(seen.contains(new String(secret, StandardCharsets.US_ASCII)))
                    .as("the payload is readable on the wire")
                    .isEqualTo(!tls);
        }
    }

    @Test
    void shouldConnectAgainWhenAPeerHasRestarted() throws Exception {
        try (Node a = node("a", "a")) {
            Node b = node("b", "b");
            int port = b.address().getPort();
            a.dial(b);
            a.await("connected", b.id);
            b.close();
            a.await("refused", b.id);
            TlsOptions tls = certificates.options("b");
            try (Node again = Node.start("b", true, port, settings -> settings.tls(tls))) {
                a.await("connected", again.id, 2);
                assertThat(a.count("rejected")).isZero();
            }
        }
    }

    @Test
    void shouldRefuseACertificateThatNamesAnotherNode() throws Exception {
        try (Node a = node("a", "a");
                Node liar = node("c", true, certificates.options("b").check(PeerCheck.HOST))) {
            a.dial(liar);
            assertThat(a.await("rejected", liar.id).detail())
                    .contains("certificate CN=b,O=Handover", "does not name node c");
            liar.dial(a); // and when he dials
            assertThat(liar.await("rejected", a.id).detail()).contains("refused by a", "does not name node c");
            assertThat(a.count("connected") + liar.count("connected")).isZero();
        }
    }

    @Test
    void shouldRefuseACertificateOfAnotherAuthorityOnEitherSide() throws Exception {
        try (Node a = node("a", "a");
                Node foreign = node("b", "alone")) {
            a.dial(foreign);
            assertThat(a.await("rejected", foreign.id).detail()).contains("of no authority that is trusted here");
            foreign.dial(a); // trusts a, and is told that a does not trust it
            assertThat(foreign.await("rejected", a.id).detail())
                    .contains("the other side does not accept this node's certificate");
            assertThat(a.count("connected") + foreign.count("connected")).isZero();
        }
    }

    @Test
    void shouldRefuseAnExpiredCertificateOnEitherSideAndAtTheStart() throws Exception {
        assertThatThrownBy(() -> node("b", "old"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("node b cannot speak TLS: its own certificate CN=b has expired at 20");
        try (Node a = node("a", "a")) {
            SSLServerSocket server = (SSLServerSocket) certificates
                    .context("old")
                    .getServerSocketFactory()
                    .createServerSocket(0, 10, InetAddress.getLoopbackAddress());
            try (server) {
                Thread acceptor = new Thread(() -> {
                    try {
                        while (true) {
                            try (SSLSocket socket = (SSLSocket) server.accept()) {
                                socket.startHandshake();
                            } catch (SSLException e) {
                                continue; // refused, as it should be
                            }
                        }
                    } catch (IOException e) {
                        return; // closed: the test ends
                    }
                });
                acceptor.setDaemon(true);
                acceptor.start();
                NodeId b = NodeId.of("b");
                a.transport.connectTo(Map.of(b, (InetSocketAddress) server.getLocalSocketAddress()));
                assertThat(a.await("rejected", b).detail())
                        .contains("the other side's certificate has expired", "renew it");
            }
            try (SSLSocket dialer = (SSLSocket) certificates
                    .context("old")
                    .getSocketFactory()
                    .createSocket(a.address().getAddress(), a.address().getPort())) {
                dialer.setSoTimeout(20_000);
                assertThatThrownBy(() -> {
                            dialer.startHandshake();
                            dialer.getInputStream().read();
                        })
                        .isInstanceOf(IOException.class) // an alert, or a reset when it comes first
                        .isNotInstanceOf(SocketTimeoutException.class);
            }
            assertThat(a.count("connected")).isZero();
        }
    }

    @Test
    void shouldSayThatTheOtherSideHasNoTls() throws Exception {
        try (Node a = node("a", "a");
                Node plain = Node.start("b", true)) {
            a.dial(plain);
            assertThat(a.await("rejected", plain.id).detail())
                    .contains("does not speak TLS", "for all nodes or for none");
            plain.dial(a);
            a.await("rejected", plain.id, 3);
            assertThat(a.count("connected") + plain.count("connected")).isZero();
        }
    }

    @Test
    void shouldSayThatADialerSpeaksTlsWhereThereIsNone() throws Exception {
        try (Node plain = Node.start("b", true);
                Socket socket =
                        new Socket(plain.address().getAddress(), plain.address().getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(new byte[] {0x16, 3, 1, 2, 0, 1});
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).contains("is the beginning of TLS", "for all nodes or for none");
        }
    }

    @Test
    void shouldCheckTheHostInsteadIfToldSo() throws Exception {
        TlsOptions first = certificates.options("a").check(PeerCheck.HOST);
        TlsOptions second = certificates.options("b").check(PeerCheck.HOST);
        try (Node x = node("x", true, first);
                Node y = node("y", true, second)) {
            x.dial(y); // whose certificate does not name 127.0.0.1
            assertThat(x.await("rejected", y.id).detail()).contains("not accepted", "No subject alternative names");
            y.dial(x); // whose does
            y.await("connected", x.id);
        }
    }

    @Test
    void shouldNameTheFileThatIsWrong() throws Exception {
        Path a = certificates.pem("a", true);
        Path key = directory.resolve("a.key");
        Path authority = certificates.pem("authority", false);
        Path none = directory.resolve("none");
        Path text = Files.writeString(directory.resolve("text"), "no certificate");
        assertThatThrownBy(() -> TlsOptions.pem(none, key, authority)).hasMessageContaining("certificates in " + none);
        assertThatThrownBy(() -> TlsOptions.pem(a, none, authority)).hasMessageContaining("private key " + none);
        assertThatThrownBy(() -> TlsOptions.pem(a, key, text)).hasMessageContaining(text + " has no certificates");
        assertThatThrownBy(() -> TlsOptions.pem(a, text, authority)).hasMessageContaining("private key " + text);
        certificates.pem("b", true);
        assertThatThrownBy(() -> TlsOptions.pem(a, directory.resolve("b.key"), authority))
                .hasMessageContaining("b.key is not that of the first certificate in " + a);
        assertThatThrownBy(() -> TlsOptions.pem(a, key, authority).checkFilesEvery(Duration.ZERO))
                .hasMessageContaining("interval PT0S");
    }

    @Test
    void shouldUseChangedFilesForNewConnectionsOnlyAndKeepTheOldOnesIfTheNewOnesAreWrong(@TempDir Path live)
            throws Exception {
        TlsOptions tls = TlsOptions.pem(
                        Files.copy(certificates.pem("b", true), live.resolve("crt")),
                        Files.copy(directory.resolve("b.key"), live.resolve("key")),
                        Files.copy(certificates.pem("authority", false), live.resolve("ca")))
                .checkFilesEvery(Duration.ofMillis(10));
        try (Node a = node("a", "a");
                Node b = node("b", true, tls)) {
            a.dial(b);
            a.await("connected", b.id);
            assertThat(shown(b)).isEqualTo("CN=b,O=Handover");
            Path second = certificates.pem("b2", true);
            replace(live.resolve("crt"), second); // whose key is another one: not used before that is there, too
            assertThat(shown(b)).isEqualTo("CN=b,O=Handover");
            replace(live.resolve("key"), directory.resolve("b2.key"));
            awaitShown(b, "CN=b,O=Second");
            replace(live.resolve("crt"), certificates.pem("a", true)); // another node's
            replace(live.resolve("key"), directory.resolve("a.key"));
            assertThat(shown(b)).isEqualTo("CN=b,O=Second");
            replace(live.resolve("key"), directory.resolve("b.key"));
            replace(live.resolve("crt"), certificates.pem("b", true));
            awaitShown(b, "CN=b,O=Handover");
            b.transport.renew(certificates.options("b2"));
            assertThat(shown(b)).isEqualTo("CN=b,O=Second");
            assertThatThrownBy(() -> b.transport.renew(certificates.options("a")))
                    .hasMessageContaining("does not name node b");
            assertThat(a.count("disconnected")).isZero();
            assertThat(a.send(b, new Ack(1, 1, 1))).isTrue();
            b.awaitMessages(1);
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("b-tls", "a-tls");
        try (Node plain = Node.start("p", true)) {
            assertThatThrownBy(() -> plain.transport.renew(certificates.options("a")))
                    .hasMessageContaining("this transport has no TLS");
        }
    }

    private static void replace(Path file, Path by) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".next");
        Files.copy(by, next, StandardCopyOption.REPLACE_EXISTING);
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Whose certificate a new connection is shown. */
    private static String shown(Node node) throws Exception {
        try (SSLSocket socket = (SSLSocket) certificates
                .context("a")
                .getSocketFactory()
                .createSocket(node.address().getAddress(), node.address().getPort())) {
            socket.setSoTimeout(20_000);
            socket.startHandshake();
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
                    .getSubjectX500Principal()
                    .getName();
        }
    }

    private static void awaitShown(Node node, String subject) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!shown(node).equals(subject)) {
            assertThat(System.nanoTime()).as("until " + subject + " is shown").isLessThan(deadline);
        }
    }

    /** It may be about to stop, and is to be found refusing soon. */
    @Test
    void shouldDialAgainAtOnceWhenTheOtherSideClosesDuringTheHandshake() throws Exception {
        int dials = 4;
        TlsOptions tls = certificates.options("a");
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                Node a = Node.start("a", true, 0, settings -> settings.tls(tls)
                        .rejectedRedial(Duration.ofSeconds(60))
                        .handshakeTimeout(Duration.ofSeconds(60)))) {
            server.setSoTimeout(20_000);
            NodeId b = NodeId.of("b");
            a.transport.connectTo(Map.of(b, (InetSocketAddress) server.getLocalSocketAddress()));
            for (int i = 0; i < dials; i++) {
                try (Socket socket = server.accept()) {
                    assertThat(socket.getInputStream().read()).as("a handshake").isEqualTo(0x16);
                    socket.getOutputStream().write(new byte[] {0x15, 3, 3, 0, 2, 1, 90, 0x15, 3, 3, 0, 2, 1, 0
                    }); // user_canceled, close_notify
                    socket.shutdownOutput();
                    while (socket.getInputStream().read() >= 0) {} // what it says until it closes, too
                } catch (SocketException e) {
                    continue; // closed with a reset
                }
            }
            assertThat(a.count("rejected")).isZero();
        }
        assertThat(Tls.explain(new SSLException("Insufficient buffer remaining for AEAD cipher fragment (2)")))
                .isNull();
        assertThat(Tls.explain(new SSLException("something else"))).isEqualTo("TLS failed: something else");
    }

    @Test
    void shouldSayThatALongMessageIsOnItsWay() throws Exception {
        try (Node a = node("a", "a");
                Stranger s = new Stranger(certificates
                        .context("b")
                        .getSocketFactory()
                        .createSocket(a.address().getAddress(), a.address().getPort()))) {
            s.hello("b", "a");
            assertThat(s.read().type()).isEqualTo(Wire.HELLO);
            s.frame(Wire.READY);
            assertThat(s.read().type()).isEqualTo(Wire.READY);
            a.await("connected", NodeId.of("b"));
            s.write((byte) 0, (byte) 0, (byte) 16, (byte) 0); // the length of a frame
            long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
            for (int i = 0; i < 4000 && a.count("receiving") < 2 && System.nanoTime() < deadline; i++) {
                s.write((byte) Wire.PING);
                Thread.sleep(5); // the line is that slow
            }
            assertThat(a.count("receiving")).isGreaterThanOrEqualTo(2);
            assertThat(a.messages()).isZero();
        }
    }

    /** Stands between a dialer and a port, and remembers what the dialer sends. */
    private static final class Tap implements AutoCloseable {
        private final ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Tap(InetSocketAddress target) throws IOException {
            run(() -> {
                while (true) {
                    Socket from = server.accept();
                    Socket to = new Socket(target.getAddress(), target.getPort());
                    run(() -> pump(from, to, true));
                    run(() -> pump(to, from, false));
                }
            });
        }

        private interface Work {
            void run() throws IOException;
        }

        private static void run(Work work) {
            CompletableFuture.runAsync(
                    () -> {
                        try {
                            work.run();
                        } catch (IOException e) {
                            return; // closed at one end
                        }
                    },
                    task -> {
                        Thread thread = new Thread(task);
                        thread.setDaemon(true);
                        thread.start();
                    });
        }

        private void pump(Socket from, Socket to, boolean remember) throws IOException {
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                byte[] buffer = new byte[8192];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    if (remember) {
                        synchronized (bytes) {
                            bytes.write(buffer, 0, n);
                        }
                    }
                    to.getOutputStream().write(buffer, 0, n);
                }
            }
        }

        InetSocketAddress address() {
            return (InetSocketAddress) server.getLocalSocketAddress();
        }

        String seen() {
            synchronized (bytes) {
                return bytes.toString(StandardCharsets.ISO_8859_1);
            }
        }

        @Override
        public void close() throws IOException {
            server.close();
        }
    }
}
