package dev.handover.netty.ops;

import dev.handover.Registration;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Gives clients one address: forwards each new connection to the leader, byte by byte.
 *
 * <pre>{@code
 * LeaderProxy proxy = LeaderProxy.builder(LeaderRoute.of(log, addresses::get)).listen("127.0.0.1", 6379).start();
 * }</pre>
 *
 * <p>A connection that comes while nobody leads, or the leader does not answer, waits for {@link Builder#patience}, and nothing is read of it until then. Each direction is read only as fast as the
 * other side takes it, half-closed connections stay half-closed, and a connection that broke is broken on the other side too, and not ended in order. What was sent and not answered when a leader dies is the client's to judge: nothing is
 * sent twice here. One daemon thread. The route stays the caller's.
 */
public final class LeaderProxy implements AutoCloseable {
    /**
     * What it has done since it began.
     *
     * @param open connections of clients now
     * @param accepted connections of clients
     * @param refused of these, because there were too many
     * @param abandoned of these, because no leader could be reached in time
     * @param deposed of these, closed because another node leads
     * @param bytesToLeader payload that clients have sent
     * @param bytesToClients payload that leaders have sent
     */
    public record Stats(
            long open,
            long accepted,
            long refused,
            long abandoned,
            long deposed,
            long bytesToLeader,
            long bytesToClients) {}

    private static final WriteBufferWaterMark AHEAD = new WriteBufferWaterMark(32 << 10, 128 << 10);
    private static final int CONNECT_MILLIS = 1000;

    final LeaderRoute route;
    final long patienceNanos;
    final Loop loop = new Loop("leader-proxy");
    final LongAdder abandoned = new LongAdder();
    final LongAdder bytesToLeader = new LongAdder();
    final LongAdder bytesToClients = new LongAdder();
    private final LongAdder accepted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder deposed = new LongAdder();
    private final int maxConnections;
    private final @Nullable Duration closeDeposed;
    /** Of the loop. */
    private final Set<ProxiedClient> clients = new HashSet<>();

    private volatile int open;
    private final Channel listener;
    private final Registration changes;

    private LeaderProxy(Builder options) throws IOException {
        route = options.route;
        patienceNanos = options.patience.toNanos();
        maxConnections = options.maxConnections;
        closeDeposed = options.closeDeposed;
        try {
            listener = Loop.bind(
                    loop.acceptor()
                            .option(ChannelOption.SO_REUSEADDR, true)
                            .childOption(ChannelOption.TCP_NODELAY, true)
                            .childOption(ChannelOption.AUTO_READ, false)
                            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
                            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, AHEAD)
                            .childHandler(new ChannelInitializer<>() {
                                @Override
                                protected void initChannel(Channel channel) {
                                    accept(channel);
                                }
                            }),
                    options.address,
                    "the proxy to the leader");
        } catch (IOException | RuntimeException e) {
            loop.end();
            throw e;
        }
        changes = route.listen(() -> loop.one().execute(this::changed));
    }

    /** Begins to describe a proxy. */
    public static Builder builder(LeaderRoute route) {
        return new Builder(route);
    }

    /** Where it listens, with the actual port. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /** As it is now. */
    public Stats stats() {
        return new Stats(
                open,
                accepted.sum(),
                refused.sum(),
                abandoned.sum(),
                deposed.sum(),
                bytesToLeader.sum(),
                bytesToClients.sum());
    }

    /** Closes the port and all connections, and ends the thread. Closing twice is fine. */
    @Override
    public void close() {
        changes.close();
        listener.close();
        if (!loop.one().isShuttingDown()) {
            loop.one().execute(() -> List.copyOf(clients).forEach(ProxiedClient::close));
        }
        loop.end();
    }

    Bootstrap dialer() {
        return loop.dialer()
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_MILLIS)
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.AUTO_READ, false)
                .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                .option(ChannelOption.WRITE_BUFFER_WATER_MARK, AHEAD);
    }

    private void accept(Channel channel) {
        accepted.increment();
        if (clients.size() >= maxConnections) {
            refused.increment();
            channel.close();
            return;
        }
        ProxiedClient client = new ProxiedClient(this, channel);
        clients.add(client);
        open = clients.size();
        channel.closeFuture().addListener(closed -> {
            clients.remove(client);
            open = clients.size();
        });
        client.dial();
    }

    private void changed() {
        List.copyOf(clients).forEach(ProxiedClient::leaderChanged);
        Duration grace = closeDeposed;
        if (grace != null) {
            loop.one().schedule(this::closeDeposed, grace.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void closeDeposed() {
        InetSocketAddress leader = route.leader();
        for (ProxiedClient client : List.copyOf(clients)) {
            if (leader != null && client.isWithAnotherThan(leader)) {
                deposed.increment();
                client.close();
            }
        }
    }

    /** Settings; checked by {@link #start}. */
    public static final class Builder {
        private final LeaderRoute route;
        private InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
        private int maxConnections = 1024;
        private Duration patience = Duration.ofSeconds(5);
        private @Nullable Duration closeDeposed;

        private Builder(LeaderRoute route) {
            this.route = Objects.requireNonNull(route, "route");
        }

        /** Default 127.0.0.1 and a free port; port 0 takes a free one. */
        public Builder listen(String host, int port) {
            address = new InetSocketAddress(host, port);
            return this;
        }

        /** At a time; default 1024, more are closed at once. Each may hold 256 KiB that are on their way. */
        public Builder maxConnections(int value) {
            maxConnections = value;
            return this;
        }

        /** How long a new connection waits for a leader; default 5 s, from zero to 10 min. Too small: clients see a take-over; too big: they wait when nothing can be done. */
        public Builder patience(Duration value) {
            patience = value;
            return this;
        }

        /** Closes connections to a node that does not lead any more, so long after the change, so that their clients connect again; by default they stay, for servers that forward. */
        public Builder closeDeposed(Duration grace) {
            closeDeposed = Objects.requireNonNull(grace, "grace");
            return this;
        }

        /**
         * Listens.
         *
         * @throws IOException if the address cannot be bound; the message names it
         * @throws IllegalArgumentException if a setting makes no sense
         */
        public LeaderProxy start() throws IOException {
            Duration grace = closeDeposed;
            if (maxConnections < 1) {
                throw new IllegalArgumentException("maxConnections " + maxConnections + " is below 1");
            }
            if (patience.isNegative() || patience.compareTo(Duration.ofMinutes(10)) > 0) {
                throw new IllegalArgumentException("patience " + patience + " is not between 0 and 10 min");
            }
            if (grace != null && (grace.isNegative() || grace.compareTo(Duration.ofHours(1)) > 0)) {
                throw new IllegalArgumentException("closeDeposed " + grace + " is not between 0 and 1 h");
            }
            return new LeaderProxy(this);
        }
    }
}
