package dev.handover.examples.kv.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.handover.examples.kv.Placement;
import java.io.IOException;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A bridge with a network namespace for each node on it; the tests and ZooKeeper are at the bridge itself. Links are cut without anybody being told: packets of a node
 * that is cut off reach no bridge, packets between two nodes go to a hardware address that nobody has. Needs root and {@code ip}.
 */
final class NetworkNamespaces implements Placement, AutoCloseable {
    private static final String NOBODY = "02:00:00:00:00:fe";

    private final String name;
    private final String network;
    private final List<String> nodes;
    private final List<String> cutOff = new ArrayList<>();
    private final List<List<String>> cutPairs = new ArrayList<>();
    private final List<String> withoutZooKeeper = new ArrayList<>();
    private final Thread onExit = new Thread(this::remove, "remove-namespaces");

    private NetworkNamespaces(String name, String network, List<String> nodes) {
        this.name = name;
        this.network = network;
        this.nodes = nodes;
    }

    /** Builds it; skips the test where that is not permitted. */
    static NetworkNamespaces create(String... nodes) throws IOException {
        // interface names have at most 15 characters
        String name = "hv" + Long.toString(ProcessHandle.current().pid(), 36)
                + Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36), 36);
        NetworkNamespaces network = new NetworkNamespaces(name, freeNetwork(), List.of(nodes));
        String refused = attempt("ip", "netns", "add", name);
        assumeTrue(refused == null, "network namespaces are not permitted here: " + refused);
        must("ip", "netns", "del", name);
        Runtime.getRuntime().addShutdownHook(network.onExit);
        try {
            network.build();
        } catch (IOException | Error e) {
            network.close();
            throw e;
        }
        return network;
    }

    /** Of the range for benchmarks (RFC 2544), one that no interface has. */
    private static String freeNetwork() throws IOException {
        for (int i = 0; i < 100; i++) {
            String prefix = "198.18." + ThreadLocalRandom.current().nextInt(256) + ".";
            boolean used = NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .anyMatch(address -> address.getHostAddress().startsWith(prefix));
            if (!used) {
                return prefix;
            }
        }
        throw new IOException("no free network in 198.18.0.0/16");
    }

    private void build() throws IOException {
        // An address of its own: else the bridge takes one of its ports', and what a node that is cut off from it sends
        // to that address would still come in.
        must("ip", "link", "add", name, "address", "02:48:41:00:00:01", "type", "bridge");
        must("ip", "addr", "add", network + "1/24", "dev", name); // the first is the clients'
        must("ip", "addr", "add", zooKeeperHost() + "/24", "dev", name);
        must("ip", "link", "set", name, "up");
        for (String node : nodes) {
            must("ip", "netns", "add", space(node));
            must("ip", "link", "add", space(node), "type", "veth", "peer", "name", "eth0", "netns", space(node));
            must("ip", "link", "set", space(node), "master", name, "up");
            within(node, "ip", "addr", "add", host(node) + "/24", "dev", "eth0");
            within(node, "ip", "link", "set", "lo", "up");
            within(node, "ip", "link", "set", "eth0", "up");
        }
    }

    @Override
    public String host(String node) {
        return network + (10 + nodes.indexOf(node));
    }

    @Override
    public String zooKeeperHost() {
        return network + "2";
    }

    @Override
    public List<String> prefix(String node) {
        return List.of("ip", "netns", "exec", space(node));
    }

    /** Nothing goes in or out. */
    void cut(String node) throws IOException {
        cutOff.add(node);
        must("ip", "link", "set", space(node), "nomaster");
    }

    /** Nothing goes between the two. */
    void cut(String one, String other) throws IOException {
        cutPairs.add(List.of(one, other));
        within(one, "ip", "neigh", "replace", host(other), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent");
        within(other, "ip", "neigh", "replace", host(one), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent");
    }

    /** Nothing goes from the node to ZooKeeper. */
    void cutFromZooKeeper(String node) throws IOException {
        withoutZooKeeper.add(node);
        within(node, "ip", "neigh", "replace", zooKeeperHost(), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent");
    }

    /** Everything goes everywhere. */
    void heal() throws IOException {
        for (String node : cutOff) {
            must("ip", "link", "set", space(node), "master", name);
        }
        cutOff.clear();
        for (List<String> pair : cutPairs) {
            within(pair.get(0), "ip", "neigh", "del", host(pair.get(1)), "dev", "eth0");
            within(pair.get(1), "ip", "neigh", "del", host(pair.get(0)), "dev", "eth0");
        }
        cutPairs.clear();
        for (String node : withoutZooKeeper) {
            within(node, "ip", "neigh", "del", zooKeeperHost(), "dev", "eth0");
        }
        withoutZooKeeper.clear();
    }

    /** Removes everything. */
    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(onExit);
        remove();
    }

    private void remove() {
        List<String> left = new ArrayList<>();
        for (String node : nodes) {
            // the interface goes with its namespace, but only when the last process in it has gone
            attempt("ip", "link", "del", space(node));
            left.add(attempt("ip", "netns", "del", space(node)));
        }
        left.add(attempt("ip", "link", "del", name));
        left.removeIf(failure -> failure == null);
        if (!left.isEmpty()) {
            SystemTest.LOG.warn("not removed: {}", left);
        }
    }

    private String space(String node) {
        return name + "-" + node;
    }

    private void within(String node, String... command) throws IOException {
        List<String> words = new ArrayList<>(prefix(node));
        words.addAll(List.of(command));
        must(words.toArray(new String[0]));
    }

    private static void must(String... command) throws IOException {
        String failure = attempt(command);
        if (failure != null) {
            throw new IOException(failure);
        }
    }

    /** Null, or why it failed. */
    private static String attempt(String... command) {
        String what = String.join(" ", command) + ": ";
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return what + "has not ended";
            }
            return process.exitValue() == 0 ? null : what + output;
        } catch (IOException e) {
            return what + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return what + "interrupted";
        }
    }
}
