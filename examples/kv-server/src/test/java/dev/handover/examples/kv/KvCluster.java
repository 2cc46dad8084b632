package dev.handover.examples.kv;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A cluster of kv-server processes and their ZooKeeper, for tests that kill and pause them:
 *
 * <pre>{@code
 * try (KvCluster cluster = KvCluster.in(directory).nodes(3).start()) {
 *     KvNode leader = cluster.leader();
 *     leader.kill();
 *     KvNode next = cluster.awaitOtherLeader(leader, Duration.ofSeconds(5));
 *     leader.start();
 *     cluster.awaitInSync(3, Duration.ofSeconds(30));
 * }
 * }</pre>
 *
 * <p>The runnable jar is looked for beside the classes of kv-server, or where the system property {@code kv.jar} says; so these tests run after {@code package}.
 * Logs of all processes are in the directory.
 */
public final class KvCluster implements AutoCloseable {
    private static final int FIRST_PORT = 20_000;
    private static final int LAST_PORT = 32_000; // below those that the system gives to connections
    private static final Duration START = Duration.ofSeconds(60);
    private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

    private final Builder options;
    private final List<KvNode> nodes = new ArrayList<>();
    private final int zooKeeperPort;
    private JavaProcess zooKeeper;

    private KvCluster(Builder options) {
        this.options = options;
        this.zooKeeperPort = freePort();
        for (int i = 0; i < options.nodes; i++) {
            nodes.add(
                    new KvNode(this, String.valueOf((char) ('a' + i)), freePort(), freePort(), freePort(), freePort()));
        }
    }

    /** Begins to describe a cluster that keeps everything in that directory. */
    public static Builder in(Path directory) {
        return new Builder(directory);
    }

    /** The runnable jar. */
    public static Path jar() {
        String property = System.getProperty("kv.jar");
        Path jar = property != null ? Path.of(property) : location(KvMain.class).resolveSibling("kv-server.jar");
        if (!Files.isRegularFile(jar)) {
            throw new AssertionError(jar + " is missing: run 'mvn package' before, or set -Dkv.jar");
        }
        return jar;
    }

    public List<KvNode> nodes() {
        return List.copyOf(nodes);
    }

    public KvNode node(String id) {
        return nodes.stream().filter(node -> node.id().equals(id)).findFirst().orElseThrow();
    }

    /** Nodes whose process runs, paused ones too. */
    public List<KvNode> alive() {
        return nodes.stream().filter(KvNode::isAlive).toList();
    }

    public Path directory() {
        return options.directory;
    }

    public String connectString() {
        return placement().zooKeeperHost() + ":" + zooKeeperPort;
    }

    /** ZooKeeper's process, to be killed, paused and resumed. With {@link Builder#embeddedZooKeeper} there is none. */
    public JavaProcess zooKeeper() {
        return zooKeeper;
    }

    /** Starts ZooKeeper again after it was killed, on its old port and data. */
    public void startZooKeeper() throws IOException {
        List<String> arguments = List.of(
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                jar() + File.pathSeparator + location(ZooKeeperMain.class),
                ZooKeeperMain.class.getName(),
                directory().resolve("zookeeper").toString(),
                placement().zooKeeperHost(),
                Integer.toString(zooKeeperPort));
        zooKeeper = JavaProcess.start("zookeeper", directory().resolve("zookeeper.log"), arguments);
        zooKeeper.awaitReady(START);
    }

    /** The node that leads; waits for one. */
    public KvNode leader() {
        return awaitLeader(START);
    }

    /** The node that leads and serves; waits for one. */
    public KvNode awaitLeader(Duration timeout) {
        return awaitOtherLeader(null, timeout);
    }

    /** A node that leads and serves, another one than that. */
    public KvNode awaitOtherLeader(KvNode notThis, Duration timeout) {
        KvNode[] found = {null};
        Waiting.until("a leader other than " + notThis, timeout, () -> {
            for (KvNode node : nodes) {
                if (node != notThis && node.leads()) {
                    found[0] = node;
                }
            }
            return found[0] != null;
        });
        return found[0];
    }

    /** Waits until the leader says that so many replicas are in sync, itself included. */
    public void awaitInSync(int count, Duration timeout) {
        Waiting.until(count + " replicas in sync", timeout, () -> saysInSync(count));
    }

    /**
     * Whether the leader says at the moment that so many replicas are in sync, itself included. One that was replaced without knowing it yet still calls
     * itself the leader: whoever is in a later epoch shows it.
     */
    public boolean saysInSync(int count) {
        List<Map<String, String>> infos = nodes.stream()
                .filter(KvNode::isAlive)
                .map(KvCluster::infoOf)
                .filter(info -> info.containsKey("epoch"))
                .toList();
        long newest = infos.stream().mapToLong(KvCluster::epoch).max().orElse(0);
        return infos.stream()
                .anyMatch(info -> epoch(info) == newest
                        && "LEADER".equals(info.get("state"))
                        && Integer.toString(count).equals(info.get("in_sync_count")));
    }

    private static long epoch(Map<String, String> info) {
        return Long.parseLong(info.get("epoch"));
    }

    private static Map<String, String> infoOf(KvNode node) {
        try {
            return node.info();
        } catch (IOException e) {
            return Map.of(); // it does not answer: another may lead
        }
    }

    /** Kills whatever still runs. */
    @Override
    public void close() {
        for (KvNode node : nodes) {
            if (node.isAlive()) {
                node.kill();
            }
        }
        if (zooKeeper != null) {
            zooKeeper.close();
        }
    }

    Placement placement() {
        return options.placement;
    }

    List<String> jvmOptions() {
        return options.jvmOptions;
    }

    boolean hasSideGroups() {
        return options.sideGroups;
    }

    /** What a node's process runs. */
    List<String> program() {
        return hasSideGroups()
                ? List.of("-cp", jar() + File.pathSeparator + location(SideMain.class), SideMain.class.getName())
                : List.of("-jar", jar().toString());
    }

    boolean hasOpsPorts() {
        return options.opsPorts;
    }

    List<String> serverOptions() {
        return options.serverOptions;
    }

    String zooKeeperFor(KvNode node) {
        return options.embedded && node == nodes.get(0) ? "embedded:" + zooKeeperPort : connectString();
    }

    Path opsToken() {
        return directory().resolve("token");
    }

    private void startAll() throws IOException {
        if (!options.embedded) {
            startZooKeeper();
        }
        if (options.opsPorts) {
            Files.writeString(opsToken(), KvNode.OPS_TOKEN); // once: a node may be reading it
        }
        for (KvNode node : nodes) {
            node.start();
        }
        for (KvNode node : nodes) {
            node.awaitReady();
        }
        awaitInSync(nodes.size(), START);
    }

    /** A port that nobody has at the moment, and that was not given before, of those that the system does not give to connections. */
    public static int freePort() {
        for (int i = 0; i < 1000; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST_PORT, LAST_PORT);
            if (!GIVEN.add(port)) {
                continue; // for something that may not have begun yet
            }
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (IOException e) {
                continue; // somebody has it
            }
        }
        throw new AssertionError("no free port between " + FIRST_PORT + " and " + LAST_PORT);
    }

    private static Path location(Class<?> type) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        try {
            return Path.of(source.getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** Describes a cluster. */
    public static final class Builder {
        private final Path directory;
        private int nodes = 3;
        private boolean embedded;
        private boolean opsPorts;
        private boolean sideGroups;
        private Placement placement = Placement.LOOPBACK;
        private List<String> jvmOptions = List.of(
                "-Xmx256m",
                "-XX:+UseTransparentHugePages",
                "-Xshare:auto",
                "-XX:TieredStopAtLevel=1", // processes of tests live for seconds, and the second compiler would take
                // most of them
                "-XX:+ExitOnOutOfMemoryError");
        private List<String> serverOptions = List.of();

        private Builder(Path directory) {
            this.directory = directory;
        }

        /** How many, named a, b, c and so on; default 3. */
        public Builder nodes(int count) {
            nodes = count;
            return this;
        }

        /** Nodes live elsewhere than on the loop-back interface. */
        public Builder placement(Placement newPlacement) {
            placement = newPlacement;
            return this;
        }

        /** Every node has an operations port, with the token {@link KvNode#OPS_TOKEN}. */
        public Builder opsPorts() {
            opsPorts = true;
            return this;
        }

        /** Every node carries small groups as well, see {@link SideGroups}. */
        public Builder sideGroups() {
            sideGroups = true;
            return this;
        }

        /** ZooKeeper runs within the first node. */
        public Builder embeddedZooKeeper() {
            embedded = true;
            return this;
        }

        /** Options of the nodes' JVMs instead of small heaps. */
        public Builder jvmOptions(String... options) {
            jvmOptions = List.of(options);
            return this;
        }

        /** Further options of the nodes, such as {@code --timeout 2s}. */
        public Builder serverOptions(String... options) {
            serverOptions = List.of(options);
            return this;
        }

        /** Starts everything and waits until all nodes are in sync. */
        public KvCluster start() throws IOException {
            Files.createDirectories(directory);
            KvCluster cluster = new KvCluster(this);
            try {
                cluster.startAll();
                return cluster;
            } catch (IOException | RuntimeException | Error e) {
                cluster.close();
                throw e;
            }
        }
    }
}
