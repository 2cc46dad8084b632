package dev.handover.netty;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
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
 * and both say so. Immutable; of {@linkplain #pem files} and {@linkplain #keyStores stores}, the transport reads again what has {@linkplain #checkFilesEvery changed}.
 */
public final class TlsOptions {
    private static final Duration CHECK_FILES = Duration.ofSeconds(10);
    private static final Duration LEAST_INTERVAL = Duration.ofMillis(10);
    private static final Duration MOST_INTERVAL = Duration.ofDays(1);

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

    private final KeyManagerFactory key;
    private final @Nullable X509Certificate own;
    private final TrustManagerFactory trusted;
    private final PeerCheck check;
    private final @Nullable CertificateFiles files;
    private final Duration checkFilesEvery;

    private TlsOptions(
            KeyManagerFactory key,
            @Nullable X509Certificate own,
            TrustManagerFactory trusted,
            PeerCheck check,
            @Nullable CertificateFiles files,
            Duration checkFilesEvery) {
        this.key = key;
        this.own = own;
        this.trusted = trusted;
        this.check = check;
        this.files = files;
        this.checkFilesEvery = checkFilesEvery;
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
        return of(PemFiles.read(certificates, privateKey, trusted), PeerCheck.NODE, CHECK_FILES);
    }

    /**
     * Of stores in PKCS #12 or JKS format, as keytool makes them.
     *
     * @param keyStore holds this node's private key, and no other, with its certificate and those of intermediate authorities
     * @param keyPassword of the store and of the key in it
     * @param trustStore certificates of the authorities that have signed the other nodes' certificates
     * @throws IOException if one cannot be read, has another password, or holds something else; the message names the file
     */
    public static TlsOptions keyStores(Path keyStore, char[] keyPassword, Path trustStore, char[] trustPassword)
            throws IOException {
        return of(KeyStoreFiles.read(keyStore, keyPassword, trustStore, trustPassword), PeerCheck.NODE, CHECK_FILES);
    }

    private static TlsOptions of(CertificateFiles files, PeerCheck check, Duration interval) throws IOException {
        CertificateFiles.Said said = files.said();
        try {
            char[] none = new char[0];
            KeyStore own = emptyStore();
            own.setKeyEntry("own", said.key(), none, said.chain().toArray(X509Certificate[]::new));
            KeyManagerFactory key = KeyManagerFactory.getInstance("PKIX");
            key.init(own, none);
            KeyStore authorities = emptyStore();
            for (int i = 0; i < said.authorities().size(); i++) {
                authorities.setCertificateEntry(
                        "authority" + i, said.authorities().get(i));
            }
            TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
            trusted.init(authorities);
            return new TlsOptions(key, said.chain().get(0), trusted, check, files, interval);
        } catch (GeneralSecurityException e) {
            throw new IOException("the JDK cannot use these certificates: " + e.getMessage(), e);
        }
    }

    private static KeyStore emptyStore() throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, null);
            return store;
        } catch (IOException e) {
            throw new AssertionError("nothing is read", e);
        }
    }

    /** Of factories that were made ready with a key store and a trust store, such as those of Spring's {@code SslBundle}. */
    public static TlsOptions of(KeyManagerFactory key, TrustManagerFactory trusted) {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(trusted, "trusted");
        return new TlsOptions(key, certificateOf(key), trusted, PeerCheck.NODE, null, CHECK_FILES);
    }

    /** The same with another rule for what certificates must name; default {@link PeerCheck#NODE}. */
    public TlsOptions check(PeerCheck rule) {
        return new TlsOptions(key, own, trusted, Objects.requireNonNull(rule, "rule"), files, checkFilesEvery);
    }

    /**
     * The same with another interval after which files are looked at again, and new connections use what is in them then; default 10 s, from 10 ms to a day. Too long: a renewed certificate, or one of a new authority, is used late. Of no
     * meaning where there are no files: see {@link NettyTransport#renew}.
     *
     * @throws IllegalArgumentException if the interval is out of range
     */
    public TlsOptions checkFilesEvery(Duration interval) {
        if (interval.compareTo(LEAST_INTERVAL) < 0 || interval.compareTo(MOST_INTERVAL) > 0) {
            throw new IllegalArgumentException(
                    "interval " + interval + " is not in " + LEAST_INTERVAL + ".." + MOST_INTERVAL);
        }
        return new TlsOptions(key, own, trusted, check, files, interval);
    }

    Duration checkFilesEvery() {
        return checkFilesEvery;
    }

    /** What the files say now; null if there are none, or nothing new in them. */
    @Nullable
    TlsOptions ifChanged() throws IOException {
        return files == null || !files.changed() ? null : of(files.again(), check, checkFilesEvery);
    }

    PeerCheck check() {
        return check;
    }

    /** What this node will show; null if that cannot be said before. */
    @Nullable
    X509Certificate own() {
        return own;
    }

    /** The same for ports and clients beside the transport, without its {@link PeerCheck}, as of now: files that change later are followed by {@link RenewableTls}. */
    public SSLContext context() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(key.getKeyManagers(), trusted.getTrustManagers(), null);
        return context;
    }

    SslContext server() throws SSLException {
        return common(SslContextBuilder.forServer(key))
                .clientAuth(ClientAuth.REQUIRE)
                .build();
    }

    SslContext client() throws SSLException {
        // what is not asked for here would be HTTPS' rule
        return common(SslContextBuilder.forClient().keyManager(key))
                .endpointIdentificationAlgorithm(check == PeerCheck.HOST ? "HTTPS" : null)
                .build();
    }

    private SslContextBuilder common(SslContextBuilder builder) {
        return builder.trustManager(trusted).sslProvider(SslProvider.JDK).protocols("TLSv1.3", "TLSv1.2");
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
