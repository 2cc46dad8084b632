package dev.handover.election.zookeeper;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeer.QuorumServer;
import org.apache.zookeeper.server.quorum.flexible.QuorumMaj;
import org.jspecify.annotations.Nullable;

/** One member of an ensemble: what ZooKeeper's own main class does, without its metrics, admin server and exit. */
final class EnsembleServer implements EmbeddedServer {
    private static final int ELECTION_ALGORITHM = 3; // the only one there is
    private static final int INIT_TICKS = 20;
    private static final int SYNC_TICKS = 8;

    private final EnsembleMember self;
    private final int maxClientConnections;
    private final QuorumPeer peer;
    private final FileTxnSnapLog log;
    private final ServerCnxnFactory connections = new NIOServerCnxnFactory();
    private volatile boolean started;

    EnsembleServer(
            File directory,
            EnsembleMember self,
            Iterable<EnsembleMember> members,
            int maxClientConnections,
            int tickMillis,
            int maxSessionMillis)
            throws IOException {
        this.self = self;
        this.maxClientConnections = maxClientConnections;
        checkId(directory.toPath(), self.id());
        // a new peer asks this property; Jetty's port 8080 is nobody's wish
        System.setProperty("zookeeper.admin.enableServer", "false");
        log = new FileTxnSnapLog(directory, directory);
        peer = new QuorumPeer();
        peer.setTxnFactory(log);
        peer.setElectionType(ELECTION_ALGORITHM);
        peer.setMyid(self.id());
        peer.setTickTime(tickMillis);
        peer.setMinSessionTimeout(-1);
        peer.setMaxSessionTimeout(maxSessionMillis);
        peer.setInitLimit(INIT_TICKS);
        peer.setSyncLimit(SYNC_TICKS);
        peer.setZKDatabase(new ZKDatabase(log));
        Map<Long, QuorumServer> servers = new HashMap<>();
        for (EnsembleMember member : members) {
            servers.put(
                    (long) member.id(),
                    new QuorumServer(
                            member.id(), member.quorumAddress(), member.electionAddress(), member.clientAddress()));
        }
        peer.setQuorumVerifier(new QuorumMaj(servers), false);
        peer.initConfigInZKDatabase();
        peer.setCnxnFactory(connections);
        peer.initialize();
    }

    @Override
    public void start() throws IOException {
        connections.configure(self.clientAddress(), maxClientConnections);
        peer.start();
        started = true;
    }

    @Override
    public boolean isServing() {
        ZooKeeperServer active = peer.getActiveServer(); // there is one while the peer leads or follows
        return active != null && active.isRunning();
    }

    @Override
    public @Nullable String death() {
        return started && !peer.isAlive()
                ? "the quorum peer has ended; the log of org.apache.zookeeper says why"
                : null;
    }

    @Override
    public int clientPort() {
        return connections.getLocalPort();
    }

    @Override
    public void stop() throws IOException {
        connections.shutdown();
        peer.shutdown();
        try {
            peer.join(5000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        log.close();
    }

    /** ZooKeeper's own safeguard: a data directory belongs to one server id for ever. */
    private static void checkId(Path directory, int id) throws IOException {
        Path file = directory.resolve("myid");
        if (Files.notExists(file)) {
            Files.writeString(file, id + "\n", StandardCharsets.US_ASCII);
        }
        String found = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
        if (!found.equals(String.valueOf(id))) {
            throw new IOException("The data directory " + directory + " belongs to server id '" + found
                    + "' and not to " + id + "; use the directory of server " + id + ", or an empty one");
        }
    }
}
