package dev.handover.examples.kv;

import dev.handover.HandoverException;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.examples.kv.resp.Limits;
import dev.handover.examples.kv.resp.RespServer;
import dev.handover.examples.kv.resp.ServerSettings;
import dev.handover.examples.kv.store.KvStateMachine;
import dev.handover.examples.kv.store.Write;
import dev.handover.examples.kv.store.WriteCodec;
import dev.handover.metrics.PrometheusMetrics;
import dev.handover.netty.NettyTransport;
import dev.handover.netty.TlsOptions;
import dev.handover.netty.ops.OpsServer;
import dev.handover.ops.OpsModel;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.TransferResult;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One node, put together: ZooKeeper if it is embedded, the node, its replica, and the front end. */
final class KvServer implements AutoCloseable {
    /** What else lives on the node. */
    @FunctionalInterface
    interface Beside {
        Beside NOTHING = (node, fault) -> () -> {};

        /**
         * Joins groups of its own.
         *
         * @param fault is to be told why when one of their replicas has stopped itself
         */
        AutoCloseable join(HaNode node, Consumer<String> fault) throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(KvServer.class);
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(1);
    private static final long HAND_OVER_MILLIS = 1500;
    private static final Duration SESSION_TIMEOUT = Duration.ofMinutes(10);
    private static final Duration ZOOKEEPER_START_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration LOOK_AGAIN = Duration.ofSeconds(10);
    private static final long ANNOUNCE_AGAIN_MILLIS = 500;
    private static final int FRAME_BYTES = Limits.MAX_ENTRY_BYTES + 1024 * 1024;

    /** What waits in each of the places where something can wait. */
    private static final long HEAP_SHARE = 8;

    private final Options options;
    private final Beside beside;
    private final Deque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();
    private final CompletableFuture<String> fault = new CompletableFuture<>();
    private final KvStateMachine store = new KvStateMachine();
    private volatile @Nullable EmbeddedZooKeeper zooKeeper;
    private volatile @Nullable NettyTransport transport;
    private volatile @Nullable ReplicatedLog log;
    private volatile @Nullable RespServer resp;
    private volatile @Nullable OpsServer ops;
    private volatile boolean closing;

    KvServer(Options options) {
        this(options, Beside.NOTHING);
    }

    KvServer(Options options, Beside beside) {
        this.options = options;
        this.beside = beside;
    }

    /**
     * Starts everything; on return clients are answered, if only by errors until a leader is known: {@link #awaitServing}. When it fails, {@link #close} is to be
     * called still.
     *
     * @throws IOException if an address or the data directory cannot be used
     */
    void start() throws IOException, InterruptedException, TimeoutException {
        String servers = options.zooKeeper();
        if (servers == null) {
            EmbeddedZooKeeper embedded = keep(EmbeddedZooKeeper.builder()
                    .dataDirectory(options.data().resolve("zookeeper"))
                    .clientAddress("127.0.0.1", options.embeddedPort())
                    .start());
            embedded.awaitServing(ZOOKEEPER_START_TIMEOUT);
            zooKeeper = embedded;
            servers = embedded.connectString();
        }
        long memory = Runtime.getRuntime().maxMemory() / HEAP_SHARE;
        ConfigurationStore configurations = keep(ZooKeeperConfigurationStore.connect(servers));
        NettyTransport.Builder peers = NettyTransport.builder(
                        options.peer().getHostString(), options.peer().getPort())
                .maxFrameBytes(FRAME_BYTES)
                .maxQueuedBytes(Math.max(2L * FRAME_BYTES, memory));
        TlsOptions tls = options.tls();
        if (tls != null) {
            peers.tls(tls);
        }
        transport = keep(peers.build());
        HaNode node = keep(HaNode.builder(options.id())
                .configurationStore(configurations)
                .transport(transport)
                .dataDirectory(options.data())
                // before the front end's own time-out, so that its answer is the one that knows more
                .commandTimeout(options.timeout().multipliedBy(9).dividedBy(10))
                .sessionTimeout(longer(options.timeout().multipliedBy(5), SESSION_TIMEOUT))
                .drainTimeout(DRAIN_TIMEOUT)
                .failureTimeout(options.failureTimeout())
                .maxCommandBytes(Limits.MAX_ENTRY_BYTES)
                .maxPendingBytes(Math.max(Limits.MAX_ENTRY_BYTES, memory))
                .minInSync(options.minInSync())
                .learner(options.learner())
                .priority(options.priority())
                .snapshotInterval(options.snapshotInterval())
                .snapshotMarginEntries(options.snapshotMargin())
                .storage(options.storage())
                .start());
        ReplicatedLog replica = keep(node.join(options.group(), store));
        log = replica;
        resp = keep(RespServer.start(
                replica, store, new ServerSettings(options.resp(), options.timeout(), options.maxClients())));
        keep(replica.onStatus(this::watchForFault));
        keep(beside.join(node, this::stopped));
        InetSocketAddress address = options.ops();
        if (address != null) {
            OpsModel model = keep(OpsModel.of(node));
            PrometheusMetrics metrics = keep(new PrometheusMetrics(node));
            OpsServer.Builder builder = OpsServer.builder(model).listen(address).metrics(metrics::scrape);
            if (tls != null && options.opsTls()) {
                builder.tls(tls);
            }
            String token = options.opsToken();
            if (token != null) {
                builder.actions(token);
            }
            ops = keep(builder.start());
        }
    }

    /** Completes with the reason when the replica has stopped itself. */
    CompletableFuture<String> fault() {
        return fault;
    }

    /** Returns when a leader is known; announces this node's address to the others. */
    void awaitServing() throws InterruptedException {
        ReplicatedLog replica = opened(log);
        while (true) {
            try {
                replica.awaitLeader(LOOK_AGAIN).get();
                break;
            } catch (ExecutionException e) {
                if (fault.isDone() || closing) {
                    throw new InterruptedException("stopped before a leader was known");
                }
                LOG.warn("{}/{} still waits for a leader: {}", options.group(), options.id(), message(e.getCause()));
            }
        }
        announce(replica);
    }

    /** What the {@code ready} line says. */
    String ready() {
        String line = "ready resp=" + text(opened(resp).address()) + " peer="
                + text(opened(transport).address());
        OpsServer port = ops;
        if (port != null) {
            line += " ops=" + text(port.address());
        }
        EmbeddedZooKeeper embedded = zooKeeper;
        return embedded == null ? line : line + " zookeeper=" + embedded.connectString();
    }

    /** Hands over if it leads, answers what has arrived, and stops. Closing twice is fine. */
    @Override
    public void close() {
        if (!closing) {
            LOG.info("{}/{} stops", options.group(), options.id());
        }
        boolean first = !closing;
        closing = true;
        ReplicatedLog replica = log;
        if (first && replica != null) {
            handOver(replica);
        }
        RespServer front = resp;
        if (front != null) {
            drain(front);
        }
        for (AutoCloseable part = opened.pollFirst(); part != null; part = opened.pollFirst()) {
            try {
                part.close();
            } catch (Exception e) {
                LOG.error("{}/{} cannot close in order", options.group(), options.id(), e);
            }
        }
    }

    private void watchForFault(GroupStatus status) {
        String reason = status.fault();
        if (reason != null) {
            stopped(reason);
        }
    }

    private void stopped(String reason) {
        if (fault.complete(reason)) {
            opened(resp).refuse("this replica has stopped itself, use another node; nothing was executed: " + reason);
        }
    }

    /** While clients are served still: none of them has to wait for a take-over. */
    private void handOver(ReplicatedLog replica) {
        GroupStatus status = replica.status();
        if (status.configuration() != null && status.configuration().inSync().equals(List.of(status.self()))) {
            LOG.warn(
                    "{}/{} is the last one in sync: the group is down until this node is back",
                    options.group(),
                    options.id());
            return;
        }
        if (!status.role().leads()) {
            return;
        }
        try {
            TransferResult result = replica.handOver().get(HAND_OVER_MILLIS, TimeUnit.MILLISECONDS);
            LOG.info("{}/{} hands over: {}", options.group(), options.id(), result);
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn(
                    "{}/{} could not hand over before it stops, another node takes over: {}",
                    options.group(),
                    options.id(),
                    message(e.getCause() == null ? e : e.getCause()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void drain(RespServer front) {
        try {
            if (!front.drain(DRAIN_TIMEOUT)) {
                LOG.warn("{}/{} stops before all clients have been answered", options.group(), options.id());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Again and again until it is in the log: {@code ROLE} and {@code INFO} name the leader by it. */
    private void announce(ReplicatedLog replica) {
        if (closing || fault.isDone()) {
            return;
        }
        String address = text(opened(resp).address());
        String node = options.id().value();
        CompletableFuture<byte[]> announced;
        try {
            announced = replica.submit(WriteCodec.encode(List.of(new Write.Announce(node, address))));
        } catch (HandoverException e) {
            announced = CompletableFuture.failedFuture(e);
        }
        announced.exceptionally(thrown -> {
            LOG.debug("{}/{} announces its address again", options.group(), options.id(), thrown);
            CompletableFuture.delayedExecutor(ANNOUNCE_AGAIN_MILLIS, TimeUnit.MILLISECONDS)
                    .execute(() -> announce(replica));
            return new byte[0];
        });
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.addFirst(resource);
        if (closing) {
            close();
            throw new CancellationException("told to stop while it started");
        }
        return resource;
    }

    private static <T> T opened(@Nullable T part) {
        if (part == null) {
            throw new IllegalStateException("not started");
        }
        return part;
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress() == null
                ? address.getHostString()
                : address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    private static String message(@Nullable Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return cause == null ? "" : String.valueOf(cause.getMessage());
    }
}
