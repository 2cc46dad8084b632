package dev.handover.election;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.zookeeper.Await;
import dev.handover.election.zookeeper.ServerProcess;
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
import java.util.stream.Collectors;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers of ZooKeeper, processes of their own, that are killed and wiped while candidates lead. */
@Timeout(120)
class ServersLostIT {
    private static final String PATH = "/jobs/billing";

    @TempDir
    Path directory;

    private final List<ServerProcess> servers = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final AtomicLong highest = new AtomicLong();

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
        for (ServerProcess server : servers) {
            server.kill();
        }
    }

    /** One whose application remembers the highest epoch that it has seen lead. */
    private LeaderElection candidate(String name, Duration session) throws Exception {
        String connectString =
                servers.stream().map(ServerProcess::connectString).collect(Collectors.joining(","));
        CuratorFramework client = CuratorFrameworkFactory.newClient(
                connectString, Math.toIntExact(session.toMillis()), 1000, new RetryOneTime(100));
        client.start();
        open.add(0, client);
        LeaderElection election = LeaderElection.builder(client, PATH)
                .candidate(name)
                .epochFloor(highest::get)
                .listener(told -> {
                    if (told instanceof Leadership.Leading leading) {
                        highest.accumulateAndGet(leading.epoch(), Math::max);
                    }
                })
                .start();
        open.add(0, election);
        return election;
    }

    /** By ZooKeeper's four-letter word {@code srvr}. */
    private static boolean leads(ServerProcess server) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
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

    private static LeaderElection awaitBeliever(LeaderElection a, LeaderElection b) throws Exception {
        AtomicReference<LeaderElection> found = new AtomicReference<>();
        Await.until("a candidate leads", () -> {
            found.set(believes(a) ? a : believes(b) ? b : null);
            return found.get() != null;
        });
        return found.get();
    }

    @Test
    void shouldHaveOneLeaderWhileTheEnsemblesOwnIsKilled() throws Exception {
        servers.addAll(ServerProcess.ensemble(directory));
        LeaderElection a = candidate("a", Duration.ofSeconds(6));
        Await.until("a leads", () -> believes(a));
        long epoch = ((Leadership.Leading) a.current()).epoch();
        LeaderElection b = candidate("b", Duration.ofSeconds(6));
        LeaderElectionTest.awaitFollowing(b, "a");

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
            ServerProcess leader =
                    servers.stream().filter(ServersLostIT::leads).findFirst().orElseThrow();
            leader.kill();
            servers.remove(leader);
            Await.until("the others have a leader", () -> servers.stream().anyMatch(ServersLostIT::leads));
            LeaderElection leading = awaitBeliever(a, b);
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

    /** Its transaction numbers begin again, so epochs would: only candidates and application know what was before. */
    @Test
    void shouldRaiseTheEpochAboveTheHighestThatTheApplicationKnowsWhenAllThatZooKeeperStoredIsLost() throws Exception {
        Duration session = Duration.ofMillis(1500);
        ServerProcess server = new ServerProcess(directory.resolve("server"));
        servers.add(server);
        highest.set(1L << 40); // of a long life
        LeaderElection a = candidate("a", session);
        LeaderElection b = candidate("b", session);
        awaitBeliever(a, b);
        Await.until("it is told", () -> highest.get() > 1L << 40);
        long before = highest.get();

        server.wipe();
        Await.until("nobody leads", () -> !believes(a) && !believes(b));
        server.start();
        LeaderElection again = awaitBeliever(a, b);
        assertThat(((Leadership.Leading) again.current()).epoch()).isGreaterThan(before);

        server.wipe();
        a.close();
        b.close();
        long told = highest.get();
        assertThat(told).isGreaterThan(before);
        server.start();
        LeaderElection c = candidate("c", session); // remembers nothing by itself
        Await.until("c leads", () -> believes(c));
        assertThat(((Leadership.Leading) c.current()).epoch()).isEqualTo(told + 1);
        assertThat(c.lastChange().orElseThrow().reason()).as("all is new").isEqualTo("the first leader");
    }
}
