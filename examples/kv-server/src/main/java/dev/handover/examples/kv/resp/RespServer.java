package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.store.KvStateMachine;
import dev.handover.replication.ReplicatedLog;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.redis.FixedRedisMessagePool;
import io.netty.handler.codec.redis.RedisDecoder;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers Redis clients from a replicated log and the state machine that it drives. Any thread.
 *
 * <p>Memory: commands of all clients that wait or are under way hold at most an eighth of the heap together; beyond it they are read, dropped and
 * answered {@code -OVERLOADED}.
 */
public final class RespServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RespServer.class);
    private static final int BACKLOG = 1024;
    private static final int MAX_THREADS = 4;
    private static final long TICK_MILLIS = 20;
    private static final long HEAP_SHARE = 8;
    private static final int LOW_WATER_BYTES = 64 * 1024;
    private static final int HIGH_WATER_BYTES = 256 * 1024;
    private static final byte[] TOO_MANY = "-ERR max number of clients reached\r\n".getBytes(StandardCharsets.US_ASCII);

    /** How long a server that stops goes on to answer, for clients that are about to send. */
    private static final long LEAVE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final Duration LISTENER_END = Duration.ofSeconds(2);

    private final ReplicatedLog log;
    private final KvStateMachine store;
    private final ServerSettings settings;
    private final MemoryBudget budget = new MemoryBudget(Runtime.getRuntime().maxMemory() / HEAP_SHARE);
    private final ServerInfo info;
    private final CommandTable commands;
    private final long timeoutNanos;
    private final EventLoopGroup group;
    private final Map<Long, ClientConnection> connections = new ConcurrentHashMap<>();
    private final AtomicInteger open = new AtomicInteger();
    private final AtomicLong nextId = new AtomicLong(1);
    private volatile @Nullable String refusal;
    private volatile @Nullable Channel listener;
    private volatile boolean leaving;
    private volatile boolean draining;

    private RespServer(ReplicatedLog log, KvStateMachine store, ServerSettings settings) {
        this.log = log;
        this.store = store;
        this.settings = settings;
        this.info = new ServerInfo(log, store, settings, budget);
        this.commands = new CommandTable(info, log, store);
        this.timeoutNanos = settings.timeout().toNanos() - TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);
        boolean epoll = Epoll.isAvailable();
        IoHandlerFactory io = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        this.group = new MultiThreadIoEventLoopGroup(threads(), new DefaultThreadFactory("resp", true), io);
    }

    /**
     * Starts to listen.
     *
     * @param store the state machine that the log applies to
     * @throws IOException if the address cannot be bound
     */
    public static RespServer start(ReplicatedLog log, KvStateMachine store, ServerSettings settings)
            throws IOException {
        RespServer server = new RespServer(log, store, settings);
        try {
            server.listen();
            return server;
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    /** Where it listens, with the actual port. */
    public InetSocketAddress address() {
        Channel channel = listener;
        return channel != null && channel.localAddress() instanceof InetSocketAddress local
                ? local
                : settings.address();
    }

    /** From now on commands on keys are answered {@code -TRYAGAIN} with this reason and not executed. */
    public void refuse(String reason) {
        refusal = reason;
    }

    /**
     * Takes no new connections and executes no new commands, and answers those that have arrived. Who sends more within a moment is told to go elsewhere, so that no busy client
     * loses a command under the closing of its connection; then each connection is closed after its last answer.
     *
     * @return whether all was answered in time
     */
    public boolean drain(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        stopListening(timeout);
        leaving = true;
        awaitNoConnection(System.nanoTime() + Math.min(LEAVE_NANOS, timeout.toNanos() / 2));
        draining = true;
        connections.values().forEach(ClientConnection::drain);
        return awaitNoConnection(deadline);
    }

    private boolean awaitNoConnection(long deadline) throws InterruptedException {
        synchronized (connections) {
            while (!connections.isEmpty()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                connections.wait(left);
            }
        }
        return true;
    }

    /** Closes all connections. Closing twice is fine. */
    @Override
    public void close() {
        stopListening(LISTENER_END);
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    /** Before it has ended, its loop may give a new connection to any other loop, which must not be gone. */
    private void stopListening(Duration timeout) {
        Channel channel = listener;
        if (channel != null && channel.isOpen()) {
            channel.close().awaitUninterruptibly(timeout.toMillis());
        }
    }

    ReplicatedLog log() {
        return log;
    }

    KvStateMachine store() {
        return store;
    }

    MemoryBudget budget() {
        return budget;
    }

    ServerInfo info() {
        return info;
    }

    CommandTable commands() {
        return commands;
    }

    @Nullable
    String refusal() {
        return refusal;
    }

    /** Whether commands that come now are not executed any more. */
    boolean isLeaving() {
        return leaving;
    }

    boolean isDraining() {
        return draining;
    }

    long timeoutNanos() {
        return timeoutNanos;
    }

    String timeoutText() {
        return settings.timeout().toMillis() + " ms";
    }

    /** So many loops, of which the first one is the listener's. */
    static int threads() {
        return Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
    }

    void forget(ClientConnection connection) {
        info.clients.remove(connection.state().id());
        connections.remove(connection.state().id());
        if (connections.isEmpty()) {
            synchronized (connections) {
                connections.notifyAll();
            }
        }
    }

    private void listen() throws IOException {
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channel(serverChannel())
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(LOW_WATER_BYTES, HIGH_WATER_BYTES))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                });
        var bound = bootstrap.bind(settings.address()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(
                    "cannot listen on " + settings.address() + " for clients: "
                            + bound.cause().getMessage(),
                    bound.cause());
        }
        listener = bound.channel();
        info.port(address().getPort());
        for (EventExecutor loop : group) {
            loop.scheduleWithFixedDelay(() -> tick(loop), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private static Class<? extends ServerChannel> serverChannel() {
        return Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    private void accept(Channel channel) {
        info.connections.increment();
        if (open.incrementAndGet() > settings.maxClients()) {
            open.decrementAndGet();
            info.rejectedConnections.increment();
            channel.writeAndFlush(Unpooled.wrappedBuffer(TOO_MANY)).addListener(ChannelFutureListener.CLOSE);
            return;
        }
        channel.closeFuture().addListener(closed -> open.decrementAndGet());
        ClientState state = new ClientState(nextId.getAndIncrement(), channel.remoteAddress());
        ClientConnection connection = new ClientConnection(this, state, channel);
        info.clients.put(state.id(), state);
        connections.put(state.id(), connection);
        channel.pipeline()
                .addLast(new RedisDecoder(Limits.MAX_INLINE_BYTES, FixedRedisMessagePool.INSTANCE, true))
                .addLast(new CommandAssembler(budget))
                .addLast(connection);
        if (draining) {
            connection.drain();
        }
    }

    private void tick(EventExecutor loop) {
        long now = System.nanoTime();
        for (ClientConnection connection : connections.values()) {
            if (connection.isOn(loop)) {
                try {
                    connection.expire(now);
                } catch (RuntimeException e) {
                    LOG.error(
                            "Client {} cannot be answered; its connection is closed",
                            connection.state().id(),
                            e);
                    connection.abort();
                }
            }
        }
    }
}
