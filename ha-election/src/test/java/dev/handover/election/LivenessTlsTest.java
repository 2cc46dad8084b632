package dev.handover.election;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.zookeeper.Await;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is believed on a liveness port, and who is told anything, with TLS and without. */
@Timeout(120)
class LivenessTlsTest {
    private static final InetSocketAddress ANY = new InetSocketAddress("127.0.0.1", 0);
    private static final char[] PASSWORD = "secret".toCharArray(); // of src/test/resources/tls, see SecureServer

    private static SSLContext known;
    private static SSLContext stranger;

    private final UUID instance = UUID.randomUUID();
    private final List<UUID> gone = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void load() throws Exception {
        known = context(true);
        stranger = context(false);
    }

    private static SSLContext context(boolean withKey) throws Exception {
        TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
        trusted.init(store("ca"));
        KeyManagerFactory key = KeyManagerFactory.getInstance("PKIX");
        key.init(store("client"), PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(withKey ? key.getKeyManagers() : null, trusted.getTrustManagers(), null);
        return context;
    }

    private static KeyStore store(String name) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = LivenessTlsTest.class.getResourceAsStream("/tls/" + name + ".p12")) {
            store.load(in, PASSWORD);
        }
        return store;
    }

    private Records.LeaderNode leader(String address) {
        return new Records.LeaderNode(1, "a", instance, address);
    }

    private static Socket dial(LivenessPort port) throws Exception {
        String address = port.address();
        Socket socket = new Socket(
                InetAddress.getByName("127.0.0.1"), Integer.parseInt(address.substring(address.indexOf(':') + 1)));
        socket.setSoTimeout(60_000);
        return socket;
    }

    @Test
    void shouldTellThatAProcessIsGone() throws Exception {
        try (LivenessWatch watch = new LivenessWatch("tls", () -> known, gone::add)) {
            LivenessPort port = new LivenessPort(ANY, instance, "a", () -> known);
            watch.watch(leader(port.address()));
            Await.until("watched", () -> LivenessTest.isConnected("tls") && isKnown("tls"));
            assertThat(gone).isEmpty();
            port.close();
            Await.until("gone", () -> gone.equals(List.of(instance)));
        }
    }

    /** What TLS is for here: without it, whoever a name or an address leads to can say that he is the leader, close and refuse. */
    @Test
    void shouldNotBelieveSomebodyWithoutACertificate() throws Exception {
        byte[] hello = ByteBuffer.allocate(16)
                .putLong(instance.getMostSignificantBits())
                .putLong(instance.getLeastSignificantBits())
                .array();
        try (LivenessWatch believing = new LivenessWatch("plain", null, gone::add)) {
            believing.watch(leader("127.0.0.1:" + pretend(hello)));
            Await.until("the forged evidence is believed", () -> gone.equals(List.of(instance)));
        }
        gone.clear();
        List<UUID> marker = new CopyOnWriteArrayList<>();
        try (LivenessWatch careful = new LivenessWatch("tls", () -> known, gone::add);
                LivenessWatch second = new LivenessWatch("plain", null, marker::add)) {
            careful.watch(leader("127.0.0.1:" + pretend(hello)));
            second.watch(leader("127.0.0.1:" + pretend(hello))); // begun later, and done
            Await.until("the plain one has believed again", () -> marker.equals(List.of(instance)));
            assertThat(gone).isEmpty();
        }
    }

    /** Says on one connection that it is the leader, then closes it and refuses all others. */
    private static int pretend(byte[] hello) throws Exception {
        ServerSocket port = new ServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
        Thread thread = new Thread(() -> {
            try (port;
                    Socket accepted = port.accept()) {
                accepted.getOutputStream().write(hello);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return port.getLocalPort();
    }

    @Test
    void shouldTellNothingToWhoShowsNoCertificate() throws Exception {
        try (LivenessPort port = new LivenessPort(ANY, instance, "a", () -> known);
                Socket silent = dial(port);
                Socket plain = dial(port);
                Socket dialled = dial(port)) {
            plain.getOutputStream().write("who is there, if I may ask?".getBytes(StandardCharsets.US_ASCII));
            assertThat(heard(plain)).isLessThan(16);
            Socket secured = stranger.getSocketFactory().createSocket(dialled, null, 0, true);
            assertThat(heard(secured)).isZero();
            assertThat(heard(silent)).isZero(); // its place is taken back
        }
    }

    /** Bytes of the application until the end, or until the connection is refused. */
    private static int heard(Socket socket) throws Exception {
        int count = 0;
        try {
            while (socket.getInputStream().read() >= 0) {
                count++;
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("it hangs", e);
        } catch (IOException e) {
            return count;
        }
        return count;
    }

    /** What docs/security.md says of the port without TLS: nothing that a stranger sends to it, and no number of strangers, makes evidence. */
    @Test
    void shouldGiveNoEvidenceHoweverManyStrangersCome() throws Exception {
        List<Socket> strangers = new ArrayList<>();
        try (LivenessWatch watch = new LivenessWatch("w", null, gone::add)) {
            LivenessPort port = new LivenessPort(ANY, instance, "a", null);
            watch.watch(leader(port.address()));
            Await.until("watched", () -> LivenessTest.isConnected("w"));
            try (LivenessWatch late = new LivenessWatch("late", null, gone::add)) {
                for (int i = 0; i < 300; i++) {
                    Socket socket = dial(port);
                    strangers.add(socket);
                    if (i < 200) {
                        socket.getOutputStream().write(new byte[100]);
                    }
                }
                assertThat(strangers.get(299).getInputStream().read()).isEqualTo(-1); // no place any more
                late.watch(leader(port.address()));
                assertThat(LivenessTest.isConnected("w")).isTrue();
                assertThat(gone).isEmpty();
            }
            port.close();
            Await.until("gone", () -> gone.equals(List.of(instance)));
        } finally {
            for (Socket each : strangers) {
                each.close();
            }
        }
    }

    /** Whether the thread has done its handshake, and waits for the connection's end. */
    private static boolean isKnown(String thread) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().equals(thread))
                .flatMap(entry -> Arrays.stream(entry.getValue()))
                .map(StackTraceElement::getMethodName)
                .noneMatch(method -> method.equals("startHandshake") || method.equals("readLong"));
    }
}
