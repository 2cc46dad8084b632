package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Message.Goodbye;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in, who is not, and what both are told. */
@Timeout(60)
class HandshakeTest {
    private static final NodeId S = NodeId.of("s");

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRefuseAnotherClusterOnBothSidesAndTryAgain(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.rejectedRedial(Duration.ofMillis(10)))
                        .inCluster("one");
                Node b = Node.start("b", epoll).inCluster("two")) {
            a.dial(b);
            assertThat(a.await("rejected", b.id).detail()).contains("refused by b: cluster is one, not two");
            assertThat(b.await("rejected", a.id).detail()).contains("cluster is one, not two");
            a.await("rejected", b.id, 3);
            assertThat(a.count("connected") + b.count("connected")).isZero();
            b.inCluster("one");
            a.await("connected", b.id);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldRefuseToBeTakenForAnotherNode(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll);
                Node b = Node.start("b", epoll)) {
            NodeId c = NodeId.of("c");
            a.transport.connectTo(Map.of(c, b.address()));
            assertThat(a.await("rejected", c).detail()).contains("this is node b, not c");
            assertThat(b.await("rejected", a.id).detail()).contains("this is node b, not c");
        }
    }

    @Test
    void shouldRefuseItself() throws Exception {
        try (Node a = Node.start("a", true)) {
            NodeId b = NodeId.of("b");
            a.transport.connectTo(Map.of(b, a.address(), a.id, a.address()));
            assertThat(a.await("rejected", b).detail()).contains("this is node a, not b");
            assertThat(a.count("connected")).isZero();
        }
    }

    @Test
    void shouldRefuseAnotherNodeWithItsOwnId() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger twin = new Stranger(a.address())) {
            twin.hello("a", "a");
            Stranger.Frame answer = twin.read();
            assertThat(answer.type()).isEqualTo(Wire.REFUSE);
            assertThat(answer.text()).contains("ids must be unique");
            assertThat(twin.isClosed()).isTrue();
            a.await("rejected", a.id);
        }
    }

    @Test
    void shouldRefuseAnotherProtocolVersion() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger later = new Stranger(a.address())) {
            later.hello("s", "a", "test", UUID.randomUUID(), Wire.MAGIC, 2, 3);
            assertThat(later.read().text()).contains("s speaks protocol versions 2 to 3, a speaks 1 to 1");
            assertThat(later.isClosed()).isTrue();
            a.await("rejected", S);
        }
    }

    @Test
    void shouldRefuseAWrongMagic() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger stranger = new Stranger(a.address())) {
            stranger.hello("s", "a", "test", UUID.randomUUID(), 0x12345678, 1, 1);
            assertThat(stranger.read().text()).contains("hello.magic at byte 4: is 12345678, not 48444f56");
            assertThat(stranger.isClosed()).isTrue();
        }
    }

    @Test
    void shouldRefuseWhoeverSpeaksHttp() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger browser = new Stranger(a.address())) {
            browser.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(browser.isClosed()).isTrue();
            assertThat(a.calls()).isEmpty();
        }
    }

    @Test
    void shouldRefuseMessagesBeforeTheGreeting() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger stranger = new Stranger(a.address())) {
            stranger.frame(Wire.GOODBYE, new byte[10]);
            assertThat(stranger.read().text()).contains("does not belong in phase GREETING");
            assertThat(stranger.isClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldCloseAHandshakeThatIsNotFinishedInTime(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.handshakeTimeout(Duration.ofSeconds(1)));
                Stranger silent = new Stranger(a.address());
                Stranger halfway = new Stranger(a.address())) {
            halfway.hello("s", "a");
            assertThat(halfway.read().type()).isEqualTo(Wire.HELLO);
            assertThat(silent.isClosed()).isTrue();
            assertThat(halfway.isClosed()).isTrue();
            assertThat(a.calls()).isEmpty();
        }
    }

    @Test
    void shouldCloseAConnectionThatSendsAMalformedMessageAndSayWhy() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger s = new Stranger(a.address())) {
            join(s, a, UUID.randomUUID());
            a.await("connected", S);
            s.frame(Wire.GOODBYE, (byte) 0, (byte) 0, (byte) 1);
            Stranger.Frame answer = s.read();
            assertThat(answer.type()).isEqualTo(Wire.REFUSE);
            assertThat(answer.text()).contains("message.group at byte 2: 0 is unknown");
            assertThat(s.isClosed()).isTrue();
            assertThat(a.await("disconnected", S).detail()).contains("message.group");
            assertThat(a.count("disconnected")).isEqualTo(1);
        }
    }

    /** As dialer s of the smaller a: HELLO, HELLO, READY, READY. */
    private static void join(Stranger s, Node a, UUID incarnation) throws Exception {
        s.hello("s", a.id.value(), "test", incarnation, Wire.MAGIC, 1, 1);
        assertThat(s.read().type()).isEqualTo(Wire.HELLO);
        s.frame(Wire.READY);
        assertThat(s.read().type()).isEqualTo(Wire.READY);
    }

    @Test
    void shouldReplaceTheConnectionOfAProcessThatHasRestarted() throws Exception {
        try (Node a = Node.start("a", true);
                Stranger before = new Stranger(a.address());
                Stranger after = new Stranger(a.address())) {
            join(before, a, UUID.randomUUID());
            join(after, a, UUID.randomUUID());
            Stranger.Frame goodbye = before.read();
            assertThat(goodbye.type()).isEqualTo(Wire.REFUSE);
            assertThat(goodbye.text()).contains("another process with the id s has connected");
            a.await("connected", S, 2);
            assertThat(a.calls()).extracting(Node.Call::what).containsExactly("connected", "disconnected", "connected");
            assertThat(a.send(S, new Goodbye(1))).isTrue();
            assertThat(after.read().type()).isEqualTo(Wire.GROUP);
            assertThat(after.read().type()).isEqualTo(Wire.GOODBYE);
        }
    }

    @Test
    void shouldHoldASecondConnectionUntilTheFirstIsGone() throws Exception {
        UUID process = UUID.randomUUID();
        try (Node a = Node.start("a", true);
                Stranger first = new Stranger(a.address());
                Stranger second = new Stranger(a.address())) {
            join(first, a, process);
            second.hello("s", "a", "test", process, Wire.MAGIC, 1, 1);
            assertThat(second.read().type()).isEqualTo(Wire.HELLO);
            second.frame(Wire.READY);
            a.send(S, new Goodbye(1));
            assertThat(first.read().type()).isEqualTo(Wire.GROUP); // the first one is still in use
            first.hangUp();
            assertThat(second.read().type()).isEqualTo(Wire.READY);
            a.await("connected", S, 2);
            assertThat(a.calls()).extracting(Node.Call::what).containsExactly("connected", "disconnected", "connected");
        }
    }

    @Test
    void shouldTakeASecondConnectionInTheEndIfTheFirstSeemsAliveAtThisSideOnly() throws Exception {
        UUID process = UUID.randomUUID();
        try (Node a = Node.start("a", true, 0, s -> s.handshakeTimeout(Duration.ofSeconds(1)));
                Stranger first = new Stranger(a.address());
                Stranger second = new Stranger(a.address())) {
            join(first, a, process);
            join(second, a, process); // READY comes after the hold
            assertThat(first.isClosed()).isTrue();
            a.await("connected", S, 2);
        }
    }

    @Test
    void shouldForgetAHeldConnectionThatTheOtherSideCloses() throws Exception {
        UUID process = UUID.randomUUID();
        try (Node a = Node.start("a", true, 0, s -> s.handshakeTimeout(Duration.ofSeconds(1)));
                Stranger first = new Stranger(a.address())) {
            join(first, a, process);
            try (Stranger second = new Stranger(a.address())) {
                second.hello("s", "a", "test", process, Wire.MAGIC, 1, 1);
                assertThat(second.read().type()).isEqualTo(Wire.HELLO);
                second.frame(Wire.READY);
            }
            try (Stranger third =
                    new Stranger(a.address())) { // taken after the hold, so the second was not taken before
                join(third, a, process);
                a.await("connected", S, 2);
            }
            assertThat(a.calls().stream().limit(3))
                    .extracting(Node.Call::what)
                    .containsExactly("connected", "disconnected", "connected");
        }
    }

    @Test
    void shouldNotKeepMoreThanSomeUnfinishedHandshakes() throws Exception {
        try (Node a = Node.start("a", true)) {
            Stranger[] many = new Stranger[65];
            try {
                for (int i = 0; i < many.length; i++) {
                    many[i] = new Stranger(a.address());
                }
                assertThat(many[64].isClosed()).isTrue();
                many[0].hello("s", "a");
                assertThat(many[0].read().type()).isEqualTo(Wire.HELLO);
            } finally {
                for (Stranger one : many) {
                    one.close();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSayThatALongMessageIsOnItsWayButNotOfOneThatNeverEnds(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.silenceTimeout(Duration.ofSeconds(1)));
                Stranger s = new Stranger(a.address())) {
            join(s, a, UUID.randomUUID());
            a.await("connected", S);
            s.write(
                    (byte) 0, (byte) 0, (byte) 16,
                    (byte) 0); // the length of a frame that goes on with a byte now and then
            long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
            long told = 0;
            long toldLast = System.nanoTime();
            while (System.nanoTime() < end
                    && System.nanoTime() - toldLast < Duration.ofMillis(1500).toNanos()) {
                s.write((byte) Wire.PING);
                Thread.sleep(5); // the line is that slow
                if (a.count("receiving") > told) {
                    told = a.count("receiving");
                    toldLast = System.nanoTime();
                }
            }
            assertThat(told).as("times within a second, each 20 ms").isBetween(2L, 50L);
            assertThat(System.nanoTime())
                    .as("told no more before the message ends")
                    .isLessThan(end);
            assertThat(a.messages()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldDropAConnectionOnWhichNothingIsHeardAndKeepOneThatIsIdle(boolean epoll) throws Exception {
        try (Node a = Node.start("a", epoll, 0, s -> s.silenceTimeout(Duration.ofSeconds(1)));
                Node idle = Node.start("i", epoll, 0, s -> s.silenceTimeout(Duration.ofSeconds(1)));
                Stranger silent = new Stranger(a.address())) {
            a.dial(idle);
            a.await("connected", idle.id);
            join(silent, a, UUID.randomUUID());
            assertThat(a.await("disconnected", S).detail()).contains("nothing heard for");
            assertThat(a.count("disconnected")).isEqualTo(1);
            assertThat(idle.count("disconnected")).isZero();
            assertThat(silent.isClosed()).isTrue();
        }
    }

    @Test
    void shouldAcceptASmallerStrangerWhoDecides() throws Exception {
        try (Node t = Node.start("t", true);
                Stranger s = new Stranger(
                        new InetSocketAddress("127.0.0.1", t.address().getPort()))) {
            s.hello("s", "t");
            assertThat(s.read().type()).isEqualTo(Wire.HELLO);
            s.frame(Wire.READY);
            t.await("connected", S);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldNotDialInAHotLoopWhenConnectionsDoNotLast(boolean epoll) throws Exception {
        try (ServerSocket flapping = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                Node a = Node.start("a", epoll)) {
            flapping.setSoTimeout(20_000);
            a.transport.connectTo(Map.of(S, (InetSocketAddress) flapping.getLocalSocketAddress()));
            long begin = System.nanoTime();
            for (int i = 0; i < 14; i++) {
                try (Stranger s = new Stranger(flapping.accept())) {
                    assertThat(s.read().type()).isEqualTo(Wire.HELLO);
                    s.hello("s", "a");
                    assertThat(s.read().type()).isEqualTo(Wire.READY);
                }
            }
            // three losses are forgiven; then pauses of 1, 2, 4 … ms, at least three quarters of that
            assertThat(System.nanoTime() - begin).isGreaterThan(150_000_000);
            a.await("disconnected", S, 14);
            ConnectionTest.assertAlternating(a.calls());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldDialAgainAtOnceWhenADyingProcessTakesTheDialAndDropsIt(boolean epoll) throws Exception {
        try (ServerSocket dying = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                Node a = Node.start("a", epoll, 0, s -> s.redial(Duration.ofSeconds(30), Duration.ofSeconds(30)))) {
            dying.setSoTimeout(20_000);
            a.transport.connectTo(Map.of(S, (InetSocketAddress) dying.getLocalSocketAddress()));
            try (Stranger s = new Stranger(dying.accept())) {
                assertThat(s.read().type()).isEqualTo(Wire.HELLO);
                s.hello("s", "a");
                assertThat(s.read().type()).isEqualTo(Wire.READY);
                a.await("connected", S);
            }
            dying.accept().close();
            dying.accept().close();
            Socket last = dying.accept();
            stopListening(dying);
            last.close();
            a.await("refused", S); // and not after the pause of 30 s
        }
    }

    private static void stopListening(ServerSocket socket) throws IOException {
        socket.close();
    }
}
