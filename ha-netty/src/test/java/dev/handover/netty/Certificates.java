package dev.handover.netty;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** An authority and what it has signed, made with the JDK's keytool in a directory. */
public final class Certificates {
    public static final String PASSWORD = "secret";
    private final Path directory;
    private final Path file;

    public Certificates(Path directory) throws Exception {
        this.directory = directory;
        file = directory.resolve("all.p12");
        keytool("authority", "-dname", "CN=authority", "-ext", "bc:c", "-validity", "365");
    }

    /** A certificate that the authority has signed. */
    public Certificates with(String alias, String subject, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-dname", subject, "-signer", "authority"));
        arguments.addAll(more.length == 0 ? List.of("-validity", "365") : List.of(more));
        keytool(alias, arguments.toArray(String[]::new));
        return this;
    }

    /** One that nobody but itself has signed. */
    public Certificates alone(String alias, String subject) throws Exception {
        keytool(alias, "-dname", subject, "-validity", "365");
        return this;
    }

    private void keytool(String alias, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-J-XX:TieredStopAtLevel=1",
                "-genkeypair",
                "-alias",
                alias,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                file.toString()));
        command.addAll(List.of(arguments));
        Path output = directory.resolve("keytool.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new AssertionError("keytool: " + Files.readString(output));
        }
    }

    private KeyStore all() throws GeneralSecurityException, IOException {
        KeyStore all = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            all.load(in, PASSWORD.toCharArray());
        }
        return all;
    }

    private static KeyStore empty() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    KeyManagerFactory key(String alias) throws GeneralSecurityException, IOException {
        KeyStore one = empty();
        KeyStore all = all();
        one.setKeyEntry(
                alias,
                all.getKey(alias, PASSWORD.toCharArray()),
                PASSWORD.toCharArray(),
                all.getCertificateChain(alias));
        KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
        factory.init(one, PASSWORD.toCharArray());
        return factory;
    }

    public TrustManagerFactory trusted() throws GeneralSecurityException, IOException {
        KeyStore one = empty();
        one.setCertificateEntry("authority", all().getCertificate("authority"));
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init(one);
        return factory;
    }

    public TlsOptions options(String alias) throws GeneralSecurityException, IOException {
        return TlsOptions.of(key(alias), trusted());
    }

    /** For sockets without this project's code. */
    public SSLContext context(String alias) throws GeneralSecurityException, IOException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(key(alias).getKeyManagers(), trusted().getTrustManagers(), null);
        return context;
    }

    /** Of a client that has no certificate of its own. */
    public SSLContext contextWithoutKey() throws GeneralSecurityException, IOException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trusted().getTrustManagers(), null);
        return context;
    }

    /** Writes a key store with that certificate and its key. */
    public Path keyStore(String alias) throws GeneralSecurityException, IOException {
        KeyStore one = empty();
        KeyStore all = all();
        one.setKeyEntry(
                alias,
                all.getKey(alias, PASSWORD.toCharArray()),
                PASSWORD.toCharArray(),
                all.getCertificateChain(alias));
        return write(one, alias);
    }

    /** Writes a trust store with that certificate. */
    public Path trustStore(String alias) throws GeneralSecurityException, IOException {
        KeyStore one = empty();
        one.setCertificateEntry(alias, all().getCertificate(alias));
        return write(one, alias + "-trust");
    }

    private Path write(KeyStore store, String name) throws GeneralSecurityException, IOException {
        Path written = directory.resolve(name + ".p12");
        try (OutputStream out = Files.newOutputStream(written)) {
            store.store(out, PASSWORD.toCharArray());
        }
        return written;
    }

    /** Writes {@code ALIAS.crt}; with a key, {@code ALIAS.key}, too. */
    public Path pem(String alias, boolean key) throws GeneralSecurityException, IOException {
        StringBuilder certificates = new StringBuilder();
        for (Certificate each : all().getCertificateChain(alias)) {
            certificates.append(block("CERTIFICATE", each.getEncoded()));
        }
        if (key) {
            Files.writeString(
                    directory.resolve(alias + ".key"),
                    block(
                            "PRIVATE KEY",
                            all().getKey(alias, PASSWORD.toCharArray()).getEncoded()));
        }
        return Files.writeString(directory.resolve(alias + ".crt"), certificates);
    }

    private static String block(String name, byte[] bytes) {
        return "-----BEGIN " + name + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes) + "\n-----END " + name + "-----\n";
    }
}
