package dev.handover.netty.ops;

import dev.handover.Registration;
import dev.handover.netty.TlsOptions;
import dev.handover.ops.OpsModel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.WriteTimeoutHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The operations port of a node: health for load balancers, metrics for Prometheus, the page for people. HTTP/1.1, apart from the ports of clients and peers.
 *
 * <pre>{@code
 * OpsServer ops = OpsServer.builder(model).listen("10.0.0.1", 9101).metrics(prometheus::scrape).actions(token).start();
 * }</pre>
 *
 * <table>
 * <caption>What is answered</caption>
 * <tr><td>{@code GET /leader?group=}<td>200 or 503, see {@link dev.handover.ops.OpsHealth}
 * <tr><td>{@code GET /in-sync?group=&lag=}<td>200 or 503; {@code lag} in entries ({@code 100}) or as a time ({@code 250ms}, {@code 2s})
 * <tr><td>{@code GET /ready?group=}, {@code GET /live}<td>200 or 503
 * <tr><td>{@code GET /metrics}<td>what {@link Builder#metrics} gives
 * <tr><td>{@code GET /}, {@code /status.json}, {@code /events}<td>the page, the snapshot, the snapshot again and again as server-sent events
 * <tr><td>{@code POST /actions/NAME}<td>form {@code subject}, {@code target}, {@code confirm}; only with {@link Builder#actions}: {@code Authorization: Bearer TOKEN}
 * </table>
 *
 * <p>Reads need no token: keep the port where only your own network comes. Without {@link Builder#tls TLS} a token crosses the network readable: put a proxy before it then. One daemon thread, one more while metrics
 * are scraped, and with TLS one that looks whether certificates have changed. Connections, requests, their sizes and their times are bounded. The model stays the caller's.
 */
public final class OpsServer implements AutoCloseable {
    private static final int MAX_LINE_BYTES = 4096;
    private static final int MAX_HEADER_BYTES = 8192;
    private static final int MAX_BODY_BYTES = 4096;
    private static final WriteBufferWaterMark AHEAD = new WriteBufferWaterMark(64 << 10, 256 << 10);
    private static final int WAITING_SCRAPES = 8;

    private final Builder options;
    private final Loop loop;
    private final ChannelGroup channels;
    private final OpsEvents events;
    private final ThreadPoolExecutor scraper;
    private final OpsTls tls;
    private final Channel listener;
    private final Registration changes;

    private OpsServer(Builder options) throws IOException {
        this.options = options;
        tls = new OpsTls(options.tls, options.clientCertificates, options.timeout);
        loop = new Loop("ops-port");
        channels = new DefaultChannelGroup(loop.one(), true);
        events = new OpsEvents(options.model, options.maxViewers);
        scraper = new ThreadPoolExecutor(0, 1, 5, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_SCRAPES), task -> {
            Thread created = new Thread(task, "ops-metrics");
            created.setDaemon(true);
            return created;
        });
        try {
            listener = Loop.bind(
                    loop.acceptor()
                            .option(ChannelOption.SO_REUSEADDR, true)
                            .childOption(ChannelOption.TCP_NODELAY, true)
                            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, AHEAD)
                            .childHandler(new ChannelInitializer<>() {
                                @Override
                                protected void initChannel(Channel channel) {
                                    accept(channel);
                                }
                            }),
                    options.address,
                    "the operations port");
        } catch (IOException | RuntimeException e) {
            loop.end();
            tls.close();
            throw e;
        }
        changes = options.model.listen(() -> {
            if (!events.isEmpty()) {
                loop.one().execute(events::send);
            }
        });
    }

    /** Begins to describe a server of that model. */
    public static Builder builder(OpsModel model) {
        return new Builder(model);
    }

    /** Where it listens, with the actual port. */
    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    /**
     * Has connections that begin from now on show another certificate; for certificates that come from elsewhere than files, which are looked at by themselves. Any thread.
     *
     * @throws IOException if it is not valid now; nothing has changed then
     * @throws IllegalStateException if this port was started without TLS
     */
    public void renew(TlsOptions options) throws IOException {
        tls.renew(options);
    }

    /** Closes the port and all connections, and ends its threads. Closing twice is fine. */
    @Override
    public void close() {
        changes.close();
        listener.close();
        channels.close();
        scraper.shutdownNow();
        loop.end();
        tls.close();
    }

    private void accept(Channel channel) {
        if (channels.size() >= options.maxConnections) {
            channel.close();
            return;
        }
        channels.add(channel);
        long timeout = options.timeout.toMillis();
        channel.pipeline()
                .addLast(tls.first())
                .addLast(new HttpServerCodec(new HttpDecoderConfig()
                        .setMaxInitialLineLength(MAX_LINE_BYTES)
                        .setMaxHeaderSize(MAX_HEADER_BYTES)))
                .addLast(new HttpServerKeepAliveHandler())
                .addLast(new HttpObjectAggregator(MAX_BODY_BYTES, true))
                .addLast(new WriteTimeoutHandler(timeout, TimeUnit.MILLISECONDS))
                .addLast(new OpsRequests(
                        new OpsRoutes(options.model, options.metrics, options.token, options.address, scraper),
                        events,
                        tls,
                        timeout));
    }

    /** Settings; checked by {@link #start}. */
    public static final class Builder {
        private static final int LEAST_TOKEN = 16;

        private final OpsModel model;
        private InetSocketAddress address = new InetSocketAddress("127.0.0.1", 0);
        private int maxConnections = 256;
        private int maxViewers = 32;
        private Duration timeout = Duration.ofSeconds(30);
        private @Nullable Supplier<String> metrics;
        private byte @Nullable [] token;
        private @Nullable TlsOptions tls;
        private boolean clientCertificates;

        private Builder(OpsModel model) {
            this.model = Objects.requireNonNull(model, "model");
        }

        /** Default 127.0.0.1 and a free port; port 0 takes a free one. */
        public Builder listen(String host, int port) {
            return listen(new InetSocketAddress(host, port));
        }

        /** The same. */
        public Builder listen(InetSocketAddress newAddress) {
            address = Objects.requireNonNull(newAddress, "address");
            return this;
        }

        /** Gives the metrics in Prometheus' text format, such as {@code PrometheusMetrics::scrape}; without it {@code /metrics} is not found. Called on a thread of its own, one call at a time. */
        public Builder metrics(Supplier<String> scrape) {
            metrics = Objects.requireNonNull(scrape, "scrape");
            return this;
        }

        /** Turns actions on, for whoever knows this token: at least {@value #LEAST_TOKEN} printable ASCII characters, from a file or a vault, and not from the command line. */
        public Builder actions(String bearerToken) {
            if (bearerToken.length() < LEAST_TOKEN || !bearerToken.chars().allMatch(c -> c > ' ' && c <= '~')) {
                throw new IllegalArgumentException("the token of the operations port has " + bearerToken.length()
                        + " characters; take at least " + LEAST_TOKEN + " printable ones without a space");
            }
            token = bearerToken.getBytes(StandardCharsets.US_ASCII);
            return this;
        }

        /**
         * Speaks TLS and nothing else; default is plain HTTP. Browsers, Prometheus and load balancers are shown the certificate, which names the host that they dial, and are asked for none. Whom it names is not checked here: it may be the certificate that this
         * node shows to others, if that names the host, too.
         */
        public Builder tls(TlsOptions how) {
            tls = Objects.requireNonNull(how, "how");
            return this;
        }

        /** Whether, with TLS, only those are answered who show a certificate of an authority that these options trust; default false. Whom it names does not matter. */
        public Builder clientCertificates(boolean asked) {
            clientCertificates = asked;
            return this;
        }

        /** At a time; default 256, more are closed at once. Too small: load balancers that check get nothing and take the node for dead. */
        public Builder maxConnections(int value) {
            maxConnections = value;
            return this;
        }

        /** Pages that are open at a time; default 32, more ask every two seconds instead. */
        public Builder maxViewers(int value) {
            maxViewers = value;
            return this;
        }

        /** How long a connection may take to say what it wants, or be idle, or take to read an answer; default 30 s. */
        public Builder timeout(Duration value) {
            timeout = value;
            return this;
        }

        /**
         * Listens.
         *
         * @throws IOException if the address cannot be bound, or with TLS the certificate is not valid now; the message names it
         * @throws IllegalArgumentException if a setting makes no sense
         */
        public OpsServer start() throws IOException {
            if (maxConnections < 1 || maxViewers < 0) {
                throw new IllegalArgumentException(
                        "maxConnections " + maxConnections + " is below 1, or maxViewers " + maxViewers + " below 0");
            }
            if (timeout.toMillis() < 10 || timeout.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("timeout " + timeout + " is not between 10 ms and 1 h");
            }
            if (clientCertificates && tls == null) {
                throw new IllegalArgumentException(
                        "clientCertificates(true) asks for certificates, which needs tls(...)");
            }
            if (address.isUnresolved()) {
                throw new IllegalArgumentException("host '" + address.getHostString() + "' is not known");
            }
            return new OpsServer(this);
        }
    }
}
