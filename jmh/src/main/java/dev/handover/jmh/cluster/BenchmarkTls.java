package dev.handover.jmh.cluster;

import dev.handover.netty.TlsOptions;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;

/** One certificate for all replicas of a benchmark, which names each of them and is its own authority. Made with the JDK's keytool beside the cluster's data. */
final class BenchmarkTls {
    private static final String PASSWORD = "benchmark";

    private BenchmarkTls() {}

    private static Path file(Layout layout) {
        return layout.directory().resolve("replicas.p12");
    }

    /** Before the replicas start. */
    static void make(Layout layout) throws IOException, InterruptedException {
        String names = IntStream.range(0, layout.replicas())
                .mapToObj(replica -> "dns:" + HandoverContender.node(replica))
                .collect(Collectors.joining(","));
        Files.deleteIfExists(file(layout));
        Path log = layout.directory().resolve("keytool.log");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "replicas",
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-dname",
                        "CN=benchmark",
                        "-ext",
                        "san=" + names,
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        PASSWORD,
                        "-keystore",
                        file(layout).toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
            keytool.destroyForcibly();
            throw new IOException("keytool has made no certificate: " + Files.readString(log));
        }
    }

    /** In a replica's process. */
    static TlsOptions options(Layout layout) throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file(layout))) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory key = KeyManagerFactory.getInstance("PKIX");
        key.init(store, PASSWORD.toCharArray());
        KeyStore authorities = KeyStore.getInstance("PKCS12");
        authorities.load(null, null);
        authorities.setCertificateEntry("replicas", store.getCertificate("replicas"));
        TrustManagerFactory trusted = TrustManagerFactory.getInstance("PKIX");
        trusted.init(authorities);
        return TlsOptions.of(key, trusted);
    }
}
