package dev.handover.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundles;

/** One of the application's SSL bundles, which a property names. */
record NamedBundle(String key, String name, SslBundles all, SslBundle bundle) {
    /** @throws InvalidPropertyException if there is no such bundle, or it trusts nobody in particular */
    static NamedBundle of(String key, String name, @Nullable SslBundles all) {
        if (all == null) {
            throw new InvalidPropertyException(
                    key,
                    "'" + name + "' is set, but this application has no SSL bundles",
                    "Do not exclude Spring Boot's SslAutoConfiguration, or bring a bean of type SslBundles.");
        }
        try {
            NamedBundle found = new NamedBundle(key, name, all, all.getBundle(name));
            found.require(
                    found.bundle.getStores().getTrustStore(),
                    "trust store",
                    "Set the bundle's truststore to the authority of the other side's certificates: with none, every public authority would be trusted.");
            return found;
        } catch (NoSuchSslBundleException e) {
            throw new InvalidPropertyException(
                    key,
                    "there is no SSL bundle '" + name + "', but " + all.getBundleNames(),
                    "Set spring.ssl.bundle.pem." + name
                            + ".keystore.certificate, .keystore.private-key and .truststore.certificate, or name another bundle.");
        }
    }

    void require(@Nullable Object store, String what, String remedy) {
        if (store == null) {
            throw new InvalidPropertyException(key, "the SSL bundle '" + name + "' has no " + what, remedy);
        }
    }
}
