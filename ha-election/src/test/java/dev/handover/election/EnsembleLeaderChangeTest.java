package dev.handover.election;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.zookeeper.Await;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.EnsembleMember;
import dev.handover.election.zookeeper.EnsembleOfThree;
import dev.handover.leadership.Leadership;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real ensemble of three servers, whose own leader goes while candidates lead. */
@Timeout(120)
class EnsembleLeaderChangeTest {
    private static final Duration SESSION = Duration.ofSeconds(6);

    @TempDir
    Path directory;

    private final List<EmbeddedZooKeeper> servers = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeEach
    void start() throws Exception {
        List<EnsembleMember> members = EnsembleOfThree.members();
        for (int id = 1; id <= 3; id++) {
            servers.add(EmbeddedZooKeeper.builder()
                    .dataDirectory(directory.resolve(String.valueOf(id)))
                    .ensemble(id, members)
                    .tickTime(Duration.ofMillis(200))
                    .start());
        }
        for (EmbeddedZooKeeper server : servers) {
            server.awaitServing(Duration.ofSeconds(60));
        }
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
        servers.forEach(EmbeddedZooKeeper::close);
    }

    private LeaderElection candidate(String name) throws Exception {
        CuratorFramework client = CuratorFrameworkFactory.newClient(
                servers.get(0).connectString(), Math.toIntExact(SESSION.toMillis()), 2000, new RetryOneTime(100));
        client.start();
        open.add(0, client);
        LeaderElection election =
                LeaderElection.builder(client, "/jobs/billing").candidate(name).start();
        open.add(0, election);
        return election;
    }

    /** By ZooKeeper's four-letter word {@code srvr}. */
    private static boolean leads(EmbeddedZooKeeper server) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.clientPort())) {
            socket.setSoTimeout(5000);
            socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
            InputStream answer = socket.getInputStream();
            return new String(answer.readAllBytes(), StandardCharsets.US_ASCII).contains("Mode: leader");
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean believes(LeaderElection election) {
        return election.current() instanceof Leadership.Leading leading && leading.isValid();
    }

    @Test
    void shouldHaveOneLeaderWhileTheEnsembleChangesItsOwn() throws Exception {
        LeaderElection a = candidate("a");
        Await.until("a leads", () -> believes(a));
        long epoch = ((Leadership.Leading) a.current()).epoch();
        LeaderElection b = candidate("b");
        Await.until(
                "b follows",
                () -> b.current() instanceof Leadership.Following following && "a".equals(following.leader()));

        AtomicBoolean watching = new AtomicBoolean(true);
        AtomicLong both = new AtomicLong();
        Thread watch = new Thread(() -> {
            while (watching.get()) {
                if (believes(a) && believes(b) && believes(a)) {
                    both.incrementAndGet();
                }
                try {
                    Thread.sleep(1);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
        watch.start();
        try {
            EmbeddedZooKeeper leader = servers.stream()
                    .filter(EnsembleLeaderChangeTest::leads)
                    .findFirst()
                    .orElseThrow();
            leader.close();
            servers.remove(leader);
            Await.until("the others have a leader", () -> servers.stream().anyMatch(EnsembleLeaderChangeTest::leads));
            AtomicReference<LeaderElection> found = new AtomicReference<>();
            Await.until("a candidate leads", () -> {
                found.set(believes(a) ? a : believes(b) ? b : null);
                return found.get() != null;
            });
            LeaderElection leading = found.get();
            LeaderElection following = leading == a ? b : a;
            long now = leading.lastChange().orElseThrow().epoch();
            if (leading == a) {
                assertThat(now).as("in the same session the same leadership").isGreaterThanOrEqualTo(epoch);
            } else {
                assertThat(now).isGreaterThan(epoch);
            }
            leading.close(); // and what comes after is in order again, in the new ensemble's numbers
            Await.until("the other one leads", () -> believes(following));
            assertThat(following.lastChange().orElseThrow().epoch()).isGreaterThan(now);
        } finally {
            watching.set(false);
            watch.join();
        }
        assertThat(both).as("moments with two believers").hasValue(0);
    }
}
