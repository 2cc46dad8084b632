package dev.handover.election.zookeeper;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.jspecify.annotations.Nullable;

/** One server without an ensemble: what ZooKeeper's own main class does, without its metrics, admin server, JMX and exit. */
final class StandaloneServer implements EmbeddedServer {
    private final InetSocketAddress clientAddress;
    private final int maxClientConnections;
    private final FileTxnSnapLog log;
    private final Server server;
    private final ServerCnxnFactory connections = new NIOServerCnxnFactory();

    StandaloneServer(
            File directory,
            InetSocketAddress clientAddress,
            int maxClientConnections,
            int tickMillis,
            int maxSessionMillis)
            throws IOException {
        this.clientAddress = clientAddress;
        this.maxClientConnections = maxClientConnections;
        log = new FileTxnSnapLog(directory, directory);
        server = new Server(log, tickMillis, maxSessionMillis);
        log.setServerStats(server.serverStats());
    }

    @Override
    public void start() throws IOException, InterruptedException {
        connections.configure(clientAddress, maxClientConnections);
        connections.startup(server);
    }

    @Override
    public boolean isServing() {
        return server.isRunning();
    }

    @Override
    public @Nullable String death() {
        return server.failed ? "a thread of the server has failed; the log of org.apache.zookeeper says which" : null;
    }

    @Override
    public int clientPort() {
        return connections.getLocalPort();
    }

    @Override
    public void stop() throws IOException {
        connections.shutdown();
        server.shutdown(true);
        log.close();
    }

    private static final class Server extends ZooKeeperServer {
        private volatile boolean failed;

        Server(FileTxnSnapLog log, int tickMillis, int maxSessionMillis) {
            super(null, log, tickMillis, -1, maxSessionMillis, -1, null, "");
        }

        /** The only sign that ZooKeeper gives when one of its threads dies. */
        @Override
        protected void setState(State state) {
            if (state == State.ERROR) {
                failed = true;
            }
            super.setState(state);
        }

        // The names of ZooKeeper's beans would clash with those of a second server in the same JVM.
        @Override
        protected void registerJMX() {}

        @Override
        protected void unregisterJMX() {}
    }
}
