package dev.handover.examples.kv;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One kv-server process of a {@link KvCluster}, on the same ports and data over restarts. Not thread-safe, but for {@link #info} and {@link #client}. */
public final class KvNode {
    public static final String OPS_TOKEN = "token-of-the-tests";
    private static final Duration START = Duration.ofSeconds(60);
    private static final int INFO_TIMEOUT_MILLIS = 2000;

    private final KvCluster cluster;
    private final String id;
    private final int respPort;
    private final int peerPort;
    private final int opsPort;
    private final int sidePort;
    private volatile JavaProcess process;

    KvNode(KvCluster cluster, String id, int respPort, int peerPort, int opsPort, int sidePort) {
        this.cluster = cluster;
        this.id = id;
        this.respPort = respPort;
        this.peerPort = peerPort;
        this.opsPort = opsPort;
        this.sidePort = sidePort;
    }

    public String id() {
        return id;
    }

    public int respPort() {
        return respPort;
    }

    public int peerPort() {
        return peerPort;
    }

    /** Of a cluster with {@link KvCluster.Builder#opsPorts}. */
    public int opsPort() {
        return opsPort;
    }

    /** Where clients of its side groups connect. */
    public InetSocketAddress side() {
        return new InetSocketAddress(cluster.placement().host(id), sidePort);
    }

    /** Where clients connect. */
    public InetSocketAddress resp() {
        return new InetSocketAddress(cluster.placement().host(id), respPort);
    }

    /** Its log of all runs. */
    public Path log() {
        return cluster.directory().resolve(id + ".log");
    }

    public Path data() {
        return cluster.directory().resolve(id);
    }

    /** Starts the process; returns at once. */
    public void start() throws IOException {
        if (process != null && process.isAlive()) {
            throw new IllegalStateException(id + " runs already");
        }
        String host = cluster.placement().host(id);
        List<String> arguments = new ArrayList<>(cluster.jvmOptions());
        if (cluster.hasSideGroups()) {
            arguments.add("-D" + SideGroups.PORT + "=" + sidePort);
        }
        arguments.addAll(cluster.program());
        arguments.addAll(List.of("--id", id, "--group", "kv", "--data", data().toString()));
        arguments.addAll(List.of("--resp", host + ":" + respPort, "--peer", host + ":" + peerPort));
        arguments.addAll(List.of("--zookeeper", cluster.zooKeeperFor(this)));
        arguments.addAll(cluster.serverOptions());
        if (cluster.hasOpsPorts()) {
            arguments.addAll(List.of("--ops", host + ":" + opsPort));
            arguments.addAll(List.of("--ops-token", cluster.opsToken().toString()));
        }
        process = JavaProcess.start(id, log(), cluster.placement().prefix(id), arguments);
    }

    /** Waits for the {@code ready} line of the process that was started last, and gives it. */
    public String awaitReady() {
        return process.awaitReady(START);
    }

    /** The process that was started last. */
    public JavaProcess process() {
        return process;
    }

    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** SIGKILL; returns when it is gone. */
    public void kill() {
        process.kill();
    }

    /** SIGTERM; returns the exit code. */
    public int stop() {
        process.terminate();
        return process.awaitExit(Duration.ofSeconds(10));
    }

    /** A new connection. */
    public RawClient client() throws IOException {
        return new RawClient(resp());
    }

    /** One command on a connection of its own. */
    public String call(String... words) throws IOException {
        try (RawClient client = client()) {
            return client.call(words);
        }
    }

    /** {@code INFO} as names and values; on a connection of its own. */
    public Map<String, String> info() throws IOException {
        try (RawClient client = new RawClient(resp(), INFO_TIMEOUT_MILLIS)) {
            Map<String, String> fields = new HashMap<>();
            for (String line : client.call("INFO").split("\r\n", -1)) {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    fields.put(line.substring(0, colon), line.substring(colon + 1));
                }
            }
            return fields;
        }
    }

    /** Whether it leads and serves; false if it does not answer. */
    public boolean leads() {
        try {
            return isAlive() && "LEADER".equals(info().get("state"));
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return id;
    }
}
