package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Key stores and trust stores, and what is said of those that do not do. */
class TlsOptionsTest {
    private static final char[] PASSWORD = Certificates.PASSWORD.toCharArray();

    @TempDir
    private static Path directory;

    private static Path keys;
    private static Path trust;
    private static Path two;

    @BeforeAll
    static void sign() throws Exception {
        Certificates certificates = new Certificates(directory).with("a", "CN=a");
        keys = certificates.keyStore("a");
        trust = certificates.trustStore("authority");
        two = directory.resolve("all.p12");
    }

    @Test
    void shouldTakeAKeyStoreAndATrustStore() throws Exception {
        TlsOptions options = TlsOptions.keyStores(keys, PASSWORD, trust, PASSWORD);
        assertThat(String.valueOf(options.own())).contains("CN=a");
        assertThat(options.context().createSSLEngine()).isNotNull();
        assertThat(options.server()).isNotNull();
        assertThat(options.ifChanged()).isNull();
        Path copy = directory.resolve("copy.p12");
        Files.copy(keys, copy);
        TlsOptions ofCopy = TlsOptions.keyStores(copy, PASSWORD, trust, PASSWORD);
        Files.write(copy, new byte[] {1, 2, 3});
        assertThatThrownBy(ofCopy::ifChanged).isInstanceOf(IOException.class).hasMessageContaining("copy.p12");
    }

    @Test
    void shouldNameTheFileAndTheRemedy() throws Exception {
        refused(keys, "wrong", trust, Certificates.PASSWORD, "the password of key store " + keys + " is wrong");
        refused(keys, Certificates.PASSWORD, trust, "wrong", "the password of trust store " + trust + " is wrong");
        refused(two, Certificates.PASSWORD, trust, Certificates.PASSWORD, "has 2 private keys, one is expected");
        refused(trust, Certificates.PASSWORD, trust, Certificates.PASSWORD, "has 0 private keys, one is expected");
        refused(
                keys,
                Certificates.PASSWORD,
                keys,
                Certificates.PASSWORD,
                "has no certificates of authorities: keytool");
        Path text = Files.writeString(directory.resolve("text.p12"), "-----BEGIN CERTIFICATE-----\n");
        refused(text, "x", trust, Certificates.PASSWORD, "is neither PKCS #12 nor JKS");
        Path missing = directory.resolve("missing.p12");
        refused(missing, "x", trust, Certificates.PASSWORD, "private key " + missing + " cannot be read");
    }

    private static void refused(Path key, String keyPassword, Path trusted, String trustPassword, String says) {
        assertThatThrownBy(() ->
                        TlsOptions.keyStores(key, keyPassword.toCharArray(), trusted, trustPassword.toCharArray()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(says);
    }
}
