package dev.handover.examples.demo;

import dev.handover.coordination.RecordOutcome;
import dev.handover.coordination.RecordStore;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;

/** A ZooKeeper in this process and three kv-servers in processes of their own, all in one temporary directory. */
final class Cluster implements AutoCloseable {
    private static final List<String> IDS = List.of("a", "b", "c");
    private static final Duration ZOOKEEPER_START = Duration.ofSeconds(30);
    private static final int TAIL_LINES = 25;
    private static final String EXERCISE = "exercise";
    private static final int EXERCISES = 1000;

    private final EmbeddedZooKeeper zooKeeper;
    private final List<KvNode> nodes = new ArrayList<>();

    /**
     * Starts ZooKeeper, and then the servers; that they serve is another matter.
     *
     * @param directory exists; it takes data and logs
     */
    Cluster(Path directory, Path kvServerJar, List<String> jvmOptions) throws IOException, InterruptedException {
        zooKeeper = EmbeddedZooKeeper.builder()
                .dataDirectory(directory.resolve("zookeeper"))
                .start();
        try {
            zooKeeper.awaitServing(ZOOKEEPER_START);
            exercise(zooKeeper.connectString());
            List<InetSocketAddress> ports = Ports.free(2 * IDS.size());
            for (int i = 0; i < IDS.size(); i++) {
                String id = IDS.get(i);
                nodes.add(new KvNode(
                        id,
                        kvServerJar,
                        directory.resolve(id),
                        ports.get(2 * i),
                        ports.get(2 * i + 1),
                        zooKeeper.connectString(),
                        jvmOptions));
            }
        } catch (TimeoutException e) {
            close();
            throw new IOException(e.getMessage(), e);
        } catch (IOException | RuntimeException | InterruptedException e) {
            close();
            throw e;
        }
    }

    /** Lets a new ZooKeeper do often what it does once in a take-over: the demo's is to answer as one that has run for long, not as one that meets its first writes. */
    private static void exercise(String connectString) throws IOException {
        ZooKeeperConfigurationStore store = ZooKeeperConfigurationStore.connect(connectString);
        try {
            RecordStore records = store.records();
            byte[] like = new byte[512]; // a configuration has some hundred bytes
            for (int version = RecordStore.NOT_EXISTING; version < EXERCISES; version++) {
                RecordOutcome outcome =
                        records.compareAndSet(EXERCISE, version, like).join();
                if (!(outcome instanceof RecordOutcome.Applied)) {
                    throw new IOException("the ZooKeeper that was just started does not take writes: " + outcome);
                }
            }
            records.delete(EXERCISE, EXERCISES).join();
        } finally {
            store.close();
        }
    }

    void start() throws IOException {
        for (KvNode node : nodes) {
            node.start();
        }
    }

    List<KvNode> nodes() {
        return List.copyOf(nodes);
    }

    KvNode node(String id) {
        return nodes.stream().filter(node -> node.id().equals(id)).findFirst().orElseThrow();
    }

    List<InetSocketAddress> addresses() {
        return nodes.stream().map(KvNode::resp).toList();
    }

    /** The last lines of each server's log. */
    String tails() {
        StringBuilder text = new StringBuilder();
        for (KvNode node : nodes) {
            text.append("--- ")
                    .append(node.log())
                    .append(node.isAlive() ? ", running" : ", not running")
                    .append(System.lineSeparator())
                    .append(node.tail(TAIL_LINES))
                    .append(System.lineSeparator());
        }
        return text.toString();
    }

    /** Kills the servers and stops ZooKeeper. Closing twice is fine. */
    @Override
    public synchronized void close() {
        nodes.parallelStream().forEach(KvNode::close);
        zooKeeper.close();
    }
}
