package dev.handover.election;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.election.zookeeper.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LivenessTest {
    private static final InetSocketAddress ANY = new InetSocketAddress("127.0.0.1", 0);

    private final UUID instance = UUID.randomUUID();
    private final List<UUID> gone = new CopyOnWriteArrayList<>();

    private Records.LeaderNode leader(String address) {
        return new Records.LeaderNode(1, "a", instance, address);
    }

    private static byte[] hello(UUID instance) {
        return ByteBuffer.allocate(16)
                .putLong(instance.getMostSignificantBits())
                .putLong(instance.getLeastSignificantBits())
                .array();
    }

    @Test
    void shouldTellThatAProcessIsGoneWhenItsPortRefuses() throws Exception {
        try (LivenessWatch watch = new LivenessWatch("w", null, gone::add)) {
            LivenessPort port = new LivenessPort(ANY, instance, "a", null);
            watch.watch(leader(port.address()));
            Await.until("watched", () -> isConnected("w"));
            assertThat(gone).isEmpty();
            port.close();
            Await.until("gone", () -> gone.equals(List.of(instance)));
        }
    }

    @Test
    void shouldNotTakeALostConnectionForALostProcess() throws Exception {
        try (ServerSocket port = new ServerSocket(0, 10, InetAddress.getByName("127.0.0.1"));
                LivenessWatch watch = new LivenessWatch("w", null, gone::add)) {
            watch.watch(leader("127.0.0.1:" + port.getLocalPort()));
            for (int i = 0; i < 20; i++) { // a firewall that resets connections, say
                try (Socket accepted = port.accept()) {
                    accepted.getOutputStream().write(hello(instance));
                }
            }
            assertThat(gone).isEmpty();
        }
    }

    @Test
    void shouldNotTakeForGoneWhatItHasNeverSeen() throws Exception {
        int free;
        try (ServerSocket unused = new ServerSocket(0)) {
            free = unused.getLocalPort();
        }
        try (LivenessWatch watch = new LivenessWatch("w", null, gone::add)) {
            watch.watch(leader("127.0.0.1:" + free)); // refuses from the start
            try (ServerSocket stranger = listenLater(free)) {
                try (Socket accepted = stranger.accept()) { // it goes on to try
                    accepted.getOutputStream().write(hello(UUID.randomUUID())); // another process has the port now
                }
                try (Socket again = stranger.accept()) {
                    assertThat(again.isConnected()).isTrue();
                }
            }
            assertThat(gone).isEmpty();
        }
    }

    @Test
    void shouldNameTheAddressThatCannotBeUsed() throws Exception {
        try (LivenessPort port = new LivenessPort(ANY, instance, "a", null)) {
            String address = port.address();
            int taken = Integer.parseInt(address.substring(address.indexOf(':') + 1));
            assertThatThrownBy(() -> new LivenessPort(new InetSocketAddress("127.0.0.1", taken), instance, "b", null))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(String.valueOf(taken))
                    .hasMessageContaining("'b'");
        }
    }

    private static ServerSocket listenLater(int port) throws IOException {
        ServerSocket server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(new InetSocketAddress("127.0.0.1", port));
        return server;
    }

    /** Whether the thread has heard who is there and waits for the connection's end. */
    static boolean isConnected(String thread) {
        return Thread.getAllStackTraces().entrySet().stream()
                .filter(entry -> entry.getKey().getName().equals(thread))
                .map(entry -> Arrays.stream(entry.getValue())
                        .map(StackTraceElement::getMethodName)
                        .toList())
                .anyMatch(methods -> methods.contains("implRead") && !methods.contains("readLong"));
    }
}
