package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A process is killed with SIGKILL: the others must know within milliseconds. */
@Timeout(120)
class KilledProcessTest {
    private static final Logger LOG = LoggerFactory.getLogger(KilledProcessTest.class);
    /** Generous for a loaded machine; about one millisecond is usual, see the log. */
    private static final long BOUND_MILLIS = 500;

    @TempDir
    private Path directory;

    /** With TLS, too: what is seen is TCP's. */
    @ParameterizedTest
    @CsvSource({"true, false", "false, false", "true, true"})
    void shouldReportRefusedRightAfterAPeerProcessWasKilled(boolean epoll, boolean secured) throws Exception {
        TlsOptions tls = null;
        List<String> files = List.of();
        if (secured) {
            Certificates certificates =
                    new Certificates(directory).with("a", "CN=a").with("b", "CN=b");
            tls = certificates.options("a");
            files = List.of(
                    certificates.pem("b", true).toString(),
                    directory.resolve("b.key").toString(),
                    certificates.pem("authority", false).toString());
        }
        TlsOptions own = tls;
        try (Node a = Node.start(
                "a",
                epoll,
                0,
                settings -> own == null ? settings : settings.tls(own).handshakeTimeout(Duration.ofSeconds(20)))) {
            NodeId b = NodeId.of("b");
            for (int round = 1; round <= 3; round++) {
                Process process = startPeer(b, epoll, files);
                try {
                    InetSocketAddress address = new InetSocketAddress("127.0.0.1", port(process));
                    a.transport.connectTo(Map.of(b, address));
                    a.await("connected", b, round);
                    int refusedBefore = refusals(a, b);
                    long killed = System.nanoTime();
                    process.destroyForcibly(); // SIGKILL
                    Node.Call lost = a.await("disconnected", b, round);
                    Node.Call refused = a.await("refused", b, refusedBefore + 1);
                    LOG.info(
                            "killed → lost {} µs → refused {} µs",
                            (lost.nanos() - killed) / 1000,
                            (refused.nanos() - lost.nanos()) / 1000);
                    assertThat(refused.nanos() - lost.nanos()).isBetween(0L, BOUND_MILLIS * 1_000_000);
                } finally {
                    process.destroyForcibly().waitFor();
                }
            }
            ConnectionTest.assertAlternating(a.calls());
        }
    }

    private static int refusals(Node node, NodeId peer) {
        return (int) node.calls().stream()
                .filter(c -> c.what().equals("refused") && c.peer().equals(peer))
                .count();
    }

    private static Process startPeer(NodeId id, boolean epoll, List<String> files) throws Exception {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classPath,
                KilledPeer.class.getName(),
                id.value(),
                String.valueOf(epoll)));
        command.addAll(files);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static int port(Process process) throws Exception {
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
        String line;
        while ((line = out.readLine()) != null) {
            if (line.matches("\\d+")) {
                return Integer.parseInt(line);
            }
        }
        throw new AssertionError("the peer's process has ended without saying its port");
    }
}
