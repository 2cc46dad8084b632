package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.replication.protocol.Message.Goodbye;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a transport leaves behind: nothing. */
@Timeout(60)
class CloseTest {
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldEndItsThreadsFreeThePortAndCallNobodyAfterwards(boolean epoll) throws Exception {
        try (Node peer = Node.start("peer", epoll)) {
            Node node = Node.start("closing", epoll);
            node.dial(peer);
            node.transport.connectTo(Map.of(
                    peer.id,
                    peer.address(),
                    NodeId.of("dead"),
                    new InetSocketAddress("127.0.0.1", 1),
                    NodeId.of("unknown"),
                    InetSocketAddress.createUnresolved("nobody.invalid", 1)));
            node.await("connected", peer.id);
            CompletableFuture<String> lent = new CompletableFuture<>();
            assertThat(node.transport.execute(
                            () -> lent.complete(Thread.currentThread().getName())))
                    .isTrue();
            assertThat(lent.get()).isEqualTo("closing-transport");
            node.await("refused", NodeId.of("dead"), 3);
            node.close();
            int calls = node.calls().size();
            assertThat(threads("closing-transport")).isZero();
            assertThatThrownBy(() -> new Socket("127.0.0.1", node.address().getPort()).close())
                    .isInstanceOf(ConnectException.class);
            assertThat(node.count("disconnected")).isEqualTo(1);
            peer.await("disconnected", node.id);
            assertThat(node.send(peer, new Goodbye(1))).isFalse();
            assertThat(node.transport.execute(() -> {})).isFalse();
            node.dial(peer); // does nothing
            node.close();
            assertThat(node.calls()).hasSize(calls);
            awaitNoThread("closing-resolver");
        }
    }

    @Test
    void shouldForgetANameThatIsFoundWhenTheLoopIsGone() throws Exception {
        EventLoop loop = Backend.NIO.newLoop(new LoopThread("late-transport"));
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        Hub hub = new Hub(NodeId.of("late"), null, null, Backend.NIO, loop, new Bootstrap(), null);
        Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
        try {
            hub.resolve(InetSocketAddress.createUnresolved("localhost", 1), resolved -> {});
            awaitNoThread("late-resolver");
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertThat(uncaught).isEmpty();
    }

    private static long threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(name))
                .count();
    }

    private static void awaitNoThread(String name) throws InterruptedException {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().startsWith(name)) {
                thread.join(10_000);
            }
        }
        assertThat(threads(name)).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldKeepListeningUntilAllConnectionsAreClosed(boolean epoll) throws Exception {
        try (Node node = Node.start("a", epoll, 0, s -> s.closeTimeout(Duration.ofMillis(700)));
                Stranger s = new Stranger(node.address())) {
            s.hello("s", "a", "test", UUID.randomUUID(), Wire.MAGIC, 1, 1);
            assertThat(s.read().type()).isEqualTo(Wire.HELLO);
            s.frame(Wire.READY);
            assertThat(s.read().type()).isEqualTo(Wire.READY);
            node.await("connected", NodeId.of("s"));
            assertThat(node.send(NodeId.of("s"), new Goodbye(5))).isTrue();
            CompletableFuture<Void> closing = CompletableFuture.runAsync(node.transport::close);
            assertThat(s.read().type()).isEqualTo(Wire.GROUP);
            assertThat(s.read().type()).isEqualTo(Wire.GOODBYE); // what was sent is still written
            assertThat(s.isClosed()).isTrue(); // the sending half; this side leaves its own open
            new Socket("127.0.0.1", node.address().getPort()).close(); // is not refused
            assertThat(closing).isNotDone();
            closing.get(20, TimeUnit.SECONDS); // the bound
            assertThatThrownBy(() -> new Socket("127.0.0.1", node.address().getPort()).close())
                    .isInstanceOf(ConnectException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldListenOnTheSamePortAgainAtOnce(boolean epoll) throws Exception {
        try (Node peer = Node.start("peer", epoll)) {
            int port = 0;
            for (int i = 1; i <= 10; i++) {
                try (Node node = Node.start("node", epoll, port, s -> s)) {
                    port = node.address().getPort();
                    peer.dial(node);
                    node.await("connected", peer.id);
                }
                peer.await("disconnected", NodeId.of("node"), i);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldSayWhyItCannotListen(boolean epoll) throws Exception {
        try (Node first = Node.start("a", epoll)) {
            int port = first.address().getPort();
            assertThatThrownBy(() -> Node.start("second", epoll, port, s -> s))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("node second cannot listen on 127.0.0.1:" + port);
            assertThatThrownBy(() -> first.transport.start(first.id, first)).isInstanceOf(IllegalStateException.class);
            assertThat(threads("second-transport")).isZero();
            assertThat(first.calls()).isEmpty();
        }
    }

    @Test
    void shouldBeClosableByItsOwnListenerAndBeforeTheStart() throws Exception {
        NettyTransport unused = NettyTransport.listen("127.0.0.1", 0);
        unused.close();
        unused.close();
        assertThatThrownBy(unused::address).isInstanceOf(IllegalStateException.class);

        try (Node peer = Node.start("peer", true)) {
            ClosingListener closing = new ClosingListener();
            NettyTransport transport = NettyTransport.listen("127.0.0.1", 0);
            closing.transport = transport;
            transport.start(closing.id, closing);
            transport.connectTo(Map.of(peer.id, peer.address()));
            peer.await("connected", closing.id);
            peer.await("disconnected", closing.id);
            awaitNoThread("closing-itself-transport");
            transport.close();
        }
    }

    @Test
    void shouldCheckItsSettings() {
        assertThatThrownBy(() -> NettyTransport.listen("10.0.0.1", 70_000)).hasMessageContaining("70000");
        assertThatThrownBy(() -> NettyTransport.listen("0.0.0.0", 7101)).hasMessageContaining("advertisedAddress");
        assertThatThrownBy(() -> NettyTransport.listen("::", 7101)).hasMessageContaining("advertisedAddress");
        assertThatThrownBy(() ->
                        NettyTransport.builder("10.0.0.1", 0).maxFrameBytes(100).build())
                .hasMessageContaining("maxFrameBytes 100");
        assertThatThrownBy(() -> NettyTransport.builder("10.0.0.1", 0)
                        .maxQueuedBytes(100)
                        .build())
                .hasMessageContaining("maxQueuedBytes 100");
        assertThatThrownBy(() -> NettyTransport.builder("10.0.0.1", 0)
                        .handshakeTimeout(Duration.ofMinutes(5))
                        .build())
                .hasMessageContaining("handshakeTimeout PT5M");
        assertThatThrownBy(() -> NettyTransport.builder("10.0.0.1", 0)
                        .redial(Duration.ofSeconds(2), Duration.ofSeconds(1))
                        .build())
                .hasMessageContaining("PT2S");
    }

    @Test
    void shouldTellTheAdvertisedAddressWithThePortItListensOn() throws Exception {
        try (Node node = new Node(
                "a",
                NettyTransport.builder("0.0.0.0", 0)
                        .advertisedAddress("orders.example.com", 0)
                        .build())) {
            node.transport.start(node.id, node);
            assertThat(node.address().getHostString()).isEqualTo("orders.example.com");
            assertThat(node.address().getPort()).isPositive();
            new Socket("127.0.0.1", node.address().getPort()).close();
        }
    }
}
