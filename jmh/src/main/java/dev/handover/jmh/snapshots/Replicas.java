package dev.handover.jmh.snapshots;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.NettyTransport;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Replicas of one group in this JVM: logs on disk, Netty over loopback, an embedded ZooKeeper. They take snapshots when told to, and keep no more log than they must. */
final class Replicas implements AutoCloseable {
    private static final GroupId GROUP = GroupId.of("bench");
    private static final Duration WAIT = Duration.ofMinutes(10);

    private final long stateBytes;
    private final Path directory;
    private final EmbeddedZooKeeper zooKeeper;
    private final Map<String, Replica> running = new TreeMap<>();

    Replicas(long stateBytes) throws Exception {
        this.stateBytes = stateBytes;
        directory = Files.createTempDirectory(Path.of(""), "snapshots");
        zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .start();
        zooKeeper.awaitServing(WAIT);
    }

    /** One that runs. */
    record Replica(HaNode node, ReplicatedLog log, LargeState state) {
        void awaitInSync() throws Exception {
            log.awaitInSync(WAIT).get();
        }
    }

    /** A state to start one with: what it takes to get so much memory is not to be measured. */
    LargeState state() {
        return new LargeState(stateBytes).filled();
    }

    /** Starts one on what its directory holds; returns at once. */
    Replica start(String id, LargeState state) throws IOException {
        HaNode node = HaNode.builder(NodeId.of(id))
                .configurationStore(ZooKeeperConfigurationStore.connect(zooKeeper.connectString()))
                .transport(NettyTransport.listen("127.0.0.1", 0))
                .dataDirectory(data(id))
                .storage(StorageOptions.defaults().withSegmentBytes(4 << 20))
                .snapshotBytes(1L << 44)
                .snapshotInterval(Duration.ofDays(30))
                .snapshotMarginBytes(0)
                .start();
        Replica replica = new Replica(node, node.join(GROUP, state), state);
        running.put(id, replica);
        return replica;
    }

    /** Stops it in order. */
    void stop(String id) {
        Replica stopped = running.remove(id);
        if (stopped != null) {
            stopped.node.close();
        }
    }

    /** Everything that a stopped one had. */
    void wipe(String id) throws IOException {
        delete(data(id));
    }

    private Path data(String id) {
        return directory.resolve(id);
    }

    private static void delete(Path from) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Override
    public void close() throws IOException {
        running.values().forEach(replica -> replica.node.close());
        running.clear();
        zooKeeper.close();
        delete(directory);
    }
}
