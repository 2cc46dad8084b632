package dev.handover.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.handover.netty.TlsOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two servers that speak TLS with each other, with certificates as docs/security.md has them made. */
@Timeout(120)
class SecuredServersTest {
    private static final Pattern ADDRESS = Pattern.compile("(\\w+)=127\\.0\\.0\\.1:(\\d+)");

    @TempDir
    Path directory;

    private void makeCertificates() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/openssl")), "openssl is missing: apt-get install openssl");
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of("make-certificates").toAbsolutePath().toString(),
                        directory.toString(),
                        "a=127.0.0.1,localhost",
                        "b")
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
    }

    private KvServer server(String id, String zooKeeper) {
        return new KvServer(Options.parse(List.of(
                "--id",
                id,
                "--group",
                "kv",
                "--data",
                directory.resolve("data-" + id).toString(),
                "--resp",
                "127.0.0.1:0",
                "--peer",
                "127.0.0.1:0",
                "--zookeeper",
                zooKeeper,
                "--failure-timeout",
                "10s", // nobody takes over on a busy machine
                "--timeout",
                "30s",
                "--ops",
                "127.0.0.1:0",
                "--ops-tls",
                "yes",
                "--segment-size",
                "1m",
                "--disk-reserve",
                "0k",
                "--tls-certificate",
                directory.resolve(id + ".crt").toString(),
                "--tls-key",
                directory.resolve(id + ".key").toString(),
                "--tls-trust",
                directory.resolve("ca.crt").toString())));
    }

    private static InetSocketAddress address(KvServer server, String which) {
        Matcher matcher = ADDRESS.matcher(server.ready());
        while (matcher.find()) {
            if (matcher.group(1).equals(which)) {
                return new InetSocketAddress("127.0.0.1", Integer.parseInt(matcher.group(2)));
            }
        }
        throw new AssertionError("no " + which + " in " + server.ready());
    }

    @Test
    void shouldServeTheSameKeysWithTlsBetweenThem() throws Exception {
        makeCertificates();
        try (KvServer a = server("a", "embedded:0")) {
            a.start();
            a.awaitServing();
            try (KvServer b = server("b", "127.0.0.1:" + address(a, "zookeeper").getPort())) {
                b.start();
                b.awaitServing();
                try (RawClient toB = new RawClient(address(b, "resp"));
                        RawClient toA = new RawClient(address(a, "resp"))) {
                    toB.timeout(60_000);
                    Waiting.until("a write by b", Duration.ofSeconds(60), () -> toB.call("SET", "greeting", "hello")
                            .equals("+OK"));
                    assertThat(toA.call("STRLEN", "greeting")).isEqualTo(":5");
                    assertThat(toB.call("INCR", "n")).isEqualTo(":1");
                }
                assertSpeaksTls(address(a, "peer"));
                assertAnswersOverTls(address(a, "ops"));
            }
        }
    }

    /** It shows a certificate, of an authority that Java does not know. */
    private static void assertSpeaksTls(InetSocketAddress peer) throws IOException {
        try (SSLSocket socket =
                (SSLSocket) SSLSocketFactory.getDefault().createSocket(peer.getAddress(), peer.getPort())) {
            socket.setSoTimeout(20_000);
            assertThatThrownBy(socket::startHandshake).hasMessageContaining("PKIX path building failed");
        }
    }

    /** By the rules of HTTPS, for who trusts the authority. */
    private void assertAnswersOverTls(InetSocketAddress ops) throws Exception {
        SSLContext context = TlsOptions.pem(
                        directory.resolve("b.crt"), directory.resolve("b.key"), directory.resolve("ca.crt"))
                .context();
        HttpRequest question = HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + ops.getPort() + "/live"))
                .timeout(Duration.ofSeconds(60))
                .build();
        HttpClient client = HttpClient.newBuilder().sslContext(context).build();
        assertThat(client.send(question, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(200);
    }

    @Test
    void shouldNotTakeAnothersKey() throws Exception {
        makeCertificates();
        assertThatThrownBy(() -> Options.parse(List.of(
                        "--id",
                        "b",
                        "--group",
                        "kv",
                        "--data",
                        "d",
                        "--resp",
                        "127.0.0.1:0",
                        "--peer",
                        "127.0.0.1:0",
                        "--zookeeper",
                        "embedded",
                        "--tls-certificate",
                        directory.resolve("b.crt").toString(),
                        "--tls-key",
                        directory.resolve("a.key").toString(),
                        "--tls-trust",
                        directory.resolve("ca.crt").toString())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a.key is not that of the first certificate in");
    }
}
