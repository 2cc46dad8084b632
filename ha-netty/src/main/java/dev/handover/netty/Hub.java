package dev.handover.netty;

import dev.handover.NodeId;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All peers and connections of one transport, and the way to its listener. Lives on the event loop, save {@link #outbox}. */
final class Hub {
    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);
    private static final long LOG_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** Handshakes of strangers at the same time; more are closed at once. */
    private static final int MAX_HANDSHAKES = 64;

    private final NodeId self;
    private final Options options;
    private final @Nullable Tls tls;
    private final Backend backend;
    private final EventLoop loop;
    private final Bootstrap dialer;
    private final Resolver resolver;
    private final GuardedListener listener;
    private final ConcurrentHashMap<NodeId, Outbox> outboxes = new ConcurrentHashMap<>();
    private final Map<NodeId, Peer> peers = new TreeMap<>();
    private final Set<NodeId> named = new HashSet<>();
    private final Set<NodeId> dismissed = new HashSet<>();
    private final Set<Connection> connections = new LinkedHashSet<>();
    private final LogGate logGate = new LogGate(LOG_AGAIN_NANOS);
    private boolean closing;

    Hub(
            NodeId self,
            Options options,
            @Nullable Tls tls,
            Backend backend,
            EventLoop loop,
            Bootstrap dialer,
            GuardedListener listener) {
        this.self = self;
        this.options = options;
        this.tls = tls;
        this.backend = backend;
        this.loop = loop;
        this.dialer = dialer;
        this.listener = listener;
        resolver = new Resolver(self + "-resolver");
    }

    /** Any thread: where messages for the peer go; null while there is no connection. */
    @Nullable
    Outbox outbox(NodeId peer) {
        return outboxes.get(peer);
    }

    Options options() {
        return options;
    }

    /** Null without. */
    @Nullable
    Tls tls() {
        return tls;
    }

    Backend backend() {
        return backend;
    }

    EventLoop loop() {
        return loop;
    }

    boolean isClosing() {
        return closing;
    }

    /** Whether this node decides which connection the pair uses. */
    boolean decidesFor(NodeId peer) {
        return self.compareTo(peer) < 0;
    }

    Peer peer(NodeId id) {
        return peers.computeIfAbsent(id, key -> new Peer(this, key));
    }

    /** The peers to be connected with; replaces what was said before. */
    void connectTo(Map<NodeId, InetSocketAddress> wanted) {
        if (closing) {
            return;
        }
        for (NodeId id : List.copyOf(named)) {
            if (!wanted.containsKey(id)) {
                dismiss(id);
            }
        }
        wanted.forEach((id, address) -> {
            if (!id.equals(self)) {
                named.add(id);
                dismissed.remove(id);
                Peer peer = peer(id);
                peer.dial().target(address);
                peer.dialIfAlone();
            }
        });
    }

    private void dismiss(NodeId id) {
        String reason = self + " is not to be connected with " + id + " any more";
        named.remove(id);
        dismissed.add(id);
        peer(id).dismiss(reason);
        for (Connection connection : List.copyOf(connections)) {
            Hello hello = connection.hello();
            if (hello != null && hello.node().equals(id)) {
                connection.refuse(reason);
            }
        }
        forgetIfUnused(id);
    }

    // ---- outgoing

    ChannelFuture connect(InetSocketAddress to, Peer peer) {
        return dialer.clone()
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        new Connection(Hub.this, channel, peer);
                    }
                })
                .connect(to);
    }

    void resolve(InetSocketAddress unresolved, Consumer<InetSocketAddress> onLoop) {
        resolver.resolve(unresolved, resolved -> {
            try {
                loop.execute(() -> onLoop.accept(resolved));
            } catch (RejectedExecutionException e) {
                LOG.debug("{}: closed before {} was found", self, unresolved);
            }
        });
    }

    void dialFailed(NodeId peer, String cause) {
        if (logGate.opens("dial " + peer, System.nanoTime())) {
            LOG.info("{}: cannot reach {}: {}", self, peer, cause);
        }
    }

    void refused(NodeId peer) {
        LOG.debug("{}: nobody listens at the address of {}", self, peer);
        listener.refused(peer);
    }

    // ---- handshakes

    /** A connection has its first moment; false if it cannot be kept. */
    boolean opened(Connection connection) {
        if (closing) {
            return false;
        }
        if (connection.dialled() == null) {
            long handshakes = connections.stream()
                    .filter(c -> !c.isStanding() && c.dialled() == null)
                    .count();
            if (handshakes >= MAX_HANDSHAKES) {
                stranger(connection.channel(), "more than " + MAX_HANDSHAKES + " unfinished handshakes");
                return false;
            }
        }
        connections.add(connection);
        return true;
    }

    Hello greeting() {
        return listener.hello();
    }

    /** Why the greeting cannot be accepted; null if it can. */
    @Nullable
    String refusalOf(Greeting greeting, @Nullable Peer dialled) {
        NodeId speaker = greeting.speaker();
        if (!greeting.addressee().equals(self)) {
            return "this is node " + self + ", not " + greeting.addressee() + ": the address is an old or a wrong one";
        }
        if (speaker.equals(self)) {
            return "the id " + self + " is this node's own: ids must be unique, rename one of the two";
        }
        if (dialled != null && !speaker.equals(dialled.id())) {
            return "node " + speaker + " answered where " + dialled.id()
                    + " was dialled: the address is an old or a wrong one";
        }
        Hello hello = greeting.hello();
        if (hello == null) {
            return speaker + " speaks protocol versions " + greeting.lowestVersion() + " to "
                    + greeting.highestVersion() + ", " + self + " speaks " + Wire.LOWEST_VERSION + " to "
                    + Wire.HIGHEST_VERSION + ": upgrade the older one";
        }
        if (dismissed.contains(speaker)) {
            return self + " is not to be connected with " + speaker + " any more";
        }
        return listener.refusalOf(hello);
    }

    /** One of the two sides refused the other. */
    void rejected(NodeId peer, String reason, Channel channel) {
        if (logGate.opens("rejected " + peer + reason, System.nanoTime())) {
            LOG.warn("{}: no connection with {} at {}: {}", self, peer, channel.remoteAddress(), reason);
        }
        listener.rejected(peer, reason);
    }

    /** Somebody who did not say who he is was turned away. */
    void stranger(Channel channel, String reason) {
        if (logGate.opens("stranger", System.nanoTime())) {
            LOG.warn("{}: closed a connection from {}: {}", self, channel.remoteAddress(), reason);
        }
    }

    /** A fault of this side, not of the peer. */
    void failed(Connection connection, Throwable failure) {
        if (logGate.opens("failed " + failure, System.nanoTime())) {
            LOG.error("{}: connection {} failed", self, connection, failure);
        }
    }

    // ---- connections

    void established(NodeId peer, Connection connection) {
        Hello hello = connection.hello();
        if (hello == null) {
            throw new IllegalStateException("connection " + connection + " without a greeting");
        }
        LOG.info("{}: connected with {} ({})", self, peer, connection);
        outboxes.put(peer, connection.outbox());
        listener.connected(hello);
    }

    void lost(NodeId peer, Connection connection, String reason) {
        outboxes.remove(peer, connection.outbox());
        listener.disconnected(peer, reason);
    }

    /** Is logged after the dial. No lambda: this is where a take-over begins, and linking one takes longer than the dial. */
    private record Loss(NodeId self, NodeId peer, String reason) implements Runnable {
        @Override
        public void run() {
            LOG.info("{}: connection with {} is gone: {}", self, peer, reason);
        }
    }

    /** A connection is over, after it stood or before. */
    void ended(Connection connection, boolean stood, String reason, boolean rejected) {
        connections.remove(connection);
        Hello hello = connection.hello();
        Peer dialled = connection.dialled();
        Peer peer = hello == null ? dialled : peers.get(hello.node());
        if (stood && peer != null) {
            peer.lost(connection, reason, rejected);
            loop.execute(new Loss(self, peer.id(), reason));
        } else {
            LOG.debug("{}: handshake {} ended: {}", self, connection, reason);
            if (peer != null) {
                peer.endedEarly(connection);
            }
            if (dialled != null) {
                dialled.dial().ended(connection, rejected);
            }
        }
        if (peer != null) {
            forgetIfUnused(peer.id());
        }
    }

    boolean received(Envelope envelope) {
        return listener.received(envelope);
    }

    /** Part of a message came. */
    void receiving(NodeId peer) {
        listener.receiving(peer);
    }

    void receivedAll() {
        listener.receivedAll();
    }

    /** Ends all connections, tells the listener so, and nothing more after that. The channels given back are still being closed. */
    List<Channel> closeConnections() {
        closing = true;
        resolver.close();
        peers.values().forEach(peer -> peer.dial().stop(null));
        List<Channel> channels = new ArrayList<>();
        for (Connection connection : List.copyOf(connections)) {
            channels.add(connection.channel());
            connection.closeGently("node " + self + " is closing");
        }
        listener.silence();
        return channels;
    }

    private void forgetIfUnused(NodeId id) {
        Peer peer = peers.get(id);
        if (peer != null && !named.contains(id) && !peer.hasConnection()) {
            peer.dial().stop(null);
            peers.remove(id);
        }
    }
}
