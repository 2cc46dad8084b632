package dev.handover.election;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.TcpProxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.retry.RetryOneTime;

/** One ZooKeeper server, and clients of it, each behind a proxy of its own that can be cut. */
final class Ensemble {
    static final Duration SESSION = Duration.ofSeconds(2);

    private final EmbeddedZooKeeper server;
    private final List<AutoCloseable> open = new ArrayList<>();

    Ensemble(Path directory) throws Exception {
        server = EmbeddedZooKeeper.builder()
                .dataDirectory(directory)
                .tickTime(Duration.ofMillis(100))
                .maxSessionTimeout(Duration.ofMinutes(10))
                .start();
        server.awaitServing(Duration.ofSeconds(20));
    }

    String connectString() {
        return server.connectString();
    }

    TcpProxy proxy() throws Exception {
        TcpProxy proxy = new TcpProxy(server.clientPort());
        open.add(0, proxy);
        return proxy;
    }

    CuratorFramework client() {
        return client(server.connectString(), SESSION);
    }

    CuratorFramework client(String connectString, Duration session) {
        CuratorFramework client = CuratorFrameworkFactory.newClient(
                connectString, Math.toIntExact(session.toMillis()), 1000, new RetryOneTime(100));
        client.start();
        open.add(0, client);
        return client;
    }

    LeaderElection candidate(CuratorFramework client, String name) throws Exception {
        return start(LeaderElection.builder(client, "/jobs/billing").candidate(name));
    }

    LeaderElection start(LeaderElection.Builder builder) throws Exception {
        LeaderElection election = builder.start();
        open.add(0, election);
        return election;
    }

    void close() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
        server.close();
    }
}
