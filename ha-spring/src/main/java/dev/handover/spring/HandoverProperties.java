package dev.handover.spring;

import dev.handover.NodeId;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What can be set in the application's configuration. What is not set has the default of the builder it goes to, so that there is only one; what is not known here is an error. Values are
 * checked when they are bound; whether a value is there at all, when a bean needs it.
 *
 * @param nodeId Name of this process, unique in its cluster and kept over restarts. Required, unless the application brings its own HaNode.
 * @param dataDirectory Where the logs are; no other process may use it at the same time. Required, unless the application brings its own HaNode.
 * @param cluster Name of the cluster, which is also the znode below which it keeps everything: clusters that share a ZooKeeper need different ones. The
 *     same on every node. When it is not set, the nodes' cluster is 'default' and the znode is 'handover'.
 * @param commandTimeout After how long a command or read that has no answer fails. 5 s when it is not set. Too small: a take-over that would have gone
 *     unseen becomes an error; too big: callers wait long when nothing can be done.
 * @param failureTimeout Silence for so long is taken for death. 500 ms when it is not set. A process that dies is noticed at once, without it; this is for hosts
 *     that vanish. Too small: pauses of the garbage collector cause take-overs; too big: a vanished host stops writes for so long.
 * @param minInSync For a new group: fewer replicas in sync than this refuse writes. 1 when it is not set.
 * @param zookeeper Where the groups' configurations are kept.
 * @param transport How the nodes talk with each other.
 */
@ConfigurationProperties(prefix = "handover", ignoreUnknownFields = false)
record HandoverProperties(
        @Nullable String nodeId,
        @Nullable String dataDirectory,
        @Nullable String cluster,
        @Nullable Duration commandTimeout,
        @Nullable Duration failureTimeout,
        @Nullable Integer minInSync,
        @DefaultValue Zookeeper zookeeper,
        @DefaultValue Transport transport) {
    private static final String CLUSTER_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";

    HandoverProperties {
        if (nodeId != null) {
            node(nodeId);
        }
        if (dataDirectory != null && !dataDirectory.isBlank()) {
            directory(dataDirectory);
        }
        if (cluster != null && (!cluster.matches(CLUSTER_PATTERN) || cluster.equals("zookeeper"))) {
            throw new InvalidPropertyException(
                    "handover.cluster",
                    "'" + cluster + "' cannot be the name of a cluster and its znode",
                    "Use 1 to 64 letters, digits, and after the first character also '-', '_' and '.'; 'zookeeper' is ZooKeeper's own.");
        }
        positive("handover.command-timeout", commandTimeout, "5s");
        positive("handover.failure-timeout", failureTimeout, "500ms");
        if (minInSync != null && minInSync < 1) {
            throw new InvalidPropertyException(
                    "handover.min-in-sync",
                    minInSync + " is below 1",
                    "Use 1 to go on alone after a failure, 2 to have every write on two disks at any time.");
        }
    }

    /**
     * ZooKeeper.
     *
     * @param connectString Servers as host:port, separated by commas. Handover is configured only when this is set.
     */
    record Zookeeper(@Nullable String connectString) {
        String requiredConnectString() {
            return required(
                    "handover.zookeeper.connect-string",
                    connectString,
                    "Name ZooKeeper's servers, for example zk1:2181,zk2:2181,zk3:2181.");
        }
    }

    /**
     * Where this node listens for the others, and where they find it.
     *
     * @param host Address or name of this host to listen on, by which the other nodes can dial it (or else see advertised-host). Required, unless the application
     *     brings its own Transport.
     * @param port Port to listen on; with 0 the system chooses a free one. Required, unless the application brings its own Transport.
     * @param advertisedHost Where the others dial this node, if that is not where it listens: behind address translation, or listening on all interfaces.
     * @param advertisedPort Port that the others dial; the one it listens on when it is not set. Needs advertised-host.
     */
    record Transport(
            @Nullable String host,
            @Nullable Integer port,
            @Nullable String advertisedHost,
            @Nullable Integer advertisedPort) {
        Transport {
            port("handover.transport.port", port);
            port("handover.transport.advertised-port", advertisedPort);
            if (advertisedHost != null && advertisedHost.isBlank()) {
                throw new InvalidPropertyException(
                        "handover.transport.advertised-host",
                        "is empty",
                        "Name where the other nodes dial this one, or leave the property out.");
            }
            if (advertisedPort != null && advertisedHost == null) {
                throw new InvalidPropertyException(
                        "handover.transport.advertised-port",
                        advertisedPort + " stands alone",
                        "Set handover.transport.advertised-host, too.");
            }
        }

        String requiredHost() {
            return required(
                    "handover.transport.host",
                    host,
                    "Name an address of this host by which the other nodes can dial it, for example 10.0.0.1.");
        }

        int requiredPort() {
            return required(
                    "handover.transport.port",
                    port,
                    "Choose the port for the traffic between the nodes, for example 7101; 0 has the system choose a free one.");
        }

        private static void port(String key, @Nullable Integer value) {
            if (value != null && (value < 0 || value > 65535)) {
                throw new InvalidPropertyException(key, value + " is no port", "Use 0 to 65535.");
            }
        }
    }

    NodeId requiredNodeId() {
        return node(
                required(
                        "handover.node-id",
                        nodeId,
                        "Give this process a name that is unique in its cluster and kept over restarts, for example orders-1."));
    }

    Path requiredDataDirectory() {
        return directory(required(
                "handover.data-directory",
                dataDirectory,
                "Choose a directory that outlives restarts of this process, for example /var/lib/orders."));
    }

    /** Not left to Spring, which would look for a resource of that name on the class path first. */
    private static Path directory(String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new InvalidPropertyException("handover.data-directory", e);
        }
    }

    private static NodeId node(String value) {
        try {
            return NodeId.of(value);
        } catch (IllegalArgumentException e) {
            throw new InvalidPropertyException("handover.node-id", e);
        }
    }

    private static void positive(String key, @Nullable Duration value, String example) {
        if (value != null && (value.isNegative() || value.isZero())) {
            throw new InvalidPropertyException(
                    key, value + " is no time to wait", "Use a positive duration, for example " + example + ".");
        }
    }

    private static <T> T required(String key, @Nullable T value, String remedy) {
        if (value == null || value.toString().isBlank()) {
            throw new InvalidPropertyException(key, value == null ? "is not set" : "is empty", remedy);
        }
        return value;
    }
}
