package dev.handover.election;

import dev.handover.Registration;
import dev.handover.election.zookeeper.ConnectionProbe;
import dev.handover.election.zookeeper.ZooKeeperTls;
import dev.handover.leadership.LeaderTask;
import dev.handover.leadership.LeaderTaskRunner;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.Pausable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.imps.CuratorFrameworkState;
import org.apache.curator.framework.state.ConnectionStateListener;
import org.apache.curator.retry.RetryOneTime;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.common.PathUtils;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;

/**
 * Leadership of one of several processes, decided in ZooKeeper, for work without a replicated log.
 *
 * <pre>{@code
 * LeaderElection election = LeaderElection.builder(client, "/jobs/billing").candidate("a").start();
 * election.runWhileLeading(leading -> bill(leading.epoch()));
 * }</pre>
 *
 * <p>The leader is who owns the ephemeral znode {@code PATH/leader}. It is created in one transaction with the next epoch, so that no two leaders have the same
 * one, and epochs only grow: also when the znodes are deleted and created again (they begin above ZooKeeper's transaction number), and after the whole
 * ensemble was wiped if the application tells the highest that it knows ({@link Builder#epochFloor}).
 *
 * <p>A leader believes itself for half of the session time-out after its last confirmed contact, see {@link Leadership.Leading#isValid()}; nobody else can lead before the
 * session has ended. What is beyond ZooKeeper's reach, a write that is on its way while the process is paused, needs the epoch at the resource.
 *
 * <p>Where the application has a replicated log, ask that log's group for its leader instead: two elections are two truths.
 *
 * <p>All methods may be called from any thread and none blocks, except {@link Builder#start} and {@link #close}. A client that is given belongs to the caller, must be started
 * and stays open; its namespace is not used. Futures fail with {@code TransferRefusedException} (nothing was done, the message says why), {@code IOException}
 * or {@code TimeoutException} (it may have been done; look who leads).
 */
public final class LeaderElection implements Pausable, AutoCloseable {
    private final String path;
    private final String name;
    private final Candidacy candidacy;
    private final Tasks tasks;
    private final @Nullable LivenessPort liveness;
    private final @Nullable CuratorFramework ownClient;
    private final ConnectionProbe probe;
    private final ConnectionStateListener connectionListener;
    private final CuratorFramework client;
    private final AtomicBoolean closed = new AtomicBoolean();

    private LeaderElection(Builder builder, CuratorFramework client, boolean owned) throws IOException {
        path = builder.path;
        this.client = client;
        ownClient = owned ? client : null;
        name = builder.name;
        UUID instance = UUID.randomUUID();
        InetSocketAddress bind = builder.fastTakeOver;
        liveness = bind == null ? null : new LivenessPort(bind, instance, name, builder.fastTakeOverTls);
        tasks = new Tasks();
        Candidacy.Settings settings = new Candidacy.Settings(
                name,
                builder.priority,
                builder.zone,
                builder.epochFloor,
                builder.taskTimeout,
                builder.operationTimeout,
                List.copyOf(builder.acl),
                liveness,
                builder.fastTakeOverTls);
        candidacy = new Candidacy(client, path, settings, instance, tasks);
        Consumer<? super Leadership> listener = builder.listener;
        if (listener != null) {
            candidacy.listen(listener);
        }
        candidacy.start();
        probe = new ConnectionProbe(
                servers(client),
                () -> client.getZookeeperClient().getZooKeeper().getClientConfig(),
                candidacy::found);
        connectionListener = (changed, state) -> {
            if (state.isConnected()) {
                probe.connected();
            } else {
                probe.disconnected();
            }
        };
        client.getConnectionStateListenable().addListener(connectionListener, Runnable::run);
        if (!client.getZookeeperClient().isConnected()) {
            probe.disconnected();
        }
    }

    private static String servers(CuratorFramework client) {
        String connectString = client.getZookeeperClient().getCurrentConnectionString();
        int root = connectString.indexOf('/');
        return root < 0 ? connectString : connectString.substring(0, root);
    }

    /**
     * Of an election.
     *
     * @param client started; its connection and session time-out are the election's
     * @param path of the election's znode, such as {@code /jobs/billing}; created if missing. It must not be used for anything else
     */
    public static Builder builder(CuratorFramework client, String path) {
        return new Builder(client, "", path);
    }

    /**
     * Of an election with a client of its own, which {@link #close} closes.
     *
     * @param connectString {@code host:port} of ZooKeeper's servers, separated by commas
     * @param path as above
     */
    public static Builder builder(String connectString, String path) {
        return new Builder(null, connectString, path);
    }

    @Override
    public Leadership current() {
        return candidacy.current();
    }

    @Override
    public Registration listen(Consumer<? super Leadership> listener) {
        return candidacy.listen(listener);
    }

    /** The name that the builder was told. */
    public String candidate() {
        return name;
    }

    /** Who leads or led last, since when, and why it came to that; empty before the first leader, or while nothing was read. */
    public Optional<LastChange> lastChange() {
        View view = candidacy.view();
        return view == null ? Optional.empty() : Optional.ofNullable(view.change());
    }

    /** Who stands, as it was read last; who has been there longest comes first. A process that was killed stays until its session ends. */
    public List<Candidate> candidates() {
        View view = candidacy.view();
        return view == null
                ? List.of()
                : view.candidates().stream()
                        .map(View.Entered::candidate)
                        .sorted(Comparator.comparingLong(Candidate::since))
                        .toList();
    }

    @Override
    public Optional<String> paused() {
        return pauses().stream()
                .map(pause -> "paused by " + pause.owner() + " until " + pause.expiry() + ": " + pause.reason())
                .reduce((one, other) -> one + "; " + other);
    }

    /** The pauses that have not expired, as they were read last. */
    public List<Pause> pauses() {
        View view = candidacy.view();
        return view == null ? List.of() : view.pausesAt(Instant.now());
    }

    /**
     * Runs the task while this candidate leads: on a thread of its own, interrupted when the leadership ends, and never at the same time as the
     * task of another candidate that obeys its interrupt. See {@link LeaderTaskRunner} for what happens when it throws.
     *
     * @return ends the task and waits for it
     */
    public Registration runWhileLeading(LeaderTask task) {
        LeaderTaskRunner runner = new LeaderTaskRunner("handover-election-" + name + "-task", this, task);
        tasks.add(runner);
        return () -> {
            runner.close();
            tasks.remove(runner);
        };
    }

    /** Gives the leadership to any other candidate, after the task has returned. Completes when another one leads. */
    public CompletableFuture<Void> yield() {
        return candidacy.release("'" + name + "' has yielded", null);
    }

    /** Gives the leadership to this candidate, after the task has returned. Completes when it leads. */
    public CompletableFuture<Void> transferTo(String candidate) {
        return candidacy.release("'" + name + "' has transferred it to '" + candidate + "'", candidate);
    }

    /** {@inheritDoc} Any candidate may ask. */
    @Override
    public CompletableFuture<Void> pause(String owner, String reason, Instant expiry) {
        if (!expiry.isAfter(Instant.now())) {
            throw new IllegalArgumentException(
                    "expiry " + expiry + " of the pause of '" + owner + "' has passed already");
        }
        return candidacy.pause(new Pause(checkName("owner", owner), reason, expiry));
    }

    @Override
    public CompletableFuture<Void> resume(String owner) {
        return candidacy.resume(checkName("owner", owner));
    }

    /**
     * Ends tasks, gives the leadership back and leaves, waiting for both up to the task time-out and the operation time-out. A task that does not return keeps the
     * leadership until the client's session ends, since it may still be at work. Closing twice is fine.
     */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            client.getConnectionStateListenable().removeListener(connectionListener);
            probe.close();
            candidacy.close();
            tasks.close();
            LivenessPort port = liveness;
            if (port != null) {
                port.close();
            }
            CuratorFramework own = ownClient;
            if (own != null) {
                own.close();
            }
        }
    }

    /** For tests. */
    @Nullable
    LivenessPort liveness() {
        return liveness;
    }

    @Override
    public String toString() {
        return "LeaderElection[" + path + ", " + name + ", " + current() + "]";
    }

    private static String checkName(String kind, String value) {
        if (!value.matches("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")) {
            throw new IllegalArgumentException(
                    kind + " '" + value
                            + "' cannot be part of a znode's name; use 1 to 64 letters, digits, and after the first character '-', '_' and '.'");
        }
        return value;
    }

    /** Of a {@link LeaderElection}. */
    public static final class Builder {
        private static final int CONNECT_MILLIS = 2000;

        private final @Nullable CuratorFramework client;
        private final String connectString;
        private final String path;
        private Duration sessionTimeout = Duration.ofSeconds(10);
        private String name = "";
        private int priority;
        private String zone = "";
        private LongSupplier epochFloor = () -> 0;
        private Duration taskTimeout = Duration.ofSeconds(10);
        private Duration operationTimeout = Duration.ofSeconds(10);
        private List<ACL> acl = ZooDefs.Ids.OPEN_ACL_UNSAFE;
        private @Nullable InetSocketAddress fastTakeOver;
        private @Nullable Supplier<SSLContext> fastTakeOverTls;
        private @Nullable ZooKeeperTls tls;
        private @Nullable Consumer<? super Leadership> listener;

        private Builder(@Nullable CuratorFramework client, String connectString, String path) {
            try {
                PathUtils.validatePath(path);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "path '" + path + "' cannot be that of a znode: " + e.getMessage()
                                + "; give one such as /jobs/billing",
                        e);
            }
            if (path.equals("/")) {
                throw new IllegalArgumentException(
                        "path '/' is ZooKeeper's own; give the election one such as /jobs/billing");
            }
            this.client = client;
            this.connectString = connectString;
            this.path = path;
        }

        /** Its name in this election, unique among those who stand: needed. */
        public Builder candidate(String newName) {
            name = checkName("candidate", newName);
            return this;
        }

        /** Among those who stand for a vacancy the greatest comes first. Nobody is deposed by a greater one. Default 0. */
        public Builder priority(int newPriority) {
            priority = newPriority;
            return this;
        }

        /** Where this process is. At equal priority, candidates in the last leader's zone come first; then who has been there longest. Default empty. */
        public Builder zone(String newZone) {
            zone = newZone;
            return this;
        }

        /** Told as by {@link LeaderElection#listen}, from the first state on. */
        public Builder listener(Consumer<? super Leadership> newListener) {
            listener = newListener;
            return this;
        }

        /**
         * The highest epoch that the application has ever seen, at the resource that it protects say: the next one is greater. Asked on the election's thread
         * before each candidacy, so it must answer within a fraction of the session time-out; when it throws, the candidate does not stand. Default 0.
         */
        public Builder epochFloor(LongSupplier newFloor) {
            epochFloor = newFloor;
            return this;
        }

        /**
         * Takes over within milliseconds when the leader's process dies, instead of after its session time-out: candidates listen at this address and watch the leader's. When its
         * connection is closed and its port refuses three times in a row, its znode is deleted.
         *
         * <p>Off by default, because wrong evidence costs exclusivity here: a firewall that resets and rejects connections while the leader is well and reaches ZooKeeper makes a
         * second leader, and the first one learns it a moment later through its watch. With the epoch at the resource that moment does no harm.
         *
         * @param address host that the other candidates can reach, and port (0 for any)
         */
        public Builder fastTakeOver(InetSocketAddress address) {
            if (address.isUnresolved() || address.getAddress().isAnyLocalAddress()) {
                throw new IllegalArgumentException("fast take-over at '" + address
                        + "' is no address that others can dial; give this host's own name or address");
            }
            fastTakeOver = address;
            return this;
        }

        /**
         * The same over mutual TLS: who the leader is at that address is believed only of somebody whom a trusted authority has certified, and only such are told. On all candidates or on none; one with it and one without see nothing of each other, and wait for the
         * session's end. That a port refuses cannot be encrypted: who can reset connections between the hosts can forge that with TLS, too.
         *
         * @param tls asked at each connection, so that certificates can be renewed: such as ha-netty's {@code RenewableTls}, or {@code () -> context}
         */
        public Builder fastTakeOver(InetSocketAddress address, Supplier<SSLContext> tls) {
            fastTakeOverTls = Objects.requireNonNull(tls, "tls");
            return fastTakeOver(address);
        }

        /** How long an interrupted task is waited for before the leadership stays where it is. Default 10 s. */
        public Builder taskTimeout(Duration newTimeout) {
            taskTimeout = positive("task time-out", newTimeout);
            return this;
        }

        /** How long requests wait for ZooKeeper and the other candidates. Default 10 s. */
        public Builder operationTimeout(Duration newTimeout) {
            operationTimeout = positive("operation time-out", newTimeout);
            return this;
        }

        /**
         * How long ZooKeeper waits for a sign of this process before another may lead, when the election has a client of its own; default 10 s. A client that was given brings its own. Too short:
         * pauses of the JVM cost the leadership; too long: nobody leads for so long after a leader has died.
         */
        public Builder sessionTimeout(Duration newTimeout) {
            sessionTimeout = positive("session time-out", newTimeout);
            return this;
        }

        /** TLS to ZooKeeper, when the election has a client of its own; default none, unless ZooKeeper's system properties say so. The connect string names its secure port then. A client that was given brings its own: {@link ZooKeeperTls#clientConfig}. */
        public Builder tls(ZooKeeperTls how) {
            if (client != null) {
                throw new IllegalArgumentException(
                        "the election at " + path
                                + " was given a Curator client, which brings its own TLS: build it with zkClientConfig(ZooKeeperTls.clientConfig())");
            }
            tls = Objects.requireNonNull(how, "how");
            return this;
        }

        /** Of the znodes that are created. Default open to everybody, as Curator's. */
        public Builder acl(List<ACL> newAcl) {
            if (newAcl.isEmpty()) {
                throw new IllegalArgumentException("an empty ACL would lock everybody out; give at least one entry");
            }
            acl = List.copyOf(newAcl);
            return this;
        }

        /**
         * Begins to take part. Does not wait for ZooKeeper.
         *
         * @throws IOException the liveness port cannot be opened
         */
        public LeaderElection start() throws IOException {
            if (name.isEmpty()) {
                throw new IllegalArgumentException("the election at " + path + " needs a name: candidate(\"...\")");
            }
            CuratorFramework given = client;
            if (given == null) {
                return startWithOwnClient();
            }
            if (given.getState() != CuratorFrameworkState.STARTED) {
                throw new IllegalStateException(
                        "the Curator client is " + given.getState() + "; start it before the election at " + path);
            }
            return new LeaderElection(this, given, false);
        }

        private LeaderElection startWithOwnClient() throws IOException {
            CuratorFrameworkFactory.Builder settings = CuratorFrameworkFactory.builder()
                    .connectString(connectString)
                    .sessionTimeoutMs(Math.toIntExact(sessionTimeout.toMillis()))
                    .connectionTimeoutMs(Math.toIntExact(Math.min(CONNECT_MILLIS, sessionTimeout.toMillis())))
                    .retryPolicy(new RetryOneTime(100));
            ZooKeeperTls secured = tls;
            if (secured != null) {
                settings.zkClientConfig(secured.clientConfig());
            }
            CuratorFramework own = settings.build();
            try {
                own.start();
                return new LeaderElection(this, own, true);
            } catch (IOException | RuntimeException e) {
                own.close();
                throw e;
            }
        }

        private static Duration positive(String what, Duration value) {
            if (value.isNegative() || value.isZero() || value.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException(what + " " + value + " must be above zero and at most an hour");
            }
            return value;
        }
    }
}
