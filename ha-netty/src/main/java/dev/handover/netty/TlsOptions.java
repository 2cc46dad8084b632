package dev.handover.netty;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509KeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Mutual TLS between nodes, of the JDK's own implementation, versions 1.3 and 1.2:
 *
 * <pre>{@code
 * TlsOptions tls = TlsOptions.pem(Path.of("a.crt"), Path.of("a.key"), Path.of("ca.crt"));
 * NettyTransport.builder("10.0.0.1", 7101).tls(tls).build()
 * }</pre>
 *
 * <p>Both sides of every connection show a certificate that the other's trusted authorities have signed and that is valid at that time. Beyond that, see {@link PeerCheck}. All nodes have TLS or none has: a node with it and one without refuse each other,
 * and both say so. Immutable; the files are read once, so that a renewed certificate is used after a restart of the node.
 */
public final class TlsOptions {
    /** What a certificate must name, beside being trusted. */
    public enum PeerCheck {
        /**
         * The node: its {@code NodeId} is a DNS name among the certificate's alternative names, or the common name of its subject, without regard to case. Checked by both sides, so that no node can pass itself off as another one. The
         * default.
         */
        NODE,
        /**
         * The host that was dialled, by the rules of HTTPS. Checked by the side that dials; the other side believes everybody whom its authorities have certified, whatever node it says it is. Only for authorities that certify nothing but nodes of this cluster.
         */
        HOST
    }

    /** Gives the node's own key to a builder. */
    private interface Identity {
        SslContextBuilder server() throws SSLException;

        void client(SslContextBuilder builder);
    }

    private final Identity identity;
    private final @Nullable X509Certificate own;
    private final TrustIn trusted;
    private final PeerCheck check;

    private interface TrustIn {
        void set(SslContextBuilder builder);
    }

    private TlsOptions(Identity identity, @Nullable X509Certificate own, TrustIn trusted, PeerCheck check) {
        this.identity = identity;
        this.own = own;
        this.trusted = trusted;
        this.check = check;
    }

    /**
     * Of files in PEM format.
     *
     * @param certificates this node's certificate, and behind it those of intermediate authorities
     * @param privateKey its private key, PKCS #8 without a password ({@code BEGIN PRIVATE KEY}); readable by nobody else
     * @param trusted certificates of the authorities that have signed the other nodes' certificates
     * @throws IOException if one cannot be read or is something else; the message names the file
     */
    public static TlsOptions pem(Path certificates, Path privateKey, Path trusted) throws IOException {
        List<X509Certificate> chain = read(certificates);
        List<X509Certificate> authorities = read(trusted);
        if (!Files.isReadable(privateKey)) {
            throw new IOException("private key " + privateKey + " cannot be read: is it there, and this process's?");
        }
        Identity identity = new Identity() {
            @Override
            public SslContextBuilder server() {
                return SslContextBuilder.forServer(certificates.toFile(), privateKey.toFile());
            }

            @Override
            public void client(SslContextBuilder builder) {
                builder.keyManager(certificates.toFile(), privateKey.toFile());
            }
        };
        try {
            identity.server();
        } catch (IllegalArgumentException | SSLException e) {
            throw new IOException(
                    "private key " + privateKey + " is not PKCS #8 in PEM format without a password: " + e.getMessage(),
                    e);
        }
        return new TlsOptions(
                identity,
                chain.get(0),
                builder -> builder.trustManager(authorities.toArray(X509Certificate[]::new)),
                PeerCheck.NODE);
    }

    /** Of factories that were made ready with a key store and a trust store, such as those of Spring's {@code SslBundle}. */
    public static TlsOptions of(KeyManagerFactory key, TrustManagerFactory trusted) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(trusted, "trusted");
        Identity identity = new Identity() {
            @Override
            public SslContextBuilder server() {
                return SslContextBuilder.forServer(key);
            }

            @Override
            public void client(SslContextBuilder builder) {
                builder.keyManager(key);
            }
        };
        return new TlsOptions(identity, certificateOf(key), builder -> builder.trustManager(trusted), PeerCheck.NODE);
    }

    /** The same with another rule for what certificates must name; default {@link PeerCheck#NODE}. */
    public TlsOptions check(PeerCheck rule) {
        return new TlsOptions(identity, own, trusted, Objects.requireNonNull(rule, "rule"));
    }

    PeerCheck check() {
        return check;
    }

    /** What this node will show; null if that cannot be said before. */
    @Nullable
    X509Certificate own() {
        return own;
    }

    SslContext server() throws SSLException {
        return common(identity.server()).clientAuth(ClientAuth.REQUIRE).build();
    }

    SslContext client() throws SSLException {
        SslContextBuilder builder = SslContextBuilder.forClient();
        identity.client(builder);
        // what is not asked for here would be HTTPS' rule
        return common(builder)
                .endpointIdentificationAlgorithm(check == PeerCheck.HOST ? "HTTPS" : null)
                .build();
    }

    private SslContextBuilder common(SslContextBuilder builder) {
        trusted.set(builder);
        return builder.sslProvider(SslProvider.JDK).protocols("TLSv1.3", "TLSv1.2");
    }

    private static List<X509Certificate> read(Path file) throws IOException {
        List<X509Certificate> found = new ArrayList<>();
        try (InputStream in = Files.newInputStream(file)) {
            CertificateFactory.getInstance("X.509")
                    .generateCertificates(in)
                    .forEach(each -> found.add((X509Certificate) each));
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " has no certificates in PEM format: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new IOException("certificates cannot be read from " + file + ": " + e, e);
        }
        if (found.isEmpty()) {
            throw new IOException(file + " has no certificates in PEM format (BEGIN CERTIFICATE)");
        }
        return found;
    }

    private static @Nullable X509Certificate certificateOf(KeyManagerFactory factory) {
        for (KeyManager manager : factory.getKeyManagers()) {
            if (manager instanceof X509KeyManager keys) {
                for (String type : List.of("EC", "RSA", "Ed25519", "EdDSA", "RSASSA-PSS", "DSA")) {
                    String[] aliases = keys.getServerAliases(type, (Principal @Nullable []) null);
                    if (aliases != null && aliases.length == 1) {
                        X509Certificate[] chain = keys.getCertificateChain(aliases[0]);
                        return chain == null
                                ? null
                                : Arrays.stream(chain).findFirst().orElse(null);
                    }
                }
            }
        }
        return null;
    }
}
