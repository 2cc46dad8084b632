package dev.handover.spring;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.handover.election.zookeeper.ZooKeeperTls;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.Collections;
import java.util.UUID;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.util.FileSystemUtils;

/**
 * TLS to ZooKeeper with the stores of one of the application's SSL bundles, now and after each of its updates. ZooKeeper's client knows files only, and reads them at each connection: so the stores are written into a temporary directory that
 * is this user's alone, encrypted with a password that is only in this process's memory; every hour anew, because what lies untouched in such a place is swept away; and deleted with the context.
 */
final class ZooKeeperBundle implements AutoCloseable {
    static final String KEY = "handover.zookeeper.ssl.bundle";

    private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperBundle.class);

    private final String password = UUID.randomUUID().toString();
    private final String name;
    private final Path directory;
    private final Path trusted;
    private final Path keys;
    private final ZooKeeperTls tls;
    private final ScheduledThreadPoolExecutor keeper;
    private SslBundle current;

    /** @throws InvalidPropertyException if the bundle cannot be used */
    ZooKeeperBundle(NamedBundle named, Duration keep) throws IOException {
        name = named.name();
        current = named.bundle();
        directory = Files.createTempDirectory("handover-zookeeper"); // rwx------
        trusted = directory.resolve("trusted.p12");
        keys = directory.resolve("keys.p12");
        keeper = new ScheduledThreadPoolExecutor(1, run -> {
            Thread thread = new Thread(run, "handover-zookeeper-bundle");
            thread.setDaemon(true);
            return thread;
        });
        try {
            write(current);
            ZooKeeperTls trusting = ZooKeeperTls.trusting(trusted, password);
            tls = Files.exists(keys) ? trusting.key(keys, password) : trusting;
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            close();
            throw new InvalidPropertyException(
                    KEY,
                    "the SSL bundle '" + name + "' cannot be used: " + e.getMessage(),
                    "Give it a truststore with the authority of ZooKeeper's servers and, unless they have ssl.clientAuth=none, a keystore with one certificate and its key.");
        }
        named.all().addBundleUpdateHandler(name, this::use);
        keeper.scheduleWithFixedDelay(this::again, keep.toMillis(), keep.toMillis(), MILLISECONDS);
    }

    Path directory() {
        return directory;
    }

    private synchronized void use(SslBundle bundle) {
        try {
            write(bundle);
            current = bundle;
        } catch (IOException | GeneralSecurityException | RuntimeException e) { // the old one goes on
            LOG.warn("the SSL bundle '{}' cannot be used for ZooKeeper now: {}", name, e.toString());
        }
    }

    private synchronized void again() {
        use(current);
    }

    ZooKeeperTls tls() {
        return tls;
    }

    private synchronized void write(SslBundle bundle) throws IOException, GeneralSecurityException {
        KeyStore trust = copied(bundle.getStores().getTrustStore(), (from, to) -> {
            for (String alias : Collections.list(from.aliases())) {
                if (from.isCertificateEntry(alias)) {
                    to.setCertificateEntry(alias, from.getCertificate(alias));
                }
            }
        });
        KeyStore key = copied(bundle.getStores().getKeyStore(), (from, to) -> {
            String alias = bundle.getKey().getAlias();
            for (String each : Collections.list(from.aliases())) {
                if (alias == null ? from.isKeyEntry(each) : alias.equalsIgnoreCase(each)) {
                    Certificate[] chain = from.getCertificateChain(each);
                    to.setKeyEntry(each, from.getKey(each, keyPassword(bundle)), password.toCharArray(), chain);
                }
            }
        });
        store(trust, trusted);
        store(key, keys);
    }

    private static char @Nullable [] keyPassword(SslBundle bundle) {
        String own = bundle.getKey().getPassword();
        String given = own != null ? own : bundle.getStores().getKeyStorePassword();
        return given == null ? null : given.toCharArray();
    }

    private interface Copy {
        void copy(KeyStore from, KeyStore to) throws GeneralSecurityException;
    }

    private static @Nullable KeyStore copied(@Nullable KeyStore from, Copy copy)
            throws IOException, GeneralSecurityException {
        if (from == null) {
            return null;
        }
        KeyStore to = KeyStore.getInstance("PKCS12");
        to.load(null, null);
        copy.copy(from, to);
        return to;
    }

    private void store(@Nullable KeyStore store, Path file) throws IOException, GeneralSecurityException {
        if (store == null) {
            return;
        }
        Path written = directory.resolve("new.p12");
        try (OutputStream out = Files.newOutputStream(written)) {
            store.store(out, password.toCharArray());
        }
        Files.move(
                written, file, ATOMIC_MOVE, REPLACE_EXISTING); // a connection that begins now sees the one or the other
    }

    @Override
    public synchronized void close() {
        keeper.shutdownNow();
        FileSystemUtils.deleteRecursively(directory.toFile());
    }
}
