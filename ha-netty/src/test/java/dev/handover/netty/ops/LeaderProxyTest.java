package dev.handover.netty.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Registration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeaderProxyTest {
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final GivenRoute route = new GivenRoute();

    /** Says what the test says. */
    private static final class GivenRoute implements LeaderRoute {
        private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
        private volatile @Nullable InetSocketAddress leader;

        void set(@Nullable Server server) {
            leader = server == null ? null : (InetSocketAddress) server.socket.getLocalSocketAddress();
            listeners.forEach(Runnable::run);
        }

        @Override
        public @Nullable InetSocketAddress leader() {
            return leader;
        }

        @Override
        public Registration listen(Runnable changed) {
            listeners.add(changed);
            return () -> listeners.remove(changed);
        }

        @Override
        public void close() {}
    }

    /** Hands out what connects to it. */
    private static final class Server implements AutoCloseable {
        final ServerSocket socket;
        final LinkedBlockingQueue<Socket> connections = new LinkedBlockingQueue<>();

        Server() throws IOException {
            socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            Thread acceptor = new Thread(() -> {
                try {
                    while (true) {
                        Socket next = socket.accept();
                        next.setSoTimeout(20_000);
                        connections.add(next);
                    }
                } catch (SocketException e) {
                    connections.clear(); // closed
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            acceptor.setDaemon(true);
            acceptor.start();
        }

        Socket next() throws InterruptedException {
            Socket next = connections.poll(20, TimeUnit.SECONDS);
            assertThat(next).as("a connection").isNotNull();
            return next;
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.add(0, resource);
        return resource;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : opened) {
            resource.close();
        }
    }

    private Socket client(LeaderProxy proxy) throws IOException {
        Socket socket = keep(
                new Socket(InetAddress.getLoopbackAddress(), proxy.address().getPort()));
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String hear(Socket socket, int length) throws IOException {
        return new String(socket.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
    }

    @Test
    void shouldMoveNewConnectionsWithTheLeadership() throws Exception {
        Server a = keep(new Server());
        Server b = keep(new Server());
        route.set(a);
        LeaderProxy proxy = keep(LeaderProxy.builder(route).start());
        Socket first = client(proxy);
        say(first, "hello");
        Socket atA = a.next();
        assertThat(hear(atA, 5)).isEqualTo("hello");
        route.set(b);
        Socket second = client(proxy);
        say(second, "there");
        assertThat(hear(b.next(), 5)).isEqualTo("there");
        say(atA, "still"); // the first one stays
        assertThat(hear(first, 5)).isEqualTo("still");
        assertThat(proxy.stats().open()).isEqualTo(2);
        assertThat(proxy.stats().bytesToLeader()).isEqualTo(10);
        assertThat(proxy.stats().bytesToClients()).isEqualTo(5);
        assertThat(proxy.stats().deposed()).isZero();
    }

    @Test
    void shouldCloseConnectionsToADeposedLeaderIfAskedTo() throws Exception {
        Server a = keep(new Server());
        Server b = keep(new Server());
        route.set(a);
        LeaderProxy proxy = keep(
                LeaderProxy.builder(route).closeDeposed(Duration.ofMillis(50)).start());
        Socket client = client(proxy);
        Socket atA = a.next();
        say(atA, "last words");
        route.set(null); // nobody yet: no reason to close
        assertThat(hear(client, 10)).isEqualTo("last words");
        assertThat(proxy.stats().deposed()).isZero();
        route.set(b);
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        assertThat(atA.getInputStream().read()).isEqualTo(-1);
        assertThat(proxy.stats().deposed()).isEqualTo(1);
    }

    @Test
    void shouldLetNewConnectionsWaitForALeader() throws Exception {
        Server a = keep(new Server());
        Server dead = new Server();
        dead.close();
        LeaderProxy proxy = keep(LeaderProxy.builder(route).start());
        Socket client = client(proxy);
        say(client, "early");
        route.set(dead); // refuses
        route.set(a);
        assertThat(hear(a.next(), 5)).isEqualTo("early");
        route.set(null);
        LeaderProxy hasty =
                keep(LeaderProxy.builder(route).patience(Duration.ofMillis(100)).start());
        Socket gone = client(hasty);
        assertThatThrownBy(() -> {
                    if (gone.getInputStream().read() == -1) {
                        throw new SocketException("ended in order");
                    }
                })
                .isInstanceOf(SocketException.class)
                .hasMessageNotContaining("order");
        assertThat(hasty.stats().abandoned()).isEqualTo(1);
    }

    @Test
    void shouldKeepWhatClientsHaveSaidThatEndedTheirHalfBeforeThereWasALeader() throws Exception {
        Server a = keep(new Server());
        LeaderProxy proxy = keep(LeaderProxy.builder(route).start());
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Socket client = client(proxy);
            say(client, "early");
            client.shutdownOutput();
            clients.add(client);
        }
        TwoNodes.await("all are waiting", () -> proxy.stats().open() == clients.size());
        route.set(a);
        for (int i = 0; i < clients.size(); i++) {
            Socket server = a.next();
            assertThat(new String(server.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .isEqualTo("early");
            say(server, "answer");
            server.shutdownOutput();
        }
        for (Socket client : clients) {
            assertThat(hear(client, 6)).isEqualTo("answer");
        }
        TwoNodes.await("nothing is left open", () -> proxy.stats().open() == 0);
    }

    @Test
    void shouldKeepHalfClosedConnectionsHalfClosed() throws Exception {
        Server a = keep(new Server());
        route.set(a);
        LeaderProxy proxy = keep(LeaderProxy.builder(route).start());
        Socket client = client(proxy);
        say(client, "question");
        client.shutdownOutput();
        Socket server = a.next();
        assertThat(new String(server.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                .isEqualTo("question");
        say(server, "answer");
        assertThat(hear(client, 6)).isEqualTo("answer");
        server.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
        TwoNodes.await("nothing is left open", () -> proxy.stats().open() == 0);
    }

    @Test
    void shouldBreakWhatBroke() throws Exception {
        Server a = keep(new Server());
        route.set(a);
        LeaderProxy proxy = keep(LeaderProxy.builder(route).start());
        Socket client = client(proxy);
        say(client, "x");
        Socket server = a.next();
        assertThat(hear(server, 1)).isEqualTo("x"); // else the proxy would dial again
        server.setSoLinger(true, 0);
        server.close(); // a reset
        assertThatThrownBy(() -> {
                    if (client.getInputStream().read() == -1) {
                        throw new IOException("ended in order");
                    }
                })
                .isInstanceOf(SocketException.class);
        TwoNodes.await("nothing is left open", () -> proxy.stats().open() == 0);
    }

    @Test
    void shouldReadNoFasterThanTheOtherSideTakesIt() throws Exception {
        Server a = keep(new Server());
        route.set(a);
        LeaderProxy proxy = keep(LeaderProxy.builder(route).start());
        Socket client = client(proxy);
        Socket server = a.next();
        int total = 64 << 20;
        Thread writer = new Thread(() -> {
            try {
                byte[] block = new byte[1 << 16];
                for (int sent = 0; sent < total; sent += block.length) {
                    client.getOutputStream().write(block);
                }
                client.shutdownOutput();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        writer.setDaemon(true);
        writer.start();
        long[] seen = {-1};
        TwoNodes.await("it stands still", () -> {
            long before = seen[0];
            seen[0] = proxy.stats().bytesToLeader();
            try {
                Thread.sleep(200);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return seen[0] > 0 && seen[0] == before;
        });
        assertThat(seen[0]).isLessThan(total / 2); // what the kernel buffers, and no more
        long received = 0;
        byte[] block = new byte[1 << 16];
        for (int n = server.getInputStream().read(block);
                n >= 0;
                n = server.getInputStream().read(block)) {
            received += n;
        }
        assertThat(received).isEqualTo(total);
    }

    @Test
    void shouldBoundConnectionsAndEndInOrder() throws Exception {
        Server a = keep(new Server());
        route.set(a);
        LeaderProxy proxy = keep(LeaderProxy.builder(route).maxConnections(1).start());
        Socket first = client(proxy);
        a.next();
        assertThat(client(proxy).getInputStream().read()).isEqualTo(-1);
        assertThat(proxy.stats().refused()).isEqualTo(1);
        proxy.close();
        proxy.close();
        assertThat(first.getInputStream().read()).isEqualTo(-1);
        assertThatThrownBy(() -> client(proxy)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> LeaderProxy.builder(route).maxConnections(0).start())
                .hasMessageContaining("maxConnections 0");
    }

    @Test
    void shouldFollowAGroupByItsReplicaAndByItsOperationsPorts(@TempDir Path directory) throws Exception {
        Server a = keep(new Server());
        Server b = keep(new Server());
        InetSocketAddress atA = (InetSocketAddress) a.socket.getLocalSocketAddress();
        InetSocketAddress atB = (InetSocketAddress) b.socket.getLocalSocketAddress();
        TwoNodes nodes = keep(new TwoNodes(directory));
        OpsServer opsA = nodes.keep(OpsServer.builder(nodes.modelA).start());
        OpsServer opsB = nodes.keep(OpsServer.builder(nodes.modelB).start());
        LeaderRoute known = keep(LeaderRoute.of(nodes.logB, node -> node.value().equals("a") ? atA : atB));
        LeaderRoute asking = keep(LeaderRoute.asking(
                TwoNodes.GROUP, Map.of(opsA.address(), atA, opsB.address(), atB), Duration.ofMillis(20)));
        TwoNodes.await("both know a", () -> atA.equals(known.leader()) && atA.equals(asking.leader()));
        nodes.logA.handOver().get(20, TimeUnit.SECONDS);
        TwoNodes.await("both know b", () -> atB.equals(known.leader()) && atB.equals(asking.leader()));
        LeaderProxy proxy = keep(LeaderProxy.builder(asking).start());
        say(client(proxy), "to b");
        assertThat(hear(b.next(), 4)).isEqualTo("to b");
        asking.close();
        TwoNodes.await("its thread ends", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().equals("leader-route-g")));
    }
}
