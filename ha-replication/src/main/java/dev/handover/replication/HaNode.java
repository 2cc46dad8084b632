package dev.handover.replication;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaClosedException;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.coordination.RecordStore;
import dev.handover.event.EventBus;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.FeatureLevels;
import dev.handover.replication.protocol.LeaseOptions;
import dev.handover.replication.protocol.ProtocolOptions;
import dev.handover.replication.storage.JournalReader;
import dev.handover.replication.storage.Journals;
import dev.handover.replication.storage.SegmentedLog;
import dev.handover.replication.storage.StorageOptions;
import dev.handover.replication.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One process's part in its cluster: transport, disk, and the groups it has joined.
 *
 * <pre>{@code
 * try (HaNode node = HaNode.builder(NodeId.of("a"))
 *         .configurationStore(ZooKeeperConfigurationStore.connect("zk1:2181,zk2:2181"))
 *         .transport(NettyTransport.listen("10.0.0.1", 7101))
 *         .dataDirectory(Path.of("/var/lib/orders"))
 *         .start()) {
 *     ReplicatedLog orders = node.join(GroupId.of("orders"), new OrderBook());
 *     byte[] receipt = orders.submit(command).get(2, SECONDS);
 * }
 * }</pre>
 *
 * <p>Six daemon threads serve all groups of a node: one steps the protocol, one writes to the disk, one runs state machines and completes futures, one writes snapshots, one sends and receives
 * them, one calls event listeners. The node owns the configuration store and the transport it was given, and closes them.
 */
public final class HaNode implements AutoCloseable {
    private final NodeRuntime runtime;
    private final Map<GroupId, LocalLog> logs = new ConcurrentHashMap<>();

    private HaNode(NodeRuntime runtime) {
        this.runtime = runtime;
    }

    /**
     * Begins to configure a node.
     *
     * @throws IllegalArgumentException if the name begins with {@code ha-admin.}, as those of operators' tools do
     */
    public static Builder builder(NodeId node) {
        return new Builder(node);
    }

    /**
     * Joins a group with this state machine. The log on disk is opened and verified before this returns, which takes a moment for a long one; the replica then
     * recovers and catches up in the background, see {@link ReplicatedLog#awaitInSync}.
     *
     * @throws IllegalStateException if this node has joined the group already
     * @throws UncheckedIOException if the log cannot be opened; the message says why
     * @throws dev.handover.ReplicaClosedException if the node is closed
     */
    public ReplicatedLog join(GroupId group, StateMachine stateMachine) {
        Objects.requireNonNull(group, "group");
        Objects.requireNonNull(stateMachine, "stateMachine");
        LocalLog log = new LocalLog(runtime, runtime.join(group, stateMachine), stateMachine);
        logs.values().removeIf(LocalLog::hasEnded);
        logs.put(group, log);
        return log;
    }

    /** What {@link #join} gave for that group; empty if this node has not joined it, or has left it. */
    public Optional<ReplicatedLog> log(GroupId group) {
        LocalLog log = logs.get(group);
        return log == null || log.hasEnded() ? Optional.empty() : Optional.of(log);
    }

    /**
     * Completes when the threads that step the protocol and run the state machines have each taken up something new: with a node that is alive at once, never with one that hangs, exceptionally
     * with one that is closed.
     */
    public CompletableFuture<Void> alive() {
        CompletableFuture<Void> turned = new CompletableFuture<>();
        Runnable last = () -> turned.complete(null);
        boolean posted = runtime.loop().tryRun(() -> {
            if (!runtime.applier().tryRun(last)) {
                turned.completeExceptionally(closed());
            }
        });
        if (!posted) {
            turned.completeExceptionally(closed());
        }
        return turned;
    }

    private ReplicaClosedException closed() {
        return new ReplicaClosedException("node " + id() + " was closed; start another one");
    }

    /** Name of this node. */
    public NodeId id() {
        return runtime.self();
    }

    /** Where other nodes can dial this one. */
    public InetSocketAddress address() {
        return runtime.address();
    }

    /**
     * The nodes that announce themselves in the configuration store, with this one, sorted by name, as they were seen last; empty before the first look. A hint where to find each
     * other, and what each tells about itself; no proof of life: who has died stays for the time-out of its session.
     */
    public List<Member> members() {
        return runtime.members();
    }

    /** The groups that this node has joined and not left. */
    public SortedSet<GroupId> groups() {
        SortedSet<GroupId> all = new TreeSet<>();
        runtime.replicas().forEach(replica -> all.add(replica.group()));
        return all;
    }

    /** This node's replica of that group, as it is now; empty if it has not joined the group. */
    public Optional<GroupStatus> status(GroupId group) {
        return Optional.ofNullable(runtime.replica(group)).map(Replica::status);
    }

    /** Records of the configuration store, over this node's connection. */
    public RecordStore records() {
        return runtime.configurationStore().records();
    }

    /** Highest entry format that this node reads, and writes when all of a group's nodes read it ({@link Builder#maxFeatureLevel}). */
    public int featureLevel() {
        return runtime.options().protocol().featureLevel();
    }

    /**
     * Keeps the group's feature level where it is as long as this node leads, also when all its replicas support more, so that an older release can take part again. Counts until it is let go or
     * the node ends; it must be held on every node that may lead.
     *
     * @throws IllegalStateException if this node has not joined the group
     */
    public void holdFeatureLevel(GroupId group, boolean hold) {
        joined(group).post(new Event.HoldFeatureLevel(hold));
    }

    /**
     * These nodes should lead the group before all others, whatever priorities and zones say (R23); among them these decide. For whoever decides above the group who leads it, as the live colour of
     * {@link dev.handover.takeover.bluegreen.BlueGreen} does. It is a wish like the priority: it only lets others wait, or asks for a transfer. Counts until another set is given (an empty one: nobody)
     * or the node ends; to be told alike on every node, because each acts on what it was told itself.
     *
     * @throws IllegalStateException if this node has not joined the group
     */
    public void favour(GroupId group, Set<NodeId> nodes) {
        runtime.peers().favour(joined(group), nodes);
    }

    /**
     * How much each node that announces itself should lead the group, as this node reckons it from priorities, zones and whom it was told to {@link #favour}: the greatest should. A copy; empty if
     * this node has not joined the group.
     */
    public SortedMap<NodeId, Integer> leaderRanks(GroupId group) {
        Replica replica = runtime.replica(group);
        return replica == null ? new TreeMap<>() : runtime.peers().ranks(replica);
    }

    /**
     * From now on this node should lead nothing that another can, and goes on all the same: it follows, acknowledges, answers, and would still lead a group that nobody else of its in-sync set can. All nodes rank
     * it after everybody else who is not {@linkplain #favour favoured} (R23). What it leads now is given away when another has been in sync for ten times {@link Builder#failureTimeout}, four
     * groups at a time (see {@link Builder#transferToPreferred}); to give it away at once, call {@link ReplicatedLog#transferTo} of each log; to know when nothing is left, use {@link #drain(Duration)}. {@link dev.handover.takeover.partition.Partitions#drain} does so for its partitions. Counts until
     * {@link #resume} or the end of this node, and is announced as {@link MemberAttributes#DRAINING}. Any thread; does not block. Repeating it does no harm.
     *
     * @return completes when the other nodes can see it; fails with {@link dev.handover.ReplicaClosedException} if the node is closed
     */
    public CompletableFuture<Void> drain() {
        return runtime.drain(true);
    }

    /**
     * The same, and tells when this node leads none of its groups any more. It may still take one over afterwards, if nobody else of its in-sync set can. Too short a time: less than the ten failure
     * time-outs that another must have been in sync for.
     *
     * @param timeout until when it should lead nothing any more, 1 ms to 1 day
     * @return completes, on the thread that completes futures of logs, when the other nodes can see it and this one leads nothing; fails with {@link dev.handover.TransferRefusedException}, which names what is
     *     left and why, if it does not come to that in time (it drains on all the same), or it is resumed before, and with {@link dev.handover.ReplicaClosedException} if the node is closed before
     */
    public CompletableFuture<Void> drain(Duration timeout) {
        if (timeout.toMillis() < 1 || timeout.compareTo(Duration.ofDays(1)) > 0) {
            throw new IllegalArgumentException(
                    "drain of " + id() + ": timeout " + timeout + " is not between 1 ms and 1 day");
        }
        return runtime.drains().begin(timeout);
    }

    /** Ends {@link #drain()}: this node may lead again. Completes, and fails, alike. */
    public CompletableFuture<Void> resume() {
        return runtime.drains().resume();
    }

    /** Whether {@link #drain()} was called, and {@link #resume} not since. */
    public boolean isDraining() {
        return runtime.isDraining();
    }

    private Replica joined(GroupId group) {
        Replica replica = runtime.replica(group);
        if (replica == null) {
            throw new IllegalStateException("node " + id() + " has not joined group " + group + "; join it first");
        }
        return replica;
    }

    /** What happens on this node. */
    public EventBus events() {
        return runtime.events();
    }

    /**
     * Leaves all groups in order (a leader hands over to the best of the others, or says goodbye when there is nobody; what was submitted here is answered; at most three times the
     * drain time-out), then closes transport and configuration store. Works for the last copy of a group as well, see {@link #stop}. Everything pending completes, no thread is left. Closing twice is fine. On one of the node's own threads (in a state machine,
     * a listener, or a stage of a future) it begins the closing and returns.
     */
    @Override
    public void close() {
        runtime.close();
    }

    /**
     * Closes, as {@link #close}; but refuses unless forced when a group would be left without any in-sync replica, and be down until this node is back.
     *
     * @throws dev.handover.LastCopyException then; nothing is closed
     */
    public void stop(boolean force) {
        runtime.stop(force);
    }

    /** For tests. */
    NodeRuntime runtime() {
        return runtime;
    }

    /** Dies as a process would: no goodbye, nothing forced. For tests. */
    void crash() {
        runtime.crash();
    }

    /** Settings of a node; everything is checked once, by {@link #start}. One builder starts one node. */
    public static final class Builder {
        private final NodeId node;
        private @Nullable ConfigurationStore configurationStore;
        private @Nullable Transport transport;
        private @Nullable Path dataDirectory;
        private String cluster = "default";
        private Duration commandTimeout = Duration.ofSeconds(5);
        private Duration sessionTimeout = Duration.ofMinutes(10);
        private Duration drainTimeout = Duration.ofSeconds(2);
        private Duration failureTimeout = Duration.ofMillis(500);
        private @Nullable Duration heartbeat;
        private int maxCommandBytes = 1 << 20;
        private int maxPending = 16_384;
        private long maxPendingBytes = 64L << 20;
        private int minInSync = 1;
        private long snapshotBytes = 256L << 20;
        private Duration snapshotInterval = Duration.ofHours(1);
        private long snapshotMarginBytes = 256L << 20;
        private long snapshotMarginEntries = ProtocolOptions.defaults().snapshotMarginEntries();
        private int maxFeatureLevel = FeatureLevels.NEWEST;
        private Duration readLease = Duration.ZERO;
        private double clockDrift = LeaseOptions.OFF.drift();
        private boolean learner;
        private final Map<String, String> attributes = new TreeMap<>();
        private boolean transferToPreferred = true;
        private StorageOptions storage = StorageOptions.defaults();
        private NodeRuntime.@Nullable LogStores logStores;
        private @Nullable Journals journals;

        private Builder(NodeId node) {
            this.node = Objects.requireNonNull(node, "node");
            if (node.isTool()) {
                throw new IllegalArgumentException("node id '" + node + "' begins with '" + NodeId.TOOL
                        + ".', as those of operators' tools do; choose another");
            }
        }

        /** Where the groups' configurations are kept and nodes find each other; required. The node closes it, also if {@link #start} fails. */
        public Builder configurationStore(ConfigurationStore value) {
            configurationStore = value;
            return this;
        }

        /** How nodes talk; required. The node closes it, also if {@link #start} fails. */
        public Builder transport(Transport value) {
            transport = value;
            return this;
        }

        /** Where the logs are; required. Each group has a directory of its name in it. No other process may use it at the same time. */
        public Builder dataDirectory(Path value) {
            dataDirectory = value;
            return this;
        }

        /** Name of the cluster, 1 to 64 characters; default {@code default}. Nodes of other clusters are refused, so that a wrong address does no harm. */
        public Builder cluster(String value) {
            cluster = value;
            return this;
        }

        /**
         * After how long a command or read that has no answer completes exceptionally; default 5 s, from 10 ms to 10 min. Too small: a take-over that would have been
         * survived unseen becomes an error; too big: callers wait long when nothing can be done.
         */
        public Builder commandTimeout(Duration value) {
            commandTimeout = value;
            return this;
        }

        /**
         * After how long without a command the group forgets a session and the results that it keeps for it, in log time; default 10 min, from 1 s to 24 h, and at
         * least four times {@link #commandTimeout}. Too small: clocks of successive leaders that differ by as much end sessions under way, and the
         * callers get {@link dev.handover.OutcomeUnknownException}; too big: the sessions of dead processes take memory for so long.
         */
        public Builder sessionTimeout(Duration value) {
            sessionTimeout = value;
            return this;
        }

        /**
         * How long {@link HaNode#close} waits, per group, until the other replicas hold everything; default 2 s, from 1 ms to 10 min. Too small: the last
         * commands of this node end with {@link dev.handover.OutcomeUnknownException}; too big: a stop takes long when a peer does not answer.
         */
        public Builder drainTimeout(Duration value) {
            drainTimeout = value;
            return this;
        }

        /**
         * Silence for so long is taken for death; default 500 ms, and at least three heartbeats. A process that dies is noticed at once, without it; this is for
         * hosts that vanish. Too small: pauses of the garbage collector cause take-overs; too big: a vanished host stops writes for so long.
         */
        public Builder failureTimeout(Duration value) {
            failureTimeout = value;
            return this;
        }

        /** A leader is heard at least so often; default a tenth of {@link #failureTimeout}. Too small: messages for nothing; too big: see {@link #failureTimeout}. */
        public Builder heartbeat(Duration value) {
            heartbeat = value;
            return this;
        }

        /**
         * Longest command, in bytes; default 1 MiB, at most 64 MiB. The same on every node, and below the transport's frame limit. Too big: one command
         * holds up all others while it travels.
         */
        public Builder maxCommandBytes(int value) {
            maxCommandBytes = value;
            return this;
        }

        /**
         * How many commands and reads of callers on this node may wait for their answers, per group; default 16384. More get {@link dev.handover.OverloadedException};
         * whoever is told the outcome of a command, or the answer of a read, has room for the next one. Too small: the disk and the wire are not kept busy; too big: under overload every answer comes late instead of some being refused.
         */
        public Builder maxPendingCommands(int value) {
            maxPending = value;
            return this;
        }

        /** How many bytes these commands may have, per group; default 64 MiB, at least {@link #maxCommandBytes}. Too big: memory; too small: as above. */
        public Builder maxPendingBytes(long value) {
            maxPendingBytes = value;
            return this;
        }

        /**
         * For a new group: fewer replicas in sync than this refuse writes ({@link dev.handover.RedundancyException}); default 1. With 2 in a group of two, everything
         * acknowledged survives the loss of a disk at any time, but nothing is written while one of the two is away.
         */
        public Builder minInSync(int value) {
            minInSync = value;
            return this;
        }

        /**
         * Makes this node a learner in all its groups; default false. It follows and answers reads, {@link Consistency#LOCAL} ones by itself; but it is never in sync, no commit waits for it, and
         * it never leads, so it does not add to the number of copies. For analytics, or for a site so far away that waiting for it would be too slow.
         */
        public Builder learner(boolean value) {
            learner = value;
            return this;
        }

        /**
         * Tells the other nodes something about this one, for whoever routes, places or shows nodes: {@link MemberAttributes} has the usual names and the limits. Given twice, the last value
         * counts. Nodes of a release that knows no attributes cannot read the announcement of one that has some, and do not dial it; they are dialled by it.
         *
         * @throws IllegalArgumentException if name or value is not allowed
         */
        public Builder attribute(String name, String value) {
            MemberAttributes.check(name, value);
            LeaderRanks.check(name, value);
            attributes.put(name, value);
            return this;
        }

        /**
         * How much this node should lead its groups, compared with the others; default 0, from -1000 to 1000. When a leader is lost, the in-sync node with the highest priority that can be reached takes
         * over; the others let it go first for a quarter of {@link #failureTimeout}. With equal priorities nobody waits for anybody. See {@link #transferToPreferred} for what happens when a
         * preferred node comes back. The same as {@link #attribute attribute("priority", ...)}.
         */
        public Builder priority(int value) {
            return attribute(MemberAttributes.PRIORITY, String.valueOf(value));
        }

        /** The priority in one group, instead of that for all; so that the leaders of many groups are spread over the nodes. */
        public Builder priority(GroupId group, int value) {
            return attribute(LeaderRanks.priorityOf(group), String.valueOf(value));
        }

        /** Where this node stands: a data centre, a rack; default unknown. The same as {@link #attribute attribute("zone", ...)}. */
        public Builder zone(String value) {
            return attribute(MemberAttributes.ZONE, value);
        }

        /** The zone whose nodes should lead, whatever the priorities of nodes elsewhere; default none. Set it alike on all nodes. Counts only on nodes in that {@link #zone}. */
        public Builder preferredZone(String value) {
            return attribute(MemberAttributes.PREFERRED_ZONE, value);
        }

        /**
         * Whether this node, when it leads, gives the leadership to a node of a higher {@link #priority} (R18: nobody is refused) that has been in sync and heard for ten times {@link #failureTimeout};
         * default true. When the leadership comes back, the next time waits twice as long, up to 64 times. Off: a preferred node that was away leads again only when the present leader ends.
         */
        public Builder transferToPreferred(boolean value) {
            transferToPreferred = value;
            return this;
        }

        /**
         * Highest feature level that this node supports (R20); default {@link FeatureLevels#NEWEST}. A group goes up by itself as soon as all its nodes support
         * a higher level, and never comes down again; set this one below the newest on one node to hold a group back, so that a release can still be
         * taken back. Too low: the node is refused by a group that is above it.
         */
        public Builder maxFeatureLevel(int value) {
            maxFeatureLevel = value;
            return this;
        }

        /**
         * After how many bytes of log a snapshot is taken, per group; default 256 MiB, from 1 KiB. Too small: the disk writes the state again and again; too big: the log takes much of the disk
         * and is long to apply at a start. Roughly the size of the state is a good value.
         */
        public Builder snapshotBytes(long value) {
            snapshotBytes = value;
            return this;
        }

        /**
         * After how long a snapshot is taken even of few changes, if there were any; default 1 h, from 100 ms to 30 days. Too small: work for nothing; too big: a group that writes little
         * applies its old log again at every start.
         */
        public Builder snapshotInterval(Duration value) {
            snapshotInterval = value;
            return this;
        }

        /**
         * How many entries before the newest snapshot stay in the log for replicas that were away for a while; default 65,536. What is behind the snapshot before it stays anyway. Too small: they
         * are sent the whole state; too big: the log takes more of the disk.
         */
        public Builder snapshotMarginEntries(long value) {
            snapshotMarginEntries = value;
            return this;
        }

        /**
         * How many bytes of log before the newest snapshot stay at most for replicas that were away for a while, however few entries of {@link #snapshotMarginEntries} they are; default 256 MiB,
         * from 0 to 16 TiB. Whole segments go. Too small: they are sent the whole state; too big: the log takes more of the disk. With states that are much smaller than the log, small is right.
         */
        public Builder snapshotMarginBytes(long value) {
            snapshotMarginBytes = value;
            return this;
        }

        /**
         * Linearizable reads of the leader without messages (R16); default zero: off, each goes through a round of the in-sync replicas. Counts on the node that leads; set it alike on all, and only
         * when all run a release that knows it. From two heartbeats to one minute; a good value is {@link #failureTimeout}.
         *
         * <p>What it trusts, and rounds do not: that while one node's monotonic clock shows this time, no other node's shows more than {@link #readLeaseClockDrift} says. A node whose clock is slower than
         * that, or stands still unseen, can answer a read with old state after another has taken over. A machine that was suspended, or stopped and moved as a virtual one, is noticed by its
         * wall clock, if that is set right before it goes on; do not use leases where it is not.
         *
         * <p>What it costs: a take-over from a leader that has vanished or fallen silent, and the first commits of a node that was restarted and leads at once, wait up to so long; a stop and a transfer
         * of the leadership do not. Too small: leases end before they are renewed, and reads go through rounds.
         */
        public Builder readLeases(Duration period) {
            readLease = period;
            return this;
        }

        /** By what part of it another node's monotonic clock may run faster than this one's; default 0.1, from 0 to below 1. Too small: see {@link #readLeases}; too big: leases end early. */
        public Builder readLeaseClockDrift(double value) {
            clockDrift = value;
            return this;
        }

        /** Sizes of files and reserve on the disk; default {@link StorageOptions#defaults}. Two segments exist from the beginning, for every group. */
        public Builder storage(StorageOptions value) {
            storage = value;
            return this;
        }

        /** For tests: where logs live. */
        Builder logStores(NodeRuntime.LogStores value) {
            logStores = value;
            return this;
        }

        /** For tests: where logs that are written together are forced. */
        Builder journals(Journals value) {
            journals = value;
            return this;
        }

        /**
         * Checks the settings, listens, and announces the node.
         *
         * @throws IllegalArgumentException if a setting makes no sense; the message names value and remedy
         * @throws UncheckedIOException if the transport cannot listen
         */
        public HaNode start() {
            try {
                return start(
                        required("configurationStore", configurationStore),
                        required("transport", transport),
                        required("dataDirectory", dataDirectory));
            } catch (RuntimeException e) {
                closeWhatWasGiven(e);
                throw e;
            }
        }

        private HaNode start(ConfigurationStore store, Transport wire, Path directory) {
            StorageOptions onDisk = storage;
            JournalReader reader = new JournalReader();
            NodeRuntime.LogStores logs = logStores == null
                    ? (place, group, self, listener) -> SegmentedLog.open(place, group, self, onDisk, reader, listener)
                    : logStores;
            Journals together = journals == null ? new Journals(directory, onDisk) : journals;
            NodeRuntime runtime = new NodeRuntime(node, options(), wire, store, directory, logs, together);
            try {
                runtime.start();
            } catch (IOException e) {
                runtime.close();
                throw new UncheckedIOException("node " + node + " cannot listen: " + e.getMessage(), e);
            } catch (RuntimeException e) {
                runtime.close();
                throw e;
            }
            return new HaNode(runtime);
        }

        private NodeOptions options() {
            Duration beat = heartbeat == null ? failureTimeout.dividedBy(10) : heartbeat;
            ProtocolOptions defaults = ProtocolOptions.defaults();
            ProtocolOptions protocol = new ProtocolOptions(
                            beat.toNanos(),
                            failureTimeout.toNanos(),
                            defaults.casRetryNanos(),
                            drainTimeout.toNanos(),
                            minInSync,
                            maxFeatureLevel,
                            defaults.maxAppendBytes(),
                            defaults.maxInFlightBytes(),
                            defaults.maxUncommittedBytes(),
                            defaults.maxUnappliedBytes(),
                            defaults.tailBytes(),
                            defaults.joinLagEntries(),
                            snapshotMarginEntries)
                    .withLeases(new LeaseOptions(readLease.toNanos(), clockDrift))
                    .withLearner(learner);
            return new NodeOptions(
                    cluster,
                    commandTimeout,
                    sessionTimeout,
                    drainTimeout,
                    failureTimeout,
                    maxCommandBytes,
                    maxPending,
                    maxPendingBytes,
                    snapshotBytes,
                    snapshotInterval,
                    snapshotMarginBytes,
                    protocol,
                    MemberAttributes.check(attributes),
                    transferToPreferred);
        }

        private static <T> T required(String name, @Nullable T value) {
            if (value == null) {
                throw new IllegalArgumentException(name + " is not set; call HaNode.Builder." + name);
            }
            return value;
        }

        private void closeWhatWasGiven(RuntimeException cause) {
            for (AutoCloseable given : new @Nullable AutoCloseable[] {transport, configurationStore}) {
                if (given != null) {
                    try {
                        given.close();
                    } catch (Exception e) {
                        cause.addSuppressed(e);
                    }
                }
            }
        }
    }
}
