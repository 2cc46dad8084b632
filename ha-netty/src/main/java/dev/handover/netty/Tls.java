package dev.handover.netty;

import dev.handover.NodeId;
import io.netty.channel.Channel;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What {@link TlsOptions} mean for one transport: a handler before each connection, and who may say that he is whom. */
final class Tls implements Renewable {
    private static final Logger LOG = LoggerFactory.getLogger(NettyTransport.class);

    /** DNS names among a certificate's alternative names (RFC 5280, 4.2.1.6). */
    private static final int DNS_NAME = 2;

    private static final long CLOSE_NOTIFY_MILLIS = 200;

    /** What new connections use. */
    private record InUse(TlsOptions options, SslContext client, SslContext server) {}

    private final NodeId self;
    private volatile InUse inUse;

    /** @throws IOException if this node could not show a certificate that the others take */
    Tls(NodeId self, TlsOptions options) throws IOException {
        this.self = self;
        inUse = checked(self, options);
    }

    /** Any thread. */
    @Override
    public void renew(TlsOptions options) throws IOException {
        inUse = checked(self, options);
        X509Certificate own = options.own();
        LOG.info(
                "{}: new connections use other certificates{}",
                self,
                own == null
                        ? ""
                        : ", this node's is valid until " + own.getNotAfter().toInstant());
    }

    private static InUse checked(NodeId self, TlsOptions options) throws IOException {
        X509Certificate own = options.own();
        String problem = own == null ? null : problem(own, self, options.check());
        if (problem != null) {
            throw new IOException("node " + self + " cannot speak TLS: its own " + problem);
        }
        return new InUse(options, options.client(), options.server());
    }

    @Override
    public TlsOptions options() {
        return inUse.options();
    }

    /** In front of everything else of a new connection; the name that was dialled, or null for one that was accepted. */
    SslHandler handler(Channel channel, @Nullable String dialled, int port) {
        SslHandler handler = dialled == null
                ? inUse.server().newHandler(channel.alloc())
                : inUse.client().newHandler(channel.alloc(), dialled, port);
        handler.setHandshakeTimeoutMillis(0); // the connection's own counts
        handler.setCloseNotifyFlushTimeoutMillis(CLOSE_NOTIFY_MILLIS);
        return handler;
    }

    /** Why the certificate that the other side has shown is not that of this node; null if it is. */
    @Nullable
    String refusalOf(Channel channel, NodeId speaker) {
        SslHandler handler = channel.pipeline().get(SslHandler.class);
        try {
            Certificate[] shown = handler.engine().getSession().getPeerCertificates();
            return shown.length > 0 && shown[0] instanceof X509Certificate certificate
                    ? problem(certificate, speaker, options().check())
                    : "no X.509 certificate was shown by " + speaker;
        } catch (SSLPeerUnverifiedException e) {
            return "no certificate was shown by " + speaker;
        }
    }

    private static @Nullable String problem(X509Certificate certificate, NodeId node, TlsOptions.PeerCheck check) {
        String invalid = invalid(certificate);
        String name = node.isTool() ? NodeId.TOOL : node.value();
        if (invalid == null && check == TlsOptions.PeerCheck.NODE && !names(certificate, name)) {
            return which(certificate) + " does not name node " + name
                    + ", neither as DNS name nor as common name: give each node a certificate of its own";
        }
        return invalid;
    }

    private static String which(X509Certificate certificate) {
        return "certificate " + certificate.getSubjectX500Principal().getName();
    }

    /** Why it cannot be shown now; null if it can. */
    static @Nullable String invalid(X509Certificate certificate) {
        String which = which(certificate);
        try {
            certificate.checkValidity();
        } catch (CertificateExpiredException e) {
            return which + " has expired at " + certificate.getNotAfter().toInstant() + ": renew it";
        } catch (CertificateNotYetValidException e) {
            return which + " is not valid before " + certificate.getNotBefore().toInstant()
                    + ": is the clock of this host right?";
        }
        return null;
    }

    private static boolean names(X509Certificate certificate, String node) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            if (names != null) {
                for (List<?> name : names) {
                    if (name.get(0).equals(DNS_NAME) && node.equalsIgnoreCase(String.valueOf(name.get(1)))) {
                        return true;
                    }
                }
            }
            for (Rdn part : new LdapName(certificate.getSubjectX500Principal().getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN") && node.equalsIgnoreCase(String.valueOf(part.getValue()))) {
                    return true;
                }
            }
            return false;
        } catch (CertificateParsingException | InvalidNameException e) {
            return false; // whom it names cannot be said, so it is nobody's
        }
    }

    /** In words of an operator what has gone wrong, and on which side; null if the other side has only gone away in the middle of the handshake. */
    static @Nullable String explain(SSLException failure) {
        if (isEnd(failure)) {
            return null;
        }
        if (failure instanceof NotSslRecordException) {
            return "the other side does not speak TLS: switch it on for all nodes or for none";
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateExpiredException) {
                return "the other side's certificate has expired (" + cause.getMessage() + "): renew it there";
            }
            if (cause instanceof CertificateNotYetValidException) {
                return "the other side's certificate is not valid yet (" + cause.getMessage()
                        + "): do the clocks agree?";
            }
            if (cause instanceof CertPathBuilderException) {
                return "the other side's certificate is of no authority that is trusted here (" + cause.getMessage()
                        + ")";
            }
            if (cause.getCause() == null && cause instanceof CertificateException) {
                return "the other side's certificate is not accepted: " + cause.getMessage();
            }
        }
        String text = String.valueOf(failure.getMessage());
        if (text.contains("Empty client certificate chain")) {
            return "the other side shows no certificate, or has none of an authority that is trusted here";
        }
        return text.contains("alert")
                ? "the other side does not accept this node's certificate or TLS version; its log says why (" + text
                        + ")"
                : "TLS failed: " + text;
    }

    /** The other side closed. The JDK has no exception of its own for it; the last one is its alert in the clear, where the keys were changed on this side already. */
    private static boolean isEnd(SSLException failure) {
        String text = String.valueOf(failure.getMessage());
        return text.contains("close_notify")
                || text.contains("user_canceled")
                || text.contains("Insufficient buffer remaining for AEAD");
    }
}
