package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message.Ack;
import dev.handover.replication.protocol.Message.Append;
import dev.handover.replication.protocol.Message.Goodbye;
import dev.handover.replication.transport.Envelope;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two and three nodes over real sockets, with epoll (where there is one) and with the JDK's selectors. */
@Timeout(60)
class ConnectionTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCarryMessagesBothWaysInOrder(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll);
                Node b = Node.start("b", epoll)) {
            a.dial(b);
            a.await("connected", b.id);
            b.await("connected", a.id);
            int count = 20_000;
            for (int i = 0; i < count; i++) {
                assertThat(a.send(b, new Ack(1, i, 2))).isTrue();
                assertThat(b.send(a, new Ack(3, i, 4))).isTrue();
            }
            a.awaitMessages(count);
            b.awaitMessages(count);
            a.awaitReceivedAll();
            b.awaitReceivedAll();
            assertThat(a.calls()).extracting(Node.Call::what).containsExactly("connected");
            List<Envelope> atB = b.received();
            for (int i = 0; i < count; i++) {
                assertThat(atB.get(i)).isEqualTo(new Envelope(Node.GROUP, a.replica, new Ack(1, i, 2)));
            }
            assertThat(a.received().get(count - 1))
                    .isEqualTo(new Envelope(Node.GROUP, b.replica, new Ack(3, count - 1, 4)));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCarryEntriesUpToTheFrameLimitAndDropLongerOnes(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, b -> b.maxFrameBytes(8 << 20));
                Node b = Node.start("b", epoll, 0, b2 -> b2.maxFrameBytes(8 << 20))) {
            a.dial(b);
            a.await("connected", b.id);
            byte[] payload = new byte[(8 << 20) - 200];
            new Random(1).nextBytes(payload);
            assertThat(a.send(b, append(payload))).isTrue();
            assertThat(a.send(b, append(new byte[8 << 20]))).isFalse();
            assertThat(a.send(b, new Goodbye(7))).isTrue();
            b.awaitMessages(2);
            Append atB = (Append) b.received().get(0).message();
            assertThat(Arrays.equals(atB.entries().get(0).payload(), payload)).isTrue();
            assertThat(b.received().get(1).message()).isEqualTo(new Goodbye(7));
            assertThat(a.count("disconnected")).isZero();
        }
    }

    private static Append append(byte[] payload) {
        return new Append(1, 1, 1, List.of(new LogEntry(2, 1, 3, LogEntry.Kind.COMMAND, 4, 5, 6, payload)), 1, 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldKeepExactlyOneConnectionWhenDialsCross(boolean epoll) throws Exception {
        for (int round = 0; round < 30; round++) {
            try (Node a = Node.start("a", epoll);
                    Node b = Node.start("b", epoll)) {
                a.dial(b);
                b.dial(a);
                a.await("connected", b.id);
                b.await("connected", a.id);
                assertThat(a.send(b, new Goodbye(1))).isTrue();
                assertThat(b.send(a, new Goodbye(2))).isTrue();
                a.awaitMessages(1);
                b.awaitMessages(1);
                assertThat(a.calls()).extracting(Node.Call::what).containsExactly("connected");
                assertThat(b.calls()).extracting(Node.Call::what).containsExactly("connected");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldConnectAgainWhenAPeerHasRestarted(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll)) {
            Node b = Node.start("b", epoll);
            int port = b.address().getPort();
            a.dial(b);
            b.dial(a);
            b.await("connected", a.id);
            a.await("connected", b.id);
            for (int restart = 1; restart <= 5; restart++) {
                b.close();
                a.await("disconnected", b.id, restart);
                a.await("refused", b.id, restart); // several per restart, at least one
                b = Node.start("b", epoll, port, s -> s);
                b.dial(a);
                a.await("connected", b.id, restart + 1);
                b.await("connected", a.id);
                assertThat(a.send(b, new Goodbye(restart))).isTrue();
                b.awaitMessages(1);
                assertThat(b.received().get(0).message()).isEqualTo(new Goodbye(restart));
            }
            b.close();
            a.await("disconnected", b.id, 6);
            assertAlternating(a.calls());
        }
    }

    /** connected and disconnected take turns, and nothing is refused while connected. */
    static void assertAlternating(List<Node.Call> calls) {
        boolean connected = false;
        for (Node.Call call : calls) {
            switch (call.what()) {
                case "connected" -> {
                    assertThat(connected).as("%s", calls).isFalse();
                    connected = true;
                }
                case "disconnected" -> {
                    assertThat(connected).as("%s", calls).isTrue();
                    connected = false;
                }
                default -> assertThat(connected).as("%s", calls).isFalse();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldReportEveryRefusedDial(boolean epoll) throws Exception {
        InetSocketAddress nobody;
        try (Node gone = Node.start("b", epoll)) {
            nobody = gone.address();
        }
        try (Node a = Node.start("a", epoll, 0, s -> s.redial(Duration.ofMillis(1), Duration.ofMillis(4)))) {
            a.transport.connectTo(Map.of(NodeId.of("b"), nobody));
            a.await("refused", NodeId.of("b"), 20);
            assertThat(a.calls()).extracting(Node.Call::what).containsOnly("refused");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldKeepDialsOutOfTheTakeOverFromAPeerThatHasDied(boolean epoll) throws Exception {
        Duration longest = Duration.ofMillis(800);
        try (Node a = Node.start("a", epoll, 0, s -> s.redial(Duration.ofMillis(1), longest));
                Node b = Node.start("b", epoll)) {
            a.dial(b);
            a.await("connected", b.id);
            b.transport.close();
            Node.Call known = a.await("refused", b.id);
            Node.Call again = a.await("refused", b.id, 2);
            // a quarter of the longest pause, which varies by a quarter
            assertThat(again.nanos() - known.nanos()).isGreaterThan(longest.toNanos() * 3 / 16);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldNotCallAnUnreachablePeerRefused(boolean epoll) throws Exception {
        NodeId b = NodeId.of("b");
        NodeId d = NodeId.of("d");
        List<Socket> filling = new ArrayList<>();
        try (ServerSocket deaf = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"));
                Node c = Node.start("c", epoll);
                Node a = Node.start("a", epoll, 0, s -> s.handshakeTimeout(Duration.ofMillis(50))
                        .redial(Duration.ofMillis(1), Duration.ofMillis(1)))) {
            // whose queue of connections is full: the kernel answers nothing, as an unreachable host
            for (int i = 0; i < 4; i++) {
                Socket socket = new Socket();
                filling.add(socket);
                try {
                    socket.connect(deaf.getLocalSocketAddress(), 50);
                } catch (SocketTimeoutException e) {
                    break;
                }
            }
            a.transport.connectTo(Map.of(
                    b,
                    (InetSocketAddress) deaf.getLocalSocketAddress(),
                    d,
                    InetSocketAddress.createUnresolved("nobody.invalid", 7101),
                    c.id,
                    InetSocketAddress.createUnresolved("localhost", c.address().getPort())));
            a.await("connected", c.id);
            c.transport.close();
            // its dials are never more frequent than those of b and d, save for their time-outs of 50 ms
            a.await("refused", c.id, 200);
            assertThat(a.calls().stream().filter(call -> !call.peer().equals(c.id)))
                    .isEmpty();
        } finally {
            for (Socket socket : filling) {
                socket.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldDisconnectAPeerThatIsNoLongerNamedAndConnectAgainWhenItIs(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.rejectedRedial(Duration.ofMillis(20)));
                Node b = Node.start("b", epoll, 0, s -> s.rejectedRedial(Duration.ofMillis(20)))) {
            a.dial(b);
            b.dial(a);
            a.await("connected", b.id);
            b.await("connected", a.id);
            a.dial();
            a.await("disconnected", b.id);
            b.await("disconnected", a.id);
            assertThat(b.await("rejected", a.id, 2).detail()).contains("not to be connected with b any more");
            assertThat(a.send(b, new Goodbye(1))).isFalse();
            a.dial(b);
            a.await("connected", b.id, 2);
            b.await("connected", a.id, 2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSwitchToANewAddress(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.redial(Duration.ofSeconds(30), Duration.ofSeconds(30)));
                Node b = Node.start("b", epoll)) {
            InetSocketAddress nobody;
            try (Node gone = Node.start("x", epoll)) {
                nobody = gone.address();
            }
            a.transport.connectTo(Map.of(b.id, nobody));
            a.await("refused", b.id);
            a.dial(b);
            a.await("connected", b.id);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldConnectThreeNodesAndSurviveConstantLoss(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll);
                Node c = Node.start("c", epoll)) {
            List<Node> lives = new ArrayList<>();
            for (int life = 1; life <= 8; life++) {
                try (Node b = Node.start("b", epoll)) {
                    lives.add(b);
                    a.dial(b, c);
                    c.dial(a, b);
                    b.dial(a, c);
                    a.await("connected", b.id, life);
                    c.await("connected", b.id, life);
                    b.await("connected", a.id);
                    b.await("connected", c.id);
                    assertThat(b.send(a, new Goodbye(life))).isTrue();
                    assertThat(b.send(c, new Goodbye(life))).isTrue();
                } // what was sent right before an orderly close arrives
                a.await("disconnected", lives.get(0).id, life);
                c.await("disconnected", lives.get(0).id, life);
                a.awaitMessages(life);
                c.awaitMessages(life);
                assertThat(a.received().get(life - 1).message()).isEqualTo(new Goodbye(life));
            }
            NodeId b = lives.get(0).id;
            assertAlternating(
                    a.calls().stream().filter(call -> call.peer().equals(b)).toList());
            assertThat(a.calls().stream()
                            .filter(call -> call.peer().equals(c.id))
                            .map(Node.Call::what))
                    .containsExactly("connected");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRefuseToSendInAnotherNodesName(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll)) {
            Envelope foreign =
                    new Envelope(Node.GROUP, new ReplicaId(NodeId.of("z"), UUID.randomUUID()), new Goodbye(1));
            assertThatThrownBy(() -> a.transport.send(NodeId.of("b"), foreign))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("z/");
            assertThat(a.send(NodeId.of("b"), new Goodbye(1))).isFalse();
        }
    }
}
