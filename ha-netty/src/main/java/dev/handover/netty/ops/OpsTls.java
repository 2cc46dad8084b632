package dev.handover.netty.ops;

import dev.handover.netty.RenewableTls;
import dev.handover.netty.TlsOptions;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** TLS on the operations port, or none; and in both cases a clear word to whoever speaks the other one. All but {@link #renew} and {@link #close} on the port's loop. */
final class OpsTls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(OpsTls.class);
    private static final long MOST_HANDSHAKE_MILLIS = 5_000;
    private static final long CLOSE_NOTIFY_MILLIS = 200;
    private static final long SAME_AGAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final @Nullable RenewableTls tls;
    private final boolean asksForCertificates;
    private final long handshakeMillis;
    private final Map<String, Long> saidAtNanos = new HashMap<>(); // by a few fixed words

    OpsTls(@Nullable TlsOptions options, boolean asksForCertificates, Duration timeout) throws IOException {
        tls = options == null ? null : RenewableTls.of("ops-port", options);
        this.asksForCertificates = asksForCertificates;
        handshakeMillis = Math.min(MOST_HANDSHAKE_MILLIS, timeout.toMillis());
    }

    void renew(TlsOptions options) throws IOException {
        RenewableTls current = tls;
        if (current == null) {
            throw new IllegalStateException("this operations port has no TLS: say so before it starts");
        }
        current.renew(options);
    }

    /** In front of everything else of a connection. */
    ChannelHandler first() {
        return new OpsFirstBytes(this);
    }

    boolean isOn() {
        return tls != null;
    }

    SslHandler handler(Channel channel) {
        RenewableTls current = tls;
        if (current == null) {
            throw new IllegalStateException("no TLS here");
        }
        SSLEngine engine = current.get().createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        engine.setNeedClientAuth(asksForCertificates);
        SslHandler handler = new SslHandler(engine);
        handler.setHandshakeTimeoutMillis(handshakeMillis);
        handler.setCloseNotifyFlushTimeoutMillis(CLOSE_NOTIFY_MILLIS);
        return handler;
    }

    /** What is answered, as plain HTTP, to whoever speaks TLS on a port without it, or none on one with it. */
    String refusal(Channel channel) {
        String problem = isOn()
                ? "this operations port speaks TLS: use https://"
                : "this operations port does not speak TLS: use http://, or switch TLS on with OpsServer.Builder.tls";
        say(isOn() ? "plain" : "tls", channel, problem);
        return problem;
    }

    /** Whether the failure is of a handshake, which is said then. */
    boolean explains(Channel channel, Throwable failure) {
        Throwable cause =
                failure instanceof DecoderException && failure.getCause() != null ? failure.getCause() : failure;
        if (!(cause instanceof SSLException)) {
            return false;
        }
        String text = String.valueOf(cause.getMessage());
        if (cause instanceof SslHandshakeTimeoutException) {
            say("late", channel, "the TLS handshake was not finished within " + handshakeMillis + " ms");
        } else if (text.contains("Empty client certificate chain")) {
            say(
                    "none",
                    channel,
                    "the client shows no certificate, or has none of an authority that is trusted here; this port asks for one");
        } else if (text.contains("alert")) {
            say(
                    "alert",
                    channel,
                    "the client does not accept this port's certificate or TLS version (" + text
                            + "): give it the authority of the certificate, and dial a name that is in it");
        } else {
            say("other", channel, "TLS failed: " + text);
        }
        return true;
    }

    private void say(String kind, Channel channel, String what) {
        long now = System.nanoTime();
        Long before = saidAtNanos.get(kind);
        if (before != null && now - before < SAME_AGAIN_NANOS) {
            LOG.debug("The operations port refuses {}: {}", channel.remoteAddress(), what);
        } else {
            saidAtNanos.put(kind, now);
            LOG.warn("The operations port refuses {}: {}", channel.remoteAddress(), what);
        }
    }

    @Override
    public void close() {
        if (tls != null) {
            tls.close();
        }
    }
}
