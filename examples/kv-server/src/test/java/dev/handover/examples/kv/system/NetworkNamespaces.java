package dev.handover.examples.kv.system;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.handover.examples.kv.Placement;
import java.io.IOException;
import java.net.NetworkInterface;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A bridge with a network namespace for each node on it; the tests and ZooKeeper are at the bridge itself. Links are cut without anybody being told: packets of a node
 * that is cut off reach no bridge, packets between two nodes go to a hardware address that nobody has. Needs root and {@code ip}.
 */
final class NetworkNamespaces implements Placement, AutoCloseable {
    private static final String NOBODY = "02:00:00:00:00:fe";

    /** The first that the kernel has: delays and losses; or a narrow link with a short queue, which drops what does not fit. */
    private static final List<List<String>> SLOW = List.of(
            List.of("netem", "delay", "20ms", "15ms", "loss", "3%"),
            List.of("tbf", "rate", "1mbit", "burst", "3kb", "latency", "60ms"));

    private final String name;
    private final String network;
    private final List<String> nodes;
    private final List<String> cutOff = new ArrayList<>();
    private final Map<String, Set<String>> cutWays = new TreeMap<>();
    private final List<String> slow = new ArrayList<>();
    private final Thread onExit = new Thread(this::remove, "remove-namespaces");

    private NetworkNamespaces(String name, String network, List<String> nodes) {
        this.name = name;
        this.network = network;
        this.nodes = nodes;
    }

    /** Builds it; skips the test where that is not permitted. */
    static NetworkNamespaces create(String... nodes) throws IOException {
        String refused = refusal();
        assumeTrue(refused == null, refused);
        return build(List.of(nodes));
    }

    /** Null if namespaces can be made here, or why not. */
    static String refusal() throws IOException {
        String name = freeName();
        String refused = Shell.attempt("ip", "netns", "add", name);
        if (refused != null) {
            return "network namespaces are not permitted here: " + refused;
        }
        Shell.must("ip", "netns", "del", name);
        return null;
    }

    /** Interface names have at most 15 characters. */
    private static String freeName() {
        return "hv" + Long.toString(ProcessHandle.current().pid(), 36)
                + Integer.toString(ThreadLocalRandom.current().nextInt(36 * 36), 36);
    }

    /** Builds it where it is permitted. */
    static NetworkNamespaces build(List<String> nodes) throws IOException {
        NetworkNamespaces network = new NetworkNamespaces(freeName(), freeNetwork(), nodes);
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
        Shell.must("ip", "link", "add", name, "address", "02:48:41:00:00:01", "type", "bridge");
        Shell.must("ip", "addr", "add", network + "1/24", "dev", name); // the first is the clients'
        Shell.must("ip", "addr", "add", zooKeeperHost() + "/24", "dev", name);
        Shell.must("ip", "link", "set", name, "up");
        for (String node : nodes) {
            Shell.must("ip", "netns", "add", space(node));
            Shell.must("ip", "link", "add", space(node), "type", "veth", "peer", "name", "eth0", "netns", space(node));
            Shell.must("ip", "link", "set", space(node), "master", name, "up");
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
        Shell.must("ip", "link", "set", space(node), "nomaster");
    }

    /** Nothing goes between the two. */
    void cut(String one, String other) throws IOException {
        cutOneWay(one, other);
        cutOneWay(other, one);
    }

    /** Nothing goes from the one to the other; what the other sends arrives. */
    void cutOneWay(String from, String to) throws IOException {
        block(from, host(to));
    }

    /** Nothing goes from the node to ZooKeeper. */
    void cutFromZooKeeper(String node) throws IOException {
        block(node, zooKeeperHost());
    }

    private void block(String from, String address) throws IOException {
        if (cutWays.computeIfAbsent(from, node -> new TreeSet<>()).add(address)) {
            within(from, "ip", "neigh", "replace", address, "lladdr", NOBODY, "dev", "eth0", "nud", "permanent");
        }
    }

    /** Everything goes everywhere. */
    void heal() throws IOException {
        for (String node : cutOff) {
            Shell.must("ip", "link", "set", space(node), "master", name);
        }
        cutOff.clear();
        for (Map.Entry<String, Set<String>> cuts : cutWays.entrySet()) {
            for (String address : cuts.getValue()) {
                within(cuts.getKey(), "ip", "neigh", "del", address, "dev", "eth0");
            }
        }
        cutWays.clear();
    }

    /**
     * What goes to the node and comes from it is slow, and some of it is lost, until {@link #speedUp}.
     *
     * @return how; null if this kernel cannot
     */
    String slowDown(String node) throws IOException {
        for (List<String> how : SLOW) {
            if (Shell.attempt(qdisc(List.of(), "add", space(node), how)) == null) {
                slow.add(node);
                Shell.must(qdisc(prefix(node), "add", "eth0", how));
                return String.join(" ", how);
            }
        }
        return null;
    }

    /** All links are as fast as at the beginning. */
    void speedUp() throws IOException {
        for (String node : slow) {
            Shell.must(qdisc(List.of(), "del", space(node), List.of()));
            Shell.must(qdisc(prefix(node), "del", "eth0", List.of()));
        }
        slow.clear();
    }

    private static String[] qdisc(List<String> prefix, String what, String device, List<String> how) {
        List<String> words = new ArrayList<>(prefix);
        words.addAll(List.of("tc", "qdisc", what, "dev", device, "root"));
        words.addAll(how);
        return words.toArray(new String[0]);
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
            Shell.attempt("ip", "link", "del", space(node));
            left.add(Shell.attempt("ip", "netns", "del", space(node)));
        }
        left.add(Shell.attempt("ip", "link", "del", name));
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
        Shell.must(words.toArray(new String[0]));
    }
}
