package dev.handover.netty;

import dev.handover.NodeId;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Transport;
import dev.handover.replication.transport.TransportListener;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries the messages of all groups over TCP, one connection for each pair of nodes:
 *
 * <pre>{@code
 * NettyTransport.listen("10.0.0.1", 7101)
 * NettyTransport.builder("0.0.0.0", 7101).advertisedAddress("orders-1.example.com", 7101).build()
 * }</pre>
 *
 * <p>One daemon thread, {@code <node>-transport}, does all reading, writing and calling of the {@link TransportListener}; therefore calls of the listener come
 * one at a time for all peers. It uses Linux epoll where it can, the JDK's selectors elsewhere. Nothing here blocks but {@link #start} and {@link #close}.
 *
 * <p>Without {@link Builder#tls TLS} whoever can reach the port can speak and listen: keep it in a trusted network then.
 */
public final class NettyTransport implements Transport {
    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);
    private static final int BACKLOG = 128;
    /** Enough for the connections with peers, and what else the process opens at its start. */
    private static final int DESCRIPTORS_BELOW = 64;

    private static final WriteBufferWaterMark ENCODED_AHEAD = new WriteBufferWaterMark(256 << 10, 1 << 20);
    private static final long LOG_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** Beyond the time that connections are given to close. */
    private static final long CLOSE_SLACK_MILLIS = 2000;

    private final Options options;
    private final LogGate logGate = new LogGate(LOG_AGAIN_NANOS);
    private volatile @Nullable Running running;
    private boolean closeBegun;

    private record Running(
            NodeId self, EventLoop loop, LoopThread thread, Hub hub, Channel server, InetSocketAddress address) {}

    private @Nullable TlsOptions renewed;
    private @Nullable TlsWatch watch;

    private NettyTransport(Options options) {
        this.options = options;
    }

    /**
     * A transport with default settings that will listen there.
     *
     * @param host name or address of one of this host's interfaces, by which the other nodes can dial it. To listen on all interfaces use {@link #builder}
     *     and say under which address the others find it
     * @param port 0 to 65535; with 0 the system chooses a free one, see {@link #address()}
     * @throws IllegalArgumentException if the port is none, or if the host stands for all interfaces
     */
    public static NettyTransport listen(String host, int port) {
        return builder(host, port).build();
    }

    /** Begins the configuration of a transport that will listen there, see {@link #listen}. */
    public static Builder builder(String host, int port) {
        return new Builder(host, port);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IOException if it cannot listen there, or with TLS this node's own certificate has expired or is another node's; the message names address or certificate
     * @throws IllegalStateException if it was started or closed before
     */
    @Override
    public synchronized void start(NodeId self, TransportListener listener) throws IOException {
        if (closeBegun || running != null) {
            throw new IllegalStateException(
                    "the transport of " + self + " was started or closed before: build a new one");
        }
        TlsOptions secured = renewed == null ? options.tls() : renewed;
        Tls tls = secured == null ? null : new Tls(self, secured);
        Backend backend = options.nativeTransport() ? Backend.best() : Backend.NIO;
        if (options.nativeTransport() && backend == Backend.NIO) {
            LOG.debug("{}: no epoll here, using the JDK's selectors", self, Epoll.unavailabilityCause());
        }
        LoopThread thread = new LoopThread(self + "-transport");
        EventLoop loop = backend.newLoop(thread);
        Bootstrap dialer = new Bootstrap()
                .group(loop)
                .channel(backend.socket)
                .disableResolver()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        options.handshakeTimeout().toMillis())
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(ChannelOption.RECVBUF_ALLOCATOR, receiveBuffers())
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, ENCODED_AHEAD);
        Hub hub = new Hub(self, options, tls, backend, loop, dialer, new GuardedListener(self, listener));
        ServerBootstrap acceptor = new ServerBootstrap()
                .group(loop, loop)
                .channel(backend.listener)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(
                        ChannelOption.SO_REUSEADDR,
                        true) // a restart finds connections of the last process in TIME_WAIT
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.RECVBUF_ALLOCATOR, receiveBuffers())
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, ENCODED_AHEAD)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        new Connection(hub, channel, null);
                    }
                });
        ChannelFuture bound;
        LowDescriptors forConnections = new LowDescriptors(DESCRIPTORS_BELOW);
        try {
            bound = acceptor.bind(new InetSocketAddress(options.host(), options.port()));
            bound.awaitUninterruptibly();
        } finally {
            forConnections.close();
        }
        if (!bound.isSuccess()) {
            loop.shutdownGracefully(0, CLOSE_SLACK_MILLIS, TimeUnit.MILLISECONDS);
            thread.awaitEnd(TimeUnit.MILLISECONDS.toNanos(CLOSE_SLACK_MILLIS));
            throw new IOException(
                    "node " + self + " cannot listen on " + options.host() + ":" + options.port() + ": "
                            + bound.cause().getMessage() + "; is it in use, or no address of this host?",
                    bound.cause());
        }
        Channel server = bound.channel();
        InetSocketAddress local = (InetSocketAddress) server.localAddress();
        InetSocketAddress advertised = options.advertised();
        InetSocketAddress address = advertised == null
                ? local
                : InetSocketAddress.createUnresolved(
                        advertised.getHostString(), advertised.getPort() == 0 ? local.getPort() : advertised.getPort());
        running = new Running(self, loop, thread, hub, server, address);
        if (tls != null && secured != null) {
            watch = new TlsWatch(self.value(), tls, secured.checkFilesEvery());
        }
        LOG.info(
                "{}: listening on {} ({}{}), to be dialled at {}",
                self,
                local,
                backend,
                tls == null ? "" : ", TLS",
                address);
    }

    private AdaptiveRecvByteBufAllocator receiveBuffers() {
        return new AdaptiveRecvByteBufAllocator(1 << 10, 16 << 10, 256 << 10);
    }

    /**
     * Has connections that begin from now on show and check other certificates; those that stand go on. For certificates that come from elsewhere than {@linkplain TlsOptions#pem files}, which are looked at by themselves. Any thread.
     *
     * @throws IOException if this node's certificate has expired or is another node's; nothing has changed then
     * @throws IllegalStateException if this transport was built without TLS
     */
    public synchronized void renew(TlsOptions tls) throws IOException {
        Running now = running;
        if (options.tls() == null) {
            throw new IllegalStateException("this transport has no TLS: say so before it starts, on all nodes");
        }
        Tls current = now == null ? null : now.hub().tls();
        if (current != null) {
            current.renew(tls);
        }
        renewed = tls;
    }

    /** {@inheritDoc} The advertised address if there is one (unresolved), else the one it listens on. */
    @Override
    public InetSocketAddress address() {
        return started().address();
    }

    @Override
    public int protocolVersion() {
        return Wire.HIGHEST_VERSION;
    }

    /** The longest frame that it sends or takes, in bytes; a message is a few dozen bytes longer than the payloads in it, and about 60 for each entry. */
    @Override
    public int maxFrameBytes() {
        return options.maxFrameBytes();
    }

    /**
     * {@inheritDoc} This node itself may be among them and is left out. An address that is not resolved yet is looked up at every dial, on another thread. Peers
     * that were never named here are let in when they dial; one that was named and is no more is refused.
     */
    @Override
    public void connectTo(Map<NodeId, InetSocketAddress> peers) {
        Running now = started();
        Map<NodeId, InetSocketAddress> copy = new TreeMap<>(peers);
        execute(now, () -> now.hub().connectTo(copy));
    }

    /**
     * {@inheritDoc} A message longer than {@link #maxFrameBytes} is dropped too, which is logged as an error.
     *
     * @throws IllegalArgumentException if the envelope names another node than this one as its sender
     */
    @Override
    public boolean send(NodeId to, Envelope envelope) {
        return send(to, envelope, null);
    }

    @Override
    public boolean send(NodeId to, Envelope envelope, @Nullable Runnable copied) {
        Running now = started();
        if (!envelope.from().node().equals(now.self())) {
            throw new IllegalArgumentException(
                    "message from " + envelope.from() + " cannot be sent by node " + now.self());
        }
        Outbox outbox = now.hub().outbox(to);
        if (outbox == null) {
            return false;
        }
        long messageBytes = MessageCodec.size(envelope.message());
        if (messageBytes + Wire.MESSAGE_HEAD_BYTES - Wire.LENGTH_BYTES > options.maxFrameBytes()) {
            tooLong(now, to, envelope, messageBytes);
            return false;
        }
        return outbox.offer(envelope, messageBytes, copied);
    }

    /** {@inheritDoc} It runs when what is being read and written just now is done. */
    @Override
    public boolean execute(Runnable task) {
        Running now = running;
        return now != null && execute(now, task);
    }

    private void tooLong(Running now, NodeId to, Envelope envelope, long messageBytes) {
        String type = envelope.message().getClass().getSimpleName();
        synchronized (logGate) {
            if (logGate.opens(to + type, System.nanoTime())) {
                LOG.error(
                        "{} {}: {} for {} takes {} bytes and cannot be sent, maxFrameBytes is {}: raise it on all nodes, or send smaller commands",
                        envelope.group(),
                        now.self(),
                        type,
                        to,
                        messageBytes,
                        options.maxFrameBytes());
            }
        }
    }

    /**
     * {@inheritDoc} What was sent before is still written, if the peers take it within the close time-out (default one second). Every peer that is connected is
     * reported as disconnected, and after that the listener is called no more. Called by the listener itself it returns before all is closed.
     */
    @Override
    public void close() {
        Running now;
        boolean first;
        synchronized (this) {
            first = !closeBegun;
            closeBegun = true;
            now = running;
            if (watch != null) {
                watch.close();
            }
        }
        if (now == null) {
            return;
        }
        if (first) {
            execute(now, () -> closeOnLoop(now));
        }
        if (now.loop().inEventLoop()) {
            return;
        }
        if (!now.thread()
                .awaitEnd(options.closeTimeout().toNanos() + TimeUnit.MILLISECONDS.toNanos(CLOSE_SLACK_MILLIS))) {
            LOG.error("{}: the transport's thread has not ended in time; is a listener blocking it?", now.self());
        }
    }

    private void closeOnLoop(Running now) {
        List<Channel> channels = now.hub().closeConnections();
        CompletableFuture<?>[] gone = channels.stream()
                .map(channel -> {
                    CompletableFuture<Void> future = new CompletableFuture<>();
                    channel.closeFuture().addListener(ignored -> future.complete(null));
                    return future;
                })
                .toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(gone)
                .whenComplete((ignored, failure) -> now.server().close().addListener(done -> {
                    LOG.info("{}: closed, {} is free", now.self(), now.server().localAddress());
                    now.loop().shutdownGracefully(0, CLOSE_SLACK_MILLIS, TimeUnit.MILLISECONDS);
                }));
    }

    private static boolean execute(Running now, Runnable task) {
        try {
            now.loop().execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            LOG.debug("{}: closed already", now.self());
            return false;
        }
    }

    private Running started() {
        Running now = running;
        if (now == null) {
            throw new IllegalStateException("the transport was not started");
        }
        return now;
    }

    /** Collects the settings of a {@link NettyTransport}. The defaults suit nodes in one data centre. */
    public static final class Builder {
        private static final int LEAST_FRAME_BYTES = 4096;
        private static final int MOST_FRAME_BYTES = 1 << 30;
        private static final Duration MOST = Duration.ofSeconds(60);

        private final String host;
        private final int port;
        private @Nullable InetSocketAddress advertised;
        private int maxFrameBytes = 16 << 20;
        private long maxQueuedBytes = 64L << 20;
        private Duration handshakeTimeout = Duration.ofSeconds(2);
        private Duration silenceTimeout = Duration.ofSeconds(5);
        private Duration firstRedial = Duration.ofMillis(1);
        private Duration maxRedial = Duration.ofMillis(250);
        private Duration rejectedRedial = Duration.ofSeconds(1);
        private Duration closeTimeout = Duration.ofSeconds(1);
        private boolean nativeTransport = true;
        private @Nullable TlsOptions tls;

        private Builder(String host, int port) {
            this.host = host;
            this.port = port;
        }

        /**
         * Where the other nodes dial this one, if that is not where it listens: behind address translation, or listening on all interfaces. Default: where it
         * listens.
         *
         * @param port 0: the one it listens on
         */
        public Builder advertisedAddress(String host, int port) {
            advertised = InetSocketAddress.createUnresolved(host, port);
            return this;
        }

        /**
         * The longest frame, in bytes; default 16 MiB, 4 KiB to 1 GiB. Must be the same on all nodes. Too small: longer commands cannot be replicated; too big:
         * a broken or hostile peer can make this node use so much memory for each connection.
         */
        public Builder maxFrameBytes(int bytes) {
            maxFrameBytes = bytes;
            return this;
        }

        /**
         * What may wait for each peer, in bytes; default 64 MiB, at least two frames. Too small: a short stall of the peer loses messages, which must be
         * sent again; too big: a peer that does not read costs so much memory.
         */
        public Builder maxQueuedBytes(long bytes) {
            maxQueuedBytes = bytes;
            return this;
        }

        /** For a dial, and again for the greetings after it; default 2 s, at most 60 s. Too small: busy nodes do not find each other. */
        public Builder handshakeTimeout(Duration timeout) {
            handshakeTimeout = timeout;
            return this;
        }

        /**
         * A connection on which nothing came for so long is closed and dialled again; a node that has nothing to say lets itself be heard four times as often.
         * Default 5 s. Too small: long pauses of a process cut its connections; too big: after a partition has healed, a connection may wait for TCP's slow
         * repeats for so long.
         */
        public Builder silenceTimeout(Duration timeout) {
            silenceTimeout = timeout;
            return this;
        }

        /**
         * Pauses between dials that fail: they double from the first to the longest and vary by a quarter; default 1 ms and 250 ms. A peer that was connected and
         * now refuses is dialled again after a quarter of the longest, at the soonest: its process has died.
         */
        public Builder redial(Duration first, Duration longest) {
            firstRedial = first;
            maxRedial = longest;
            return this;
        }

        /** Pause before a peer is dialled again with which greetings were refused, by either side; default 1 s. */
        public Builder rejectedRedial(Duration pause) {
            rejectedRedial = pause;
            return this;
        }

        /** How long {@link NettyTransport#close} waits until peers have taken what was sent before; default 1 s. */
        public Builder closeTimeout(Duration timeout) {
            closeTimeout = timeout;
            return this;
        }

        /** Whether to use Linux epoll where there is one; default true. */
        public Builder nativeTransport(boolean use) {
            nativeTransport = use;
            return this;
        }

        /** Encrypts, and lets nobody in but nodes with a certificate; the same on all nodes. Default: neither. */
        public Builder tls(TlsOptions how) {
            tls = Objects.requireNonNull(how, "how");
            return this;
        }

        /**
         * The transport; nothing is opened before {@link NettyTransport#start}.
         *
         * @throws IllegalArgumentException if a setting makes no sense; the message names it
         */
        public NettyTransport build() {
            checkPort("port", port);
            if (advertised != null) {
                checkPort("advertised port", advertised.getPort());
            } else if (isWildcard(host)) {
                throw new IllegalArgumentException(
                        "host '" + host
                                + "' stands for all interfaces, where nobody can dial: name one of them, or set advertisedAddress");
            }
            check(
                    maxFrameBytes >= LEAST_FRAME_BYTES && maxFrameBytes <= MOST_FRAME_BYTES,
                    "maxFrameBytes " + maxFrameBytes + " is not in " + LEAST_FRAME_BYTES + ".." + MOST_FRAME_BYTES);
            check(
                    maxQueuedBytes >= 2L * maxFrameBytes,
                    "maxQueuedBytes " + maxQueuedBytes + " is below two frames of maxFrameBytes " + maxFrameBytes);
            checkDuration("handshakeTimeout", handshakeTimeout);
            checkDuration("silenceTimeout", silenceTimeout);
            checkDuration("first redial pause", firstRedial);
            checkDuration("longest redial pause", maxRedial);
            checkDuration("rejectedRedial", rejectedRedial);
            checkDuration("closeTimeout", closeTimeout);
            check(
                    firstRedial.compareTo(maxRedial) <= 0,
                    "first redial pause " + firstRedial + " is above the longest, " + maxRedial);
            return new NettyTransport(new Options(
                    host,
                    port,
                    advertised,
                    maxFrameBytes,
                    maxQueuedBytes,
                    handshakeTimeout,
                    silenceTimeout,
                    firstRedial,
                    maxRedial,
                    rejectedRedial,
                    closeTimeout,
                    nativeTransport,
                    tls));
        }

        private static boolean isWildcard(String host) {
            if (host.isEmpty() || host.equals("*")) {
                return true;
            }
            boolean literal = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
            if (!literal) {
                return false;
            }
            InetAddress address = new InetSocketAddress(host, 0).getAddress();
            return address != null && address.isAnyLocalAddress();
        }

        private static void checkPort(String name, int port) {
            check(port >= 0 && port <= 65535, name + " " + port + " is not in 0..65535");
        }

        private static void checkDuration(String name, Duration duration) {
            check(
                    duration.toMillis() >= 1 && duration.compareTo(MOST) <= 0,
                    name + " " + duration + " is not in 1 ms.." + MOST.toSeconds() + " s");
        }

        private static void check(boolean holds, String message) {
            if (!holds) {
                throw new IllegalArgumentException(message);
            }
        }
    }
}
