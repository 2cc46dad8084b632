package dev.handover.spring;

import dev.handover.NodeId;
import java.net.InetSocketAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

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
 * @param enabled Whether Handover is configured at all.
 * @param join When groups and elections are joined: READY, when the application is ready, after all its runners; START, when its context has started, so that
 *     runners can use the logs.
 * @param handOverTimeout How long a stop waits until another instance leads.
 * @param stopDelay How long the web server goes on after the hand-over before it begins to drain, so that load balancers notice that this instance is not ready any more. A little more than
 *     they take to notice is right.
 * @param readiness Whether the application takes traffic only after it has caught up with its groups, and not when a replica has stopped itself.
 * @param groups Group of a StateMachine bean, by the bean's name. Goes before its HandoverGroup annotation.
 * @param guards Settings of guards, by their names: handover.guards.NAME.time-limit, and others below circuit-breaker, bulkhead and retry.
 * @param sessionTimeout After how long without a command the group forgets a session. 10 min when it is not set, at least four times command-timeout. Too small: clocks that
 *     differ by as much end sessions under way; too big: sessions of dead processes take memory for so long.
 * @param drainTimeout How long a stop waits, per group, until the other replicas hold everything. 2 s when it is not set.
 * @param heartbeat A leader is heard at least so often. A tenth of failure-timeout when it is not set.
 * @param readLeases For how long the leader may answer linearizable reads without asking; trusts clocks for it. Off when it is not set.
 * @param learner Whether this node follows and answers reads only: it is never in sync and never leads.
 * @param maxCommandSize Longest command; 1 MB when it is not set. The same on every node.
 * @param maxPendingCommands How many commands and reads may wait for their answers, per group; more are refused. 16384 when it is not set.
 * @param maxPendingSize How much these commands may take, per group. 64 MB when it is not set.
 * @param maxFeatureLevel Highest feature level of this node, to keep the way back to an older release open. The newest when it is not set.
 * @param snapshotSize After how much log a snapshot is taken, per group; about the size of the state is good. 256 MB when it is not set.
 * @param snapshotInterval After how long a snapshot is taken even of few changes. 1 h when it is not set.
 * @param tracing Traces.
 * @param storage Files of the logs.
 * @param zookeeper Where the groups' configurations are kept.
 * @param transport How the nodes talk with each other.
 * @param ssl TLS between the nodes, and where candidates of an election watch each other.
 * @param election An election without a log.
 */
@ConfigurationProperties(prefix = "handover", ignoreUnknownFields = false)
record HandoverProperties(
        @Nullable String nodeId,
        @Nullable String dataDirectory,
        @Nullable String cluster,
        @Nullable Duration commandTimeout,
        @Nullable Duration failureTimeout,
        @Nullable Integer minInSync,
        @DefaultValue("true") boolean enabled,
        @DefaultValue("ready") Join join,
        @DefaultValue("10s") Duration handOverTimeout,
        @DefaultValue("0s") Duration stopDelay,
        @DefaultValue("true") boolean readiness,
        @DefaultValue Map<String, String> groups,
        @DefaultValue Map<String, GuardProperties> guards,
        @Nullable Duration sessionTimeout,
        @Nullable Duration drainTimeout,
        @Nullable Duration heartbeat,
        @Nullable Duration readLeases,
        @Nullable Boolean learner,
        @Nullable DataSize maxCommandSize,
        @Nullable Integer maxPendingCommands,
        @Nullable DataSize maxPendingSize,
        @Nullable Integer maxFeatureLevel,
        @Nullable DataSize snapshotSize,
        @Nullable Duration snapshotInterval,
        @DefaultValue Tracing tracing,
        @DefaultValue Storage storage,
        @DefaultValue Zookeeper zookeeper,
        @DefaultValue Transport transport,
        @DefaultValue Ssl ssl,
        @DefaultValue Election election) {
    private static final Duration DEFAULT_COMMAND_TIMEOUT = Duration.ofSeconds(5); // HaNode's

    /** Below it are a node's logs, and the embedded ZooKeeper's, when nothing else was said in development. */
    private static final Path DEVELOPMENT = Path.of("handover-data");

    private static final String CLUSTER_PATTERN = "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}";

    HandoverProperties {
        if (nodeId != null) {
            node(nodeId);
        }
        if (dataDirectory != null && !dataDirectory.isBlank()) {
            directory("handover.data-directory", dataDirectory);
        }
        if (cluster != null && (!cluster.matches(CLUSTER_PATTERN) || cluster.equals("zookeeper"))) {
            throw new InvalidPropertyException(
                    "handover.cluster",
                    "'" + cluster + "' cannot be the name of a cluster and its znode",
                    "Use 1 to 64 letters, digits, and after the first character also '-', '_' and '.'; 'zookeeper' is ZooKeeper's own.");
        }
        positive("handover.command-timeout", commandTimeout, "5s");
        positive("handover.failure-timeout", failureTimeout, "500ms");
        positive("handover.hand-over-timeout", handOverTimeout, "10s");
        if (stopDelay.isNegative()) {
            throw new InvalidPropertyException(
                    "handover.stop-delay", stopDelay + " is negative", "Use a duration such as 1s, or leave it out.");
        }
        positive("handover.session-timeout", sessionTimeout, "10m");
        positive("handover.drain-timeout", drainTimeout, "2s");
        positive("handover.heartbeat", heartbeat, "50ms");
        positive("handover.snapshot-interval", snapshotInterval, "1h");
        size("handover.max-command-size", maxCommandSize, Integer.MAX_VALUE, "1MB");
        size("handover.max-pending-size", maxPendingSize, Long.MAX_VALUE, "64MB");
        size("handover.snapshot-size", snapshotSize, Long.MAX_VALUE, "256MB");
        if (minInSync != null && minInSync < 1) {
            throw new InvalidPropertyException(
                    "handover.min-in-sync",
                    minInSync + " is below 1",
                    "Use 1 to go on alone after a failure, 2 to have every write on two disks at any time.");
        }
    }

    /** When groups are joined. */
    enum Join {
        /** When the application is ready, after its runners. */
        READY,
        /** When the application's context has started. */
        START
    }

    /**
     * Traces.
     *
     * @param propagate Whether a command carries the context of its trace to where it is applied, on every node: about a hundred bytes of each command that is traced. Every node of the group must run a release of
     *     ha-spring that knows this, also those that do not set it.
     */
    record Tracing(@DefaultValue("false") boolean propagate) {}

    /**
     * Files of the logs.
     *
     * @param segmentSize Size of a segment; 64 MB when it is not set.
     * @param reserve What must stay free on the disk; 64 MB when it is not set.
     */
    record Storage(@Nullable DataSize segmentSize, @Nullable DataSize reserve) {
        Storage {
            size("handover.storage.segment-size", segmentSize, Long.MAX_VALUE, "64MB");
        }
    }

    /**
     * ZooKeeper.
     *
     * @param connectString Servers as host:port, separated by commas. Handover is configured when this is set, or embedded.
     * @param embedded Whether the application runs a ZooKeeper of its own, for development: nothing else has to be set then. While this process is away, nobody can take over.
     * @param port Port of the embedded ZooKeeper on the loopback interface, for other instances on this host; any free one when it is not set.
     * @param dataDirectory Where the embedded ZooKeeper keeps its data. 'handover-data/zookeeper' when it is not set.
     * @param sessionTimeout How long ZooKeeper waits for a sign of this process before it is no member any more. Plays no part in noticing a dead leader of a group, but is how long an election
     *     waits for one. 10 s when it is not set.
     * @param ssl TLS to ZooKeeper.
     */
    record Zookeeper(
            @Nullable String connectString,
            @DefaultValue("false") boolean embedded,
            @Nullable Integer port,
            @Nullable String dataDirectory,
            @Nullable Duration sessionTimeout,
            @DefaultValue ZookeeperSsl ssl) {
        Zookeeper {
            if (embedded && ssl.bundle != null) {
                throw new InvalidPropertyException(
                        ZooKeeperBundle.KEY,
                        "is '" + ssl.bundle + "' beside handover.zookeeper.embedded=true",
                        "The embedded ZooKeeper is for development, has no TLS and listens on loopback: leave the bundle out, or name servers in handover.zookeeper.connect-string.");
            }
            if (embedded && connectString != null) {
                throw new InvalidPropertyException(
                        "handover.zookeeper.embedded",
                        "is true beside the connect string '" + connectString + "'",
                        "Use the embedded ZooKeeper for development, or those of handover.zookeeper.connect-string, and leave the other property out.");
            }
            Transport.port("handover.zookeeper.port", port);
            positive("handover.zookeeper.session-timeout", sessionTimeout, "10s");
        }

        String requiredConnectString() {
            return required(
                    "handover.zookeeper.connect-string",
                    connectString,
                    "Name ZooKeeper's servers, for example zk1:2181,zk2:2181,zk3:2181; or set handover.zookeeper.embedded=true for development.");
        }

        Path directory() {
            return dataDirectory == null
                    ? DEVELOPMENT.resolve("zookeeper")
                    : HandoverProperties.directory("handover.zookeeper.data-directory", dataDirectory);
        }
    }

    /**
     * An election without a log, for work that only one instance does. Where there is a group, its leader should do that.
     *
     * @param path Znode of the election, such as /jobs/billing. There is a LeaderElection bean when this is set.
     * @param candidate Name of this process in the election; node-id when it is not set.
     * @param priority Among those who stand for a vacancy the greatest comes first.
     * @param zone Where this process is; candidates in the last leader's zone come first.
     * @param fastTakeOver Address as host:port at which the other candidates notice this process's death within milliseconds; off when it is not set. Port 0 is any free one.
     */
    record Election(
            @Nullable String path,
            @Nullable String candidate,
            @DefaultValue("0") int priority,
            @DefaultValue("") String zone,
            @Nullable String fastTakeOver) {
        @Nullable
        InetSocketAddress fastTakeOverAddress() {
            if (fastTakeOver == null) {
                return null;
            }
            int colon = fastTakeOver.lastIndexOf(':');
            String port = fastTakeOver.substring(colon + 1);
            if (colon < 1 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 65535) {
                throw new InvalidPropertyException(
                        "handover.election.fast-take-over",
                        "'" + fastTakeOver + "' is not host:port",
                        "Give an address of this host that the other candidates can dial, for example 10.0.0.1:7102.");
            }
            return new InetSocketAddress(fastTakeOver.substring(0, colon), Integer.parseInt(port));
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
     * @param maxFrameSize Largest message between nodes; must be above max-command-size. The transport's own default when it is not set.
     */
    record Transport(
            @Nullable String host,
            @Nullable Integer port,
            @Nullable String advertisedHost,
            @Nullable Integer advertisedPort,
            @Nullable DataSize maxFrameSize) {
        Transport {
            size("handover.transport.max-frame-size", maxFrameSize, Integer.MAX_VALUE, "16MB");
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

        String requiredHost(boolean development) {
            if (host == null && development) {
                return "127.0.0.1";
            }
            return required(
                    "handover.transport.host",
                    host,
                    "Name an address of this host by which the other nodes can dial it, for example 10.0.0.1.");
        }

        int requiredPort(boolean development) {
            if (port == null && development) {
                return 0;
            }
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

    /**
     * TLS between the nodes.
     *
     * @param bundle Name of the SSL bundle with this node's certificate, which names it, its key, and the authorities of the other nodes. On all nodes or on none. No TLS when it is not set.
     */
    record Ssl(@Nullable String bundle) {
        Ssl {
            notBlank("handover.ssl.bundle", bundle);
        }

        private static void notBlank(String key, @Nullable String bundle) {
            if (bundle != null && bundle.isBlank()) {
                throw new InvalidPropertyException(
                        key, "is empty", "Name a bundle of spring.ssl.bundle, or leave the property out.");
            }
        }
    }

    /**
     * TLS to ZooKeeper.
     *
     * @param bundle Name of the SSL bundle with the authority of ZooKeeper's servers, and this process's certificate and key if they ask for one; they do, unless they have ssl.clientAuth=none. The connect string names the servers' secure port then. No TLS
     *     when it is not set, unless ZooKeeper's system properties say so.
     */
    record ZookeeperSsl(@Nullable String bundle) {
        ZookeeperSsl {
            Ssl.notBlank(ZooKeeperBundle.KEY, bundle);
        }
    }

    NodeId requiredNodeId() {
        if (nodeId == null && zookeeper.embedded) {
            return NodeId.of("local");
        }
        return node(
                required(
                        "handover.node-id",
                        nodeId,
                        "Give this process a name that is unique in its cluster and kept over restarts, for example orders-1."));
    }

    Path requiredDataDirectory() {
        if (dataDirectory == null && zookeeper.embedded) {
            return DEVELOPMENT.resolve(requiredNodeId().value());
        }
        return directory(
                "handover.data-directory",
                required(
                        "handover.data-directory",
                        dataDirectory,
                        "Choose a directory that outlives restarts of this process, for example /var/lib/orders."));
    }

    /** Not left to Spring, which would look for a resource of that name on the class path first. */
    private static Path directory(String key, String value) {
        try {
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new InvalidPropertyException(key, e);
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

    private static void size(String key, @Nullable DataSize value, long most, String example) {
        if (value != null && (value.toBytes() < 1 || value.toBytes() > most)) {
            throw new InvalidPropertyException(
                    key, value + " is out of range", "Use a positive size, for example " + example + ".");
        }
    }

    Duration commandTimeoutOrDefault() {
        return commandTimeout == null ? DEFAULT_COMMAND_TIMEOUT : commandTimeout;
    }

    private static <T> T required(String key, @Nullable T value, String remedy) {
        if (value == null || value.toString().isBlank()) {
            throw new InvalidPropertyException(key, value == null ? "is not set" : "is empty", remedy);
        }
        return value;
    }
}
