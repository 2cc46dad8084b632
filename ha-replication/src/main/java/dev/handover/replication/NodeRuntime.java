package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.LastCopyException;
import dev.handover.NodeId;
import dev.handover.Registration;
import dev.handover.ReplicaClosedException;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Member;
import dev.handover.coordination.MemberAttributes;
import dev.handover.event.EventBus;
import dev.handover.replication.protocol.PreferredMoves;
import dev.handover.replication.storage.Journals;
import dev.handover.replication.storage.LogStore;
import dev.handover.replication.storage.OpeningListener;
import dev.handover.replication.transport.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the groups of one node share: threads, transport, configuration store. Any thread. */
final class NodeRuntime {
    /** Opens the log of a group. */
    @FunctionalInterface
    interface LogStores {
        LogStore open(Path directory, GroupId group, NodeId node, OpeningListener listener) throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(NodeRuntime.class);
    private static final Duration STOP_MARGIN = Duration.ofSeconds(2);

    /** What a message of one command needs beside the command, amply. */
    private static final int FRAME_MARGIN = 4096;

    private final NodeId self;
    private final NodeOptions options;
    private final Transport transport;
    private final ConfigurationStore configurationStore;
    private final Path directory;
    private final LogStores logStores;
    private final EventBus events;
    private final NodeLoop loop;
    private final DiskWriter disk;
    private final Applier applier;
    private final SnapshotThread snapshotThread;
    private final SnapshotThread transferThread;
    private final Rehearsing rehearsing;
    private final Peers peers = new Peers(this);
    private final PreferredMoves preferredMoves = new PreferredMoves();
    private final NodeDrain drains = new NodeDrain(this);
    private final Map<GroupId, Replica> replicas = new ConcurrentHashMap<>();
    private final Object membership = new Object();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean draining;
    private @Nullable Registration memberWatch;

    NodeRuntime(
            NodeId self,
            NodeOptions options,
            Transport transport,
            ConfigurationStore configurationStore,
            Path directory,
            LogStores logStores,
            Journals journals) {
        this.self = self;
        this.options = options;
        this.transport = transport;
        this.configurationStore = configurationStore;
        this.directory = directory;
        this.logStores = logStores;
        String name = "handover-" + self;
        events = new EventBus(name);
        loop = new NodeLoop(name + "-loop", options.protocol(), this::replica, transport::execute);
        disk = new DiskWriter(name + "-disk", loop, journals);
        applier = new Applier(name + "-apply", loop);
        snapshotThread = new SnapshotThread(name + "-snapshot", 500, () -> {
            applier.run(() -> replicas().forEach(Replica::lookAtSnapshots));
            return true;
        });
        transferThread = new SnapshotThread(name + "-transfer", 10, this::lookAtTransfers);
        rehearsing = new Rehearsing(name + "-rehearsal", options.protocol());
    }

    private boolean lookAtTransfers() {
        boolean any = false;
        for (Replica replica : replicas()) {
            any |= replica.transfer().look();
        }
        return any;
    }

    NodeId self() {
        return self;
    }

    NodeOptions options() {
        return options;
    }

    Transport transport() {
        return transport;
    }

    ConfigurationStore configurationStore() {
        return configurationStore;
    }

    EventBus events() {
        return events;
    }

    NodeLoop loop() {
        return loop;
    }

    DiskWriter disk() {
        return disk;
    }

    Applier applier() {
        return applier;
    }

    /** Writes snapshots. */
    SnapshotThread snapshotThread() {
        return snapshotThread;
    }

    /** Sends and receives snapshots. */
    SnapshotThread transferThread() {
        return transferThread;
    }

    Collection<Replica> replicas() {
        return replicas.values();
    }

    @Nullable
    Replica replica(GroupId group) {
        return replicas.get(group);
    }

    /** The nodes that announce themselves, as they were seen last. */
    List<Member> members() {
        return peers.members();
    }

    /** The other nodes. */
    Peers peers() {
        return peers;
    }

    /** Of the loop. */
    PreferredMoves preferredMoves() {
        return preferredMoves;
    }

    /** The nodes that a connection stands to. */
    List<NodeId> connected() {
        return peers.connected();
    }

    /** Longest payload that fits into one message. */
    int maxMessageBytes() {
        return transport.maxFrameBytes() - FRAME_MARGIN;
    }

    InetSocketAddress address() {
        return transport.address();
    }

    /** Whether some group has the node in its in-sync set. */
    boolean countsOn(NodeId peer) {
        for (Replica replica : replicas()) {
            Configuration configuration = replica.board().standing().configuration();
            if (configuration != null
                    && configuration.inSync().stream().anyMatch(id -> id.node().equals(peer))) {
                return true;
            }
        }
        return false;
    }

    // ---- life

    void start() throws IOException {
        if (options.maxCommandBytes() > maxMessageBytes()) {
            throw new IllegalArgumentException("maxCommandBytes " + options.maxCommandBytes()
                    + " does not fit into the transport's frames of at most " + transport.maxFrameBytes()
                    + " bytes with "
                    + FRAME_MARGIN + " to spare; lower it, or raise maxFrameBytes of the transport on every node");
        }
        events.subscribe(new EventLog());
        events.subscribe(drains::happened);
        loop.start();
        disk.start();
        applier.start();
        snapshotThread.start();
        transferThread.start();
        transport.start(self, peers);
        synchronized (membership) {
            announce();
            memberWatch = configurationStore.membership().watch(peers::members);
        }
        rehearsing.startOnce();
    }

    /** Says so to all nodes. */
    CompletableFuture<Void> drain(boolean wanted) {
        synchronized (membership) {
            if (closing.get()) {
                return CompletableFuture.failedFuture(
                        new ReplicaClosedException("node " + self + " is closed; start another"));
            }
            draining = wanted;
            return announce();
        }
    }

    /** Who waits for that. */
    NodeDrain drains() {
        return drains;
    }

    boolean isDraining() {
        return draining;
    }

    private SortedMap<String, String> attributes() {
        TreeMap<String, String> all = new TreeMap<>(options.attributes());
        if (draining) {
            all.put(MemberAttributes.DRAINING, "true");
        }
        return all;
    }

    private CompletableFuture<Void> announce() {
        Map<GroupId, UUID> logs = new TreeMap<>();
        for (Replica replica : replicas()) {
            logs.put(replica.group(), replica.self().logId());
        }
        InetSocketAddress address = transport.address();
        CompletableFuture<Void> visible = configurationStore
                .membership()
                .announce(new Member(
                        self,
                        address.getHostString(),
                        address.getPort(),
                        transport.protocolVersion(),
                        options.protocol().featureLevel(),
                        logs,
                        attributes()));
        visible.whenComplete((done, failure) -> {
            if (failure != null && !closing.get()) {
                LOG.warn(
                        "[{}] could not announce itself in the configuration store, other nodes may not find it: {}",
                        self,
                        String.valueOf(failure));
            }
        });
        return visible;
    }

    Replica join(GroupId group, StateMachine stateMachine) {
        synchronized (membership) {
            if (closing.get()) {
                throw new ReplicaClosedException("[" + group + " " + self + "] the node is closed; start another");
            }
            if (replicas.containsKey(group)) {
                throw new IllegalStateException("node " + self + " has joined group " + group
                        + " already; use the log that join returned, or close it before joining again");
            }
            LogStore store;
            try {
                store = logStores.open(
                        directory.resolve(group.value()), group, self, new OpeningLog(group, self, events::publish));
            } catch (IOException e) {
                throw new UncheckedIOException(
                        "[" + group + " " + self + "] cannot open the log in " + directory.resolve(group.value()) + ": "
                                + e.getMessage(),
                        e);
            }
            Replica replica = new Replica(this, group, store, stateMachine);
            replicas.put(group, replica);
            loop.run(() -> {
                loop.add(replica);
                replica.start(peers.connected());
                peers.tellRanks(replica);
            });
            announce();
            return replica;
        }
    }

    /** Stops one group in order; blocks, unless called on one of the node's own threads, from where it only begins. */
    void leave(Replica replica) {
        if (isOwnThread()) {
            new Thread(() -> leaveNow(replica), "handover-" + self + "-closer").start();
        } else {
            leaveNow(replica);
        }
    }

    private void leaveNow(Replica replica) {
        loop.run(replica::stop);
        awaitStopped(replica);
        synchronized (membership) {
            if (!replicas.remove(replica.group(), replica)) {
                return; // closed before
            }
            if (!closing.get()) {
                announce();
            }
        }
        release(replica);
        drains.look();
    }

    /** Everything that was handed over is done, and nothing comes any more. */
    private void release(Replica replica) {
        CountDownLatch released = new CountDownLatch(2);
        loop.run(() -> loop.remove(replica));
        transferThread.run(replica.transfer()::stop); // before the store is closed
        disk.close(replica.volume(), true, released::countDown);
        applier.run(released::countDown);
        try {
            if (!released.await(STOP_MARGIN.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.warn("{} disk or state machine is still at work {} after the end", replica.label(), STOP_MARGIN);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitStopped(Replica replica) {
        if (!await(replica.stopped(), options.drainTimeout().multipliedBy(3).plus(STOP_MARGIN))) {
            LOG.warn(
                    "{} did not stop in order within three times {}; it is stopped now",
                    replica.label(),
                    options.drainTimeout());
            loop.run(() -> replica.end("it did not stop in order"));
            await(replica.stopped(), STOP_MARGIN);
        }
    }

    private static boolean await(CompletableFuture<String> stopped, Duration time) {
        try {
            stopped.get(time.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // no time to wait: the rest of closing goes on
            return false;
        }
    }

    private boolean isOwnThread() {
        return loop.isCurrentThread() || disk.isCurrentThread() || applier.isCurrentThread() || events.isOwnThread();
    }

    void close() {
        if (!closing.compareAndSet(false, true)) {
            if (!isOwnThread()) {
                awaitClosed();
            }
        } else if (isOwnThread()) {
            new Thread(this::closeNow, "handover-" + self + "-closer").start();
        } else {
            closeNow();
        }
    }

    /** Closes, unless that would take the last in-sync copy of a group away (R13). */
    void stop(boolean force) {
        List<GroupId> last = replicas().stream()
                .filter(Replica::isLastCopy)
                .map(Replica::group)
                .sorted()
                .toList();
        if (!force && !last.isEmpty()) {
            throw new LastCopyException(
                    "[" + self + "] holds the last in-sync copy of " + last
                            + ", which would be down until this node is back; start another replica and wait until it is in sync, or stop by force");
        }
        close();
    }

    private void awaitClosed() {
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeNow() {
        drains.close();
        try {
            for (Replica replica : replicas()) {
                loop.run(replica::stop); // all at once, then one after the other
            }
            for (Replica replica : replicas()) {
                leaveNow(replica);
            }
            unwatch();
            transport.close();
        } finally {
            rehearsing.end(STOP_MARGIN.toMillis());
            loop.end();
            loop.join(STOP_MARGIN.toMillis());
            disk.end();
            disk.join(STOP_MARGIN.toMillis());
            snapshotThread.end();
            snapshotThread.join(STOP_MARGIN.toMillis());
            transferThread.end();
            transferThread.join(STOP_MARGIN.toMillis());
            applier.end();
            applier.join(STOP_MARGIN.toMillis());
            try {
                configurationStore.close();
            } finally {
                events.close();
                closed.countDown();
            }
        }
    }

    private void unwatch() {
        synchronized (membership) {
            Registration watch = memberWatch;
            if (watch != null) {
                memberWatch = null;
                watch.close();
            }
        }
    }

    /** Dies as a process would: no goodbye, nothing forced, nothing answered. For tests. */
    void crash() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        drains.close();
        rehearsing.end(STOP_MARGIN.toMillis());
        loop.kill();
        disk.kill();
        applier.kill();
        snapshotThread.kill();
        transferThread.kill();
        transport.close();
        unwatch();
        loop.join(STOP_MARGIN.toMillis());
        disk.join(STOP_MARGIN.toMillis());
        applier.join(STOP_MARGIN.toMillis());
        snapshotThread.join(STOP_MARGIN.toMillis());
        transferThread.join(STOP_MARGIN.toMillis());
        for (Replica replica : replicas()) {
            replica.store().close();
        }
        configurationStore.close();
        events.close();
        closed.countDown();
    }
}
