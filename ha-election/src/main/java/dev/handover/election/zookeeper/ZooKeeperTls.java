package dev.handover.election.zookeeper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ClientX509Util;
import org.apache.zookeeper.common.X509Exception;
import org.apache.zookeeper.common.X509Util;

/**
 * TLS between this process and ZooKeeper, which is ZooKeeper's own (its client on Netty, its settings):
 *
 * <pre>{@code
 * ZooKeeperTls tls = ZooKeeperTls.trusting(Path.of("ca.p12"), "secret").key(Path.of("a.p12"), "secret");
 * ZooKeeperConfigurationStore.builder("zk1:2281,zk2:2281").tls(tls).build()
 * LeaderElection.builder("zk1:2281,zk2:2281", "/jobs/billing").tls(tls)...
 * CuratorFrameworkFactory.builder().connectString("zk1:2281,zk2:2281").zkClientConfig(tls.clientConfig())...
 * }</pre>
 *
 * <p>The connect string names the servers' {@code secureClientPort}. Their certificates must be of an authority in the trust store and name the host in the connect string. Files are {@code .p12}, {@code .jks} or {@code .pem} (without a password;
 * certificate and key in one), told apart by their ending. SASL is off unless this process has a login configuration. What is set here goes before the system properties of the same names. Immutable.
 */
public final class ZooKeeperTls {
    private static final String NETTY_CLIENT = "org.apache.zookeeper.ClientCnxnSocketNetty";

    private final Map<String, String> properties;

    private ZooKeeperTls(Map<String, String> properties) {
        this.properties = Collections.unmodifiableMap(properties);
    }

    /**
     * Of servers that this trust store vouches for.
     *
     * @param trustStore certificates of authorities
     * @param password empty if there is none
     * @throws IOException if it cannot be read, has another password or holds no certificate; the message names file and remedy
     */
    public static ZooKeeperTls trusting(Path trustStore, String password) throws IOException {
        KeyStore loaded = loaded("trust store", trustStore, password, false);
        try {
            boolean any = false;
            for (String alias : Collections.list(loaded.aliases())) {
                any |= loaded.isCertificateEntry(alias);
            }
            if (!any) {
                throw new IOException("trust store " + trustStore
                        + " has no certificates of authorities: keytool -importcert -alias ca -file ca.crt -keystore "
                        + trustStore);
            }
        } catch (GeneralSecurityException e) {
            throw new IOException("trust store " + trustStore + " cannot be used: " + e.getMessage(), e);
        }
        try (ClientX509Util names = new ClientX509Util()) {
            Map<String, String> properties = new LinkedHashMap<>();
            properties.put(ZKClientConfig.SECURE_CLIENT, "true");
            properties.put(ZKClientConfig.ZOOKEEPER_CLIENT_CNXN_SOCKET, NETTY_CLIENT);
            properties.put(names.getSslTruststoreLocationProperty(), absolute(trustStore));
            properties.put(names.getSslTruststorePasswdProperty(), password);
            return new ZooKeeperTls(properties);
        }
    }

    /**
     * The same with a certificate for this process, which ZooKeeper's servers ask for unless they have {@code ssl.clientAuth=none}.
     *
     * @param keyStore its certificate and private key
     * @param password of the store and of the key in it
     * @throws IOException if it cannot be read, has another password or holds no private key; the message names file and remedy
     */
    public ZooKeeperTls key(Path keyStore, String password) throws IOException {
        loaded("key store", keyStore, password, true);
        try (ClientX509Util names = new ClientX509Util()) {
            X509Util.createKeyManager(absolute(keyStore), password, null);
            Map<String, String> more = new LinkedHashMap<>(properties);
            more.put(names.getSslKeystoreLocationProperty(), absolute(keyStore));
            more.put(names.getSslKeystorePasswdProperty(), password);
            return new ZooKeeperTls(more);
        } catch (X509Exception.KeyManagerException e) {
            throw new IOException(
                    "the private key in key store " + keyStore + " cannot be used ("
                            + rootOf(e).getMessage() + "): give store and key the same password",
                    e);
        }
    }

    /** For a client of your own: ZooKeeper's settings with these in them. */
    public ZKClientConfig clientConfig() {
        ZKClientConfig config = new ZKClientConfig();
        apply(config);
        return config;
    }

    void apply(ZKClientConfig config) {
        properties.forEach(config::setProperty);
        withoutSasl(config);
    }

    /** Preparing for SASL, ZooKeeper's client asks the DNS for a name of the server's address, and would compare the certificate with that name instead of the one that was dialled. */
    static void withoutSasl(ZKClientConfig config) {
        if (System.getProperty("java.security.auth.login.config") == null
                && System.getProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY) == null) {
            config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
        }
    }

    private static KeyStore loaded(String what, Path file, String password, boolean key) throws IOException {
        Objects.requireNonNull(password, "password");
        if (!Files.isReadable(file)) {
            throw new IOException(what + " " + file + " cannot be read: is it there, and this process's?");
        }
        try {
            KeyStore store = key
                    ? X509Util.loadKeyStore(absolute(file), password, null)
                    : X509Util.loadTrustStore(absolute(file), password, null);
            if (key && Collections.list(store.aliases()).stream().noneMatch(alias -> isKey(store, alias))) {
                throw new IOException(what + " " + file + " has no private key: is it a trust store?");
            }
            return store;
        } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
            if (String.valueOf(e.getMessage()).startsWith(what)) {
                throw e instanceof IOException own ? own : new IOException(e);
            }
            throw new IOException(
                    what + " " + file + " cannot be used (" + rootOf(e).getMessage()
                            + "): is the password right, and is it what its ending says: .p12, .jks or .pem?",
                    e);
        }
    }

    private static boolean isKey(KeyStore store, String alias) {
        try {
            return store.isKeyEntry(alias);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a store that has been loaded knows its entries", e);
        }
    }

    private static String absolute(Path file) {
        return file.toAbsolutePath().toString();
    }

    static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    @Override
    public String toString() {
        return "ZooKeeperTls[" + properties.keySet() + "]"; // no passwords
    }
}
