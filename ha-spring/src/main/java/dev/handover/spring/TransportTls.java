package dev.handover.spring;

import dev.handover.netty.NettyTransport;
import dev.handover.netty.TlsOptions;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/** Mutual TLS between the nodes, and on the port by which candidates of an election watch each other, with what one of the application's SSL bundles says, now and after each of its updates. */
final class TransportTls {
    private static final Logger LOG = LoggerFactory.getLogger(TransportTls.class);
    private static final String KEY = "handover.ssl.bundle";

    private final String name;
    private final SslBundles bundles;
    private final SslBundle bundle;

    /** @throws InvalidPropertyException if there is no such bundle, or something is missing in it */
    TransportTls(String name, @Nullable SslBundles all) {
        NamedBundle named = NamedBundle.of(KEY, name, all);
        named.require(
                named.bundle().getStores().getKeyStore(),
                "key store",
                "Nodes show each other a certificate: set the bundle's keystore, with a certificate that names this node.");
        this.name = name;
        bundles = named.all();
        bundle = named.bundle();
    }

    TlsOptions options() {
        return options(bundle);
    }

    private static TlsOptions options(SslBundle bundle) {
        return TlsOptions.of(
                bundle.getManagers().getKeyManagerFactory(),
                bundle.getManagers().getTrustManagerFactory());
    }

    /** What the bundle says at each time. */
    Supplier<SSLContext> contexts() {
        AtomicReference<SSLContext> current = new AtomicReference<>(bundle.createSslContext());
        bundles.addBundleUpdateHandler(name, updated -> {
            try {
                current.set(updated.createSslContext());
            } catch (RuntimeException e) { // the old one goes on
                LOG.warn("the updated SSL bundle '{}' is not used for the election: {}", name, e.getMessage());
            }
        });
        return current::get;
    }

    /** From now on the transport follows the bundle's updates. */
    void renew(NettyTransport transport) {
        bundles.addBundleUpdateHandler(name, updated -> {
            try {
                transport.renew(options(updated));
            } catch (IOException | RuntimeException e) { // the old ones go on
                LOG.warn("the updated SSL bundle '{}' is not used between the nodes: {}", name, e.getMessage());
            }
        });
    }
}
