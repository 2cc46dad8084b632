package dev.handover.election.zookeeper;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Membership;
import dev.handover.coordination.Reachability;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.VersionedConfiguration;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps configurations in ZooKeeper, one znode per group, as text that people can read:
 *
 * <pre>
 * [zk] get /handover/groups/orders/config
 * format=1
 * lineage=5f0c2d4e-...
 * epoch=7
 * leader=b/91aa07c3-...
 * inSync=b/91aa07c3-...,c/07d2e611-...
 * minInSync=1
 * featureLevel=1
 * nonce=c0de4f10-...
 * reason=a does not answer
 * </pre>
 *
 * <p>Creating a store neither waits for ZooKeeper nor fails when it is away: operations wait for the connection up to the operation time-out,
 * and watches, announcements and ephemeral znodes come (back) with it. A compare-and-set without contention is one message and its answer.
 *
 * <p>No method blocks except {@link #close()}. Futures complete, and listeners are called, on ZooKeeper's event thread or the store's
 * timer; whoever blocks these threads stops everything else that the store does. All methods may be called from any thread.
 */
public final class ZooKeeperConfigurationStore implements ConfigurationStore {
    private final Session session;
    private final Paths paths;
    private final UUID instance = UUID.randomUUID();
    private final ZooKeeperMembership membership;
    private final ZooKeeperRecords records;

    private ZooKeeperConfigurationStore(Builder builder, String connectString) {
        session = new Session(
                connectString,
                builder.sessionTimeout,
                builder.operationTimeout,
                builder.watchRefreshInterval,
                builder.tls);
        paths = Paths.ofCluster(builder.cluster);
        membership = new ZooKeeperMembership(session, paths, instance);
        records = new ZooKeeperRecords(session, paths);
    }

    /**
     * Returns a store with default options that begins to connect in the background.
     *
     * @param connectString {@code host:port} of ZooKeeper's servers, separated by commas
     * @throws IllegalArgumentException if the connect string is malformed; the message names the part
     */
    public static ZooKeeperConfigurationStore connect(String connectString) {
        return builder(connectString).build();
    }

    /** Returns a builder; {@code connectString} is {@code host:port} of ZooKeeper's servers, separated by commas. */
    public static Builder builder(String connectString) {
        return new Builder(connectString);
    }

    @Override
    public CompletableFuture<Optional<VersionedConfiguration>> read(GroupId group) {
        return session.submit(new ReadContent<>(session, paths.configuration(group), Calls::configuration));
    }

    /** Which groups the cluster has, by name; for operators. Fails as {@link #read} does. */
    public CompletableFuture<List<GroupId>> groups() {
        return session.submit(new ListGroups(session, paths.groups()));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Completes exceptionally only if ZooKeeper refuses the operation (access control), or if what it holds instead of the expected version
     * cannot be understood.
     *
     * @throws IllegalArgumentException if the expected version is below {@link #NOT_EXISTING}, or the configuration takes more than 256 KiB as text
     */
    @Override
    public CompletableFuture<CasOutcome> compareAndSet(GroupId group, int expectedVersion, Configuration next) {
        if (expectedVersion < NOT_EXISTING) {
            throw new IllegalArgumentException("expected version " + expectedVersion + " of group " + group
                    + " is below " + NOT_EXISTING + "; use the version that was read, or NOT_EXISTING");
        }
        return session.submit(
                new ConfigurationCompareAndSet(session, paths.configuration(group), expectedVersion, next));
    }

    /**
     * {@inheritDoc}
     *
     * <p>The order is that of the writes in ZooKeeper; an older configuration is never delivered after a newer one. Content that cannot be
     * understood is logged as an error and not delivered; {@link #read} reports it.
     */
    @Override
    public Registration watch(GroupId group, Consumer<VersionedConfiguration> listener) {
        return new ContentWatch<>(session, paths.configuration(group), Calls::configuration, null, listener);
    }

    /**
     * {@inheritDoc}
     *
     * <p>May be repeated on the same store after a failure: the same counter recorded by the same store is recognized, and the answer is the one of
     * the first time.
     *
     * @throws IllegalArgumentException if the boot counter is below 1
     */
    @Override
    public CompletableFuture<Long> recordBoot(GroupId group, ReplicaId replica, long bootCounter) {
        if (bootCounter < 1) {
            throw new IllegalArgumentException(
                    "boot counter " + bootCounter + " of replica " + replica + " is below 1; the first start is 1");
        }
        return session.submit(new RecordBoot(session, paths.replica(group, replica), bootCounter, instance));
    }

    /**
     * {@inheritDoc}
     *
     * <p>An announcement waits for ZooKeeper as long as it takes; its future completes exceptionally only when the store is closed.
     */
    @Override
    public Membership membership() {
        return membership;
    }

    /**
     * {@inheritDoc}
     *
     * <p>One persistent znode per record, {@code /handover/records/NAME}, that holds its bytes and nothing else.
     */
    @Override
    public RecordStore records() {
        return records;
    }

    @Override
    public Registration watchReachability(Consumer<Reachability> listener) {
        return session.watchReachability(listener);
    }

    /**
     * {@inheritDoc}
     *
     * <p>Waits a few seconds at most, also when ZooKeeper does not answer. The ephemeral znodes go at once if it does, else with the session.
     */
    @Override
    public void close() {
        membership.close();
        session.close();
    }

    /** Options of a store. Every one has a default. */
    public static final class Builder {
        private static final Duration SHORTEST = Duration.ofMillis(100);
        private static final Duration LONGEST = Duration.ofHours(1);

        private final String connectString;
        private String cluster = "handover";
        private Duration sessionTimeout = Duration.ofSeconds(10);
        private Duration operationTimeout = Duration.ofSeconds(5);
        private Duration watchRefreshInterval = Duration.ofSeconds(30);
        private @Nullable ZooKeeperTls tls;

        private Builder(String connectString) {
            this.connectString = connectString;
        }

        /**
         * Name of the znode below which everything is kept, {@code handover} by default; several names may be joined by slashes. Clusters
         * that share a ZooKeeper need different ones.
         */
        public Builder cluster(String newCluster) {
            cluster = newCluster;
            return this;
        }

        /**
         * How long ZooKeeper waits for a sign of this process before it drops its ephemeral znodes; 10 s by default. It plays no part in
         * detecting a dead leader. Servers bound it to 2 to 20 of their ticks. Too short: pauses of the JVM cost a new session each time;
         * too long: a dead node stays listed as a member that long.
         */
        public Builder sessionTimeout(Duration newTimeout) {
            sessionTimeout = newTimeout;
            return this;
        }

        /**
         * How long an operation waits for an answer, connection and repetitions included; 5 s by default. Too short: a change of
         * ZooKeeper's own leader, which takes a second or two, leaves every operation in doubt; too long: callers wait for nothing.
         */
        public Builder operationTimeout(Duration newTimeout) {
            operationTimeout = newTimeout;
            return this;
        }

        /**
         * How often, on average, watched znodes are read again although no watch has fired; 30 s by default. A safety net only:
         * watches fire by themselves. Too short: needless reads; too long: a lost event is noticed late.
         */
        public Builder watchRefreshInterval(Duration newInterval) {
            watchRefreshInterval = newInterval;
            return this;
        }

        /** TLS to ZooKeeper; default none, unless ZooKeeper's system properties say so. The connect string names its secure port then. */
        public Builder tls(ZooKeeperTls how) {
            tls = Objects.requireNonNull(how, "how");
            return this;
        }

        /**
         * Builds the store, which begins to connect in the background.
         *
         * @throws IllegalArgumentException if an option is malformed or out of range; the message names the value
         */
        public ZooKeeperConfigurationStore build() {
            check("session time-out", sessionTimeout);
            check("operation time-out", operationTimeout);
            check("watch refresh interval", watchRefreshInterval);
            String servers = ConnectStrings.check(connectString);
            ZooKeeperConfigurationStore store = new ZooKeeperConfigurationStore(this, servers);
            try {
                store.session.start();
            } catch (IOException e) {
                store.close();
                throw new UncheckedIOException(e);
            }
            return store;
        }

        private static void check(String what, Duration value) {
            if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(
                        what + " " + value + " is out of range; use " + SHORTEST + " to " + LONGEST);
            }
        }
    }
}
