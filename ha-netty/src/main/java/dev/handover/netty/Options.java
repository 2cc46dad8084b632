package dev.handover.netty;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What {@link NettyTransport.Builder} has collected and checked; see there. */
record Options(
        String host,
        int port,
        @Nullable InetSocketAddress advertised,
        int maxFrameBytes,
        long maxQueuedBytes,
        Duration handshakeTimeout,
        Duration silenceTimeout,
        Duration firstRedial,
        Duration maxRedial,
        Duration rejectedRedial,
        Duration closeTimeout,
        boolean nativeTransport,
        @Nullable TlsOptions tls) {}
