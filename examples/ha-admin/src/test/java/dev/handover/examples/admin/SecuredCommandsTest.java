package dev.handover.examples.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.netty.TlsOptions;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.protocol.Message.AdminReply;
import dev.handover.replication.protocol.Message.AdminRequest;
import dev.handover.replication.protocol.Message.AdminVerb;
import dev.handover.replication.storage.StorageOptions;
import dev.handover.replication.transport.Envelope;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.TransportListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes with TLS answer who shows an operator's certificate, and nobody else. */
@Timeout(120)
class SecuredCommandsTest {
    private static final GroupId GROUP = GroupId.of("g");
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    private static boolean hasOpenssl() throws InterruptedException {
        try {
            return new ProcessBuilder("openssl", "version").start().waitFor() == 0;
        } catch (IOException e) {
            return false;
        }
    }

    /** As docs/security.md has it done. */
    private void makeCertificates(String... names) throws Exception {
        assumeTrue(hasOpenssl(), "openssl is not installed: apt-get install openssl");
        String[] command = new String[names.length + 2];
        command[0] = Path.of("../kv-server/make-certificates").toAbsolutePath().toString();
        command[1] = directory.toString();
        System.arraycopy(names, 0, command, 2, names.length);
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
    }

    private TlsOptions tls(String name) throws IOException {
        return TlsOptions.pem(
                directory.resolve(name + ".crt"), directory.resolve(name + ".key"), directory.resolve("ca.crt"));
    }

    private Ran status(EmbeddedZooKeeper zooKeeper, String name) {
        return Ran.command(
                "",
                "status",
                "--zookeeper",
                zooKeeper.connectString(),
                "--tls-certificate",
                directory.resolve(name + ".crt").toString(),
                "--tls-key",
                directory.resolve(name + ".key").toString(),
                "--tls-trust",
                directory.resolve("ca.crt").toString());
    }

    @Test
    void shouldAnswerAnOperatorAndNoNodeAndNobodyWithoutACertificate() throws Exception {
        makeCertificates("a", "b", "ha-admin");
        try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .clientAddress("127.0.0.1", 0)
                .start()) {
            zooKeeper.awaitServing(LONG);
            NettyTransport transport =
                    NettyTransport.builder("127.0.0.1", 0).tls(tls("a")).build();
            try (HaNode a = HaNode.builder(NodeId.of("a"))
                    .configurationStore(ZooKeeperConfigurationStore.connect(zooKeeper.connectString()))
                    .transport(transport)
                    .dataDirectory(directory.resolve("data"))
                    .storage(new StorageOptions(1 << 20, 0))
                    .start()) {
                ReplicatedLog log = a.join(GROUP, command -> command.payload());
                log.awaitInSync(LONG).get(60, TimeUnit.SECONDS);

                Ran asOperator = status(zooKeeper, "ha-admin");
                assertThat(asOperator.err()).isEmpty();
                assertThat(asOperator.out()).containsPattern("a/[0-9a-f-]+ at .*: LEADER in epoch \\d+, in sync");

                Ran asNode = status(zooKeeper, "b");
                assertThat(asNode.code()).isEqualTo(Admin.FAILED);
                assertThat(asNode.err()).contains("certificate CN=b does not name node ha-admin");

                Ran plain = Ran.command("", "status", "--zookeeper", zooKeeper.connectString());
                assertThat(plain.out()).contains("cannot be reached").doesNotContain("LEADER");

                Ran half = Ran.command(
                        "", "status", "--zookeeper", zooKeeper.connectString(), "--tls-key", "ha-admin.key");
                assertThat(half.err()).contains("--tls-certificate is missing");

                try (NettyTransport b =
                        NettyTransport.builder("127.0.0.1", 0).tls(tls("b")).build()) {
                    assertThat(ask(b, transport)).contains("node b may not ask for this");
                }
                assertThat(log.status().role().leads()).isTrue();
            }
        }
    }

    @Test
    void shouldSayWhichFileIsWrong() throws Exception {
        makeCertificates("a");
        assertThatThrownBy(() -> tls("x")).hasMessageContaining("x.crt cannot be read");
    }

    /** What a node is told that asks for a transfer. */
    private static String ask(NettyTransport b, NettyTransport a) throws Exception {
        NodeId self = NodeId.of("b");
        NodeId other = NodeId.of("a");
        CompletableFuture<Void> connected = new CompletableFuture<>();
        CompletableFuture<String> answer = new CompletableFuture<>();
        b.start(self, new TransportListener() {
            @Override
            public Hello hello() {
                return new Hello("default", self, UUID.randomUUID(), Map.of());
            }

            @Override
            public @Nullable String refusalOf(Hello peer) {
                return null;
            }

            @Override
            public void connected(Hello peer) {
                connected.complete(null);
            }

            @Override
            public void disconnected(NodeId peer, String reason) {
                answer.completeExceptionally(new IOException(reason));
            }

            @Override
            public void refused(NodeId peer) {
                connected.completeExceptionally(new IOException("nobody listens"));
            }

            @Override
            public void rejected(NodeId peer, String reason) {
                connected.completeExceptionally(new IOException(reason));
            }

            @Override
            public void received(Envelope envelope) {
                if (envelope.message() instanceof AdminReply reply) {
                    answer.complete(reply.text());
                }
            }

            @Override
            public void receivedAll() {}
        });
        b.connectTo(Map.of(other, a.address()));
        connected.get(20, TimeUnit.SECONDS);
        b.send(
                other,
                new Envelope(
                        GROUP, new ReplicaId(self, UUID.randomUUID()), new AdminRequest(1, AdminVerb.TRANSFER, "")));
        return answer.get(20, TimeUnit.SECONDS);
    }
}
