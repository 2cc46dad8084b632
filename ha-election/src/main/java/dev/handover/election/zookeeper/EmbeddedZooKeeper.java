package dev.handover.election.zookeeper;

import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.zookeeper.server.NIOServerCnxnFactory;
import org.apache.zookeeper.server.PurgeTxnLog;
import org.apache.zookeeper.server.ServerCnxnFactory;
import org.apache.zookeeper.server.persistence.FileTxnLog;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A ZooKeeper server inside the application, for those who do not want to run one beside it:
 *
 * <pre>{@code
 * try (EmbeddedZooKeeper zooKeeper = EmbeddedZooKeeper.builder()
 *         .dataDirectory(Path.of("/var/lib/orders/zookeeper"))
 *         .clientAddress("127.0.0.1", 2181)
 *         .start()) {
 *     zooKeeper.awaitServing(Duration.ofSeconds(10));
 *     ConfigurationStore store = ZooKeeperConfigurationStore.connect(zooKeeper.connectString());
 * }
 * }</pre>
 *
 * <p>One server alone is a single point of failure for take-overs (not for writes). Three applications with one {@linkplain
 * Builder#ensemble member of an ensemble} each survive the loss of any one of them.
 *
 * <p>It never ends the JVM: where ZooKeeper would call {@code System.exit}, {@link #termination()} tells instead (this holds for every ZooKeeper code in
 * the JVM from the first start on). It opens no port but those that it was given: no admin server, no metrics. Its transactions are forced
 * to disk. Its threads are daemons and end with {@link #close()}; afterwards a server can be started on the same directory
 * again. TTL and container znodes are not served. All methods may be called from any thread.
 */
public final class EmbeddedZooKeeper implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedZooKeeper.class);
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final long START_TIMEOUT_SECONDS = 60;
    private static final long CLOSE_TIMEOUT_MILLIS = 10_000;
    private static final long POLL_MILLIS = 10;
    private static final long PURGE_INTERVAL_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int SNAPSHOTS_KEPT = 3; // the least that ZooKeeper allows
    private static final long PREALLOCATED_BYTES = 1 << 20;

    static {
        // NIOServerCnxnFactory makes itself the JVM's default for threads that die, when it is first used: that place
        // is the application's
        Thread.UncaughtExceptionHandler applications = Thread.getDefaultUncaughtExceptionHandler();
        ServerCnxnFactory first = new NIOServerCnxnFactory();
        LOG.trace("{} has been initialized", first.getClass());
        Thread.setDefaultUncaughtExceptionHandler(applications);
    }

    private final Path dataDirectory;
    private final FileChannel lock;
    private final EmbeddedServer server;
    private final String fixedConnectString;
    private final InetSocketAddress clientAddress;
    private final ThreadGroup group;
    private final Thread caretaker;
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final CompletableFuture<Void> serving = new CompletableFuture<>();
    private final CompletableFuture<Void> termination = new CompletableFuture<>();
    private final CompletableFuture<Void> stopRequested = new CompletableFuture<>();
    private volatile @Nullable String exitRequest;

    private EmbeddedZooKeeper(Builder builder, Path dataDirectory) throws IOException {
        this.dataDirectory = dataDirectory;
        Files.createDirectories(dataDirectory);
        lock = lock(dataDirectory);
        try {
            if (System.getProperty("zookeeper.preAllocSize") == null) {
                FileTxnLog.setPreallocSize(PREALLOCATED_BYTES); // the default of 64 MiB makes every start slow
            }
            File directory = dataDirectory.toFile();
            EnsembleMember self = builder.self();
            int tickMillis = Math.toIntExact(builder.tickTime.toMillis());
            int maxSessionMillis = Math.toIntExact(builder.maxSessionTimeout.toMillis());
            if (self == null) {
                clientAddress = builder.clientAddress;
                fixedConnectString = "";
                server = new StandaloneServer(
                        directory, clientAddress, builder.maxClientConnections, tickMillis, maxSessionMillis);
            } else {
                clientAddress = self.clientAddress();
                fixedConnectString = builder.ensemble.stream()
                        .map(member -> EnsembleMember.hostPort(
                                member.clientAddress(), member.clientAddress().getPort()))
                        .collect(Collectors.joining(","));
                server = new EnsembleServer(
                        directory, self, builder.ensemble, builder.maxClientConnections, tickMillis, maxSessionMillis);
            }
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
        String name = "embedded-zookeeper-" + NUMBER.incrementAndGet();
        group = new ServerThreads(name);
        caretaker = new Thread(group, this::run, name);
        caretaker.setDaemon(true); // and with it all threads that ZooKeeper starts
    }

    /** Returns a builder; only the data directory has no default. */
    public static Builder builder() {
        return new Builder();
    }

    /** {@code host:port} of this server, or of all members of its ensemble, for {@link ZooKeeperConfigurationStore#connect}. */
    public String connectString() {
        return fixedConnectString.isEmpty()
                ? EnsembleMember.hostPort(clientAddress, server.clientPort())
                : fixedConnectString;
    }

    /** The port that clients of this server dial. */
    public int clientPort() {
        return server.clientPort();
    }

    /** Whether it answers clients now; a member of an ensemble does only while a quorum is there. */
    public boolean isServing() {
        return !stopRequested.isDone() && server.isServing();
    }

    /**
     * Waits until it answers clients for the first time. A member of an ensemble waits for the others here: start all of them first.
     *
     * @throws TimeoutException if it does not within this time; the message says what is missing
     * @throws IOException if the server has died or was closed meanwhile
     */
    public void awaitServing(Duration timeout) throws IOException, InterruptedException, TimeoutException {
        try {
            serving.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IOException(cause(e).getMessage(), e);
        } catch (TimeoutException e) {
            throw new TimeoutException(
                    "The embedded ZooKeeper at " + connectString() + " does not serve after " + timeout
                            + (fixedConnectString.isEmpty()
                                    ? ""
                                    : "; are more than half of its members running and reachable?"));
        }
    }

    /**
     * Completes when the server has stopped completely: normally after {@link #close()}, exceptionally with an {@link IOException} that tells
     * why if it has died by itself. Completes on the server's own thread.
     */
    public CompletableFuture<Void> termination() {
        return termination.copy();
    }

    /** Stops the server and waits for its threads, at most about ten seconds. Its ports are closed on return. Closing twice is fine. */
    @Override
    public void close() {
        stopRequested.complete(null);
        if (Thread.currentThread().getThreadGroup() == group) {
            return;
        }
        try {
            termination.handle((done, failure) -> 0).get(CLOSE_TIMEOUT_MILLIS + 1000, TimeUnit.MILLISECONDS);
            caretaker.join(1000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("The embedded ZooKeeper in {} has not stopped within {} ms", dataDirectory, CLOSE_TIMEOUT_MILLIS);
        }
    }

    /** For tests. */
    ThreadGroup threadGroup() {
        return group;
    }

    private EmbeddedZooKeeper startUp() throws IOException {
        ExitGuard.watch(group, reason -> {
            exitRequest = reason;
            LOG.error("The embedded ZooKeeper in {} stops: {}", dataDirectory, reason);
        });
        caretaker.start();
        try {
            started.get(START_TIMEOUT_SECONDS, TimeUnit.SECONDS);
            return this;
        } catch (ExecutionException e) {
            close();
            throw new IOException(
                    "Cannot start ZooKeeper at " + clientAddress + " in " + dataDirectory + ": "
                            + cause(e).getMessage(),
                    cause(e));
        } catch (TimeoutException e) {
            close();
            throw new IOException("ZooKeeper at " + clientAddress + " in " + dataDirectory + " has not started within "
                    + START_TIMEOUT_SECONDS + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            close();
            throw new IOException("Interrupted while starting ZooKeeper in " + dataDirectory, e);
        }
    }

    /** Starts, watches and stops the server, all on one thread. */
    private void run() {
        Throwable failure = null;
        try {
            purge();
            server.start();
            started.complete(null);
            failure = watch();
        } catch (InterruptedException e) {
            failure = new IOException("interrupted", e);
        } catch (IOException | RuntimeException | Error e) {
            failure = e;
        }
        if (failure != null) {
            started.completeExceptionally(failure);
        }
        stop(failure);
    }

    private @Nullable IOException watch() throws InterruptedException {
        long purgedAt = System.nanoTime();
        while (!stopRequested.isDone()) {
            String death = exitRequest == null ? server.death() : exitRequest;
            if (death != null) {
                return new IOException("The embedded ZooKeeper in " + dataDirectory + " has died: " + death);
            }
            if (!serving.isDone() && server.isServing()) {
                serving.complete(null);
            }
            if (System.nanoTime() - purgedAt > PURGE_INTERVAL_NANOS) {
                purge();
                purgedAt = System.nanoTime();
            }
            try {
                stopRequested.get(serving.isDone() ? 10 * POLL_MILLIS : POLL_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                continue;
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        return null;
    }

    private void stop(@Nullable Throwable failure) {
        try {
            server.stop();
        } catch (IOException | RuntimeException e) {
            LOG.warn("The embedded ZooKeeper in {} did not stop cleanly", dataDirectory, e);
        }
        awaitThreads();
        ExitGuard.forget(group);
        try {
            lock.close();
        } catch (IOException e) {
            LOG.warn("Cannot release the lock of {}", dataDirectory, e);
        }
        serving.completeExceptionally(
                failure != null
                        ? failure
                        : new IOException("The embedded ZooKeeper in " + dataDirectory + " is closed"));
        if (failure == null) {
            termination.complete(null);
        } else {
            termination.completeExceptionally(failure);
        }
    }

    /** ZooKeeper asks some of its threads to end without waiting for them. */
    private void awaitThreads() {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_TIMEOUT_MILLIS / 2);
        List<Thread> left = threadsLeft();
        boolean interrupted = false;
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            long halfTime = deadline - TimeUnit.MILLISECONDS.toNanos(CLOSE_TIMEOUT_MILLIS / 4);
            if (!interrupted && System.nanoTime() > halfTime) {
                left.forEach(Thread::interrupt);
                interrupted = true;
            }
            try {
                left.get(0).join(POLL_MILLIS);
            } catch (InterruptedException e) {
                LOG.debug("Interrupted while stopping; going on, the time is bounded", e);
            }
            left = threadsLeft();
        }
        if (!left.isEmpty()) {
            LOG.warn("Threads of the embedded ZooKeeper in {} do not end: {}", dataDirectory, left);
        }
    }

    private List<Thread> threadsLeft() {
        Thread[] threads = new Thread[group.activeCount() + 16];
        int count = group.enumerate(threads);
        List<Thread> left = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            if (threads[i] != caretaker) {
                left.add(threads[i]);
            }
        }
        return left;
    }

    private void purge() throws InterruptedException {
        try {
            PurgeTxnLog.purge(dataDirectory.toFile(), dataDirectory.toFile(), SNAPSHOTS_KEPT);
        } catch (IOException | RuntimeException e) {
            LOG.warn("Cannot remove old snapshots and logs in {}; trying again in an hour", dataDirectory, e);
        }
    }

    private static Throwable cause(ExecutionException e) {
        Throwable cause = e.getCause();
        return cause == null ? e : cause;
    }

    private static FileChannel lock(Path directory) throws IOException {
        FileChannel channel = FileChannel.open(
                directory.resolve("embedded.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() != null) {
                return channel;
            }
        } catch (OverlappingFileLockException e) {
            LOG.debug("{} is locked in this JVM", directory, e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException("Another embedded ZooKeeper uses the data directory " + directory
                + "; close it first, or give this one a directory of its own");
    }

    /** Options of an embedded server. */
    public static final class Builder {
        private @Nullable Path dataDirectory;
        private InetSocketAddress clientAddress = new InetSocketAddress("127.0.0.1", 0);
        private int ownId;
        private List<EnsembleMember> ensemble = List.of();
        private Duration tickTime = Duration.ofMillis(500);
        private Duration maxSessionTimeout = Duration.ofSeconds(60);
        private int maxClientConnections = 1000;

        private Builder() {}

        /** Where it keeps its data; created if it is missing. One server at a time uses it. */
        public Builder dataDirectory(Path directory) {
            dataDirectory = directory;
            return this;
        }

        /** Where clients dial it, when it stands alone; by default 127.0.0.1 and a free port. Port 0 means any free port. */
        public Builder clientAddress(String host, int port) {
            clientAddress = new InetSocketAddress(host, port);
            return this;
        }

        /**
         * Makes it a member of an ensemble. The list must be the same in all applications; with three members any one may fail, with two none.
         *
         * @param newOwnId which of the members this one is
         */
        public Builder ensemble(int newOwnId, List<EnsembleMember> members) {
            ownId = newOwnId;
            ensemble = List.copyOf(members);
            return this;
        }

        /**
         * ZooKeeper's unit of time; 500 ms by default. Sessions last at least two ticks; a follower that is silent for eight is given up.
         * Too short: pauses break up the ensemble; too long: it takes longer to notice a dead member or client.
         */
        public Builder tickTime(Duration newTickTime) {
            tickTime = newTickTime;
            return this;
        }

        /** The longest session time-out that a client gets; 60 s by default. */
        public Builder maxSessionTimeout(Duration newTimeout) {
            maxSessionTimeout = newTimeout;
            return this;
        }

        /** How many connections one address may have; 1000 by default. Too small: nodes cannot connect; too big: no protection. */
        public Builder maxClientConnections(int newMaximum) {
            maxClientConnections = newMaximum;
            return this;
        }

        /**
         * Starts the server; on return its ports are open. That it serves is another matter: see {@link #awaitServing}.
         *
         * @throws IllegalArgumentException if an option is out of range; the message names the value
         * @throws IOException if a port or the directory cannot be used; the message says which
         */
        public EmbeddedZooKeeper start() throws IOException {
            Path directory = dataDirectory;
            if (directory == null) {
                throw new IllegalArgumentException("no data directory; set dataDirectory(...)");
            }
            if (tickTime.toMillis() < 10 || tickTime.toMillis() > 60_000) {
                throw new IllegalArgumentException("tick time " + tickTime + " is out of range; use 10 ms to 60 s");
            }
            if (maxSessionTimeout.compareTo(tickTime.multipliedBy(2)) < 0
                    || maxSessionTimeout.compareTo(Duration.ofHours(24)) > 0) {
                throw new IllegalArgumentException("max session time-out " + maxSessionTimeout
                        + " is out of range; use two ticks (" + tickTime.multipliedBy(2) + ") to 24 h");
            }
            if (maxClientConnections < 1) {
                throw new IllegalArgumentException("max client connections " + maxClientConnections + " is below 1");
            }
            return new EmbeddedZooKeeper(this, directory).startUp();
        }

        private @Nullable EnsembleMember self() {
            if (ensemble.isEmpty()) {
                return null;
            }
            if (ensemble.stream().map(EnsembleMember::id).distinct().count() != ensemble.size()) {
                throw new IllegalArgumentException("ensemble " + ensemble + " has an id twice");
            }
            return ensemble.stream()
                    .filter(member -> member.id() == ownId)
                    .findFirst()
                    .orElseThrow(() ->
                            new IllegalArgumentException("own id " + ownId + " is not in the ensemble " + ensemble));
        }
    }

    /** The threads of one server: what ends one of them is logged, whatever the application does with its own. */
    private static final class ServerThreads extends ThreadGroup {
        ServerThreads(String name) {
            super(name);
        }

        @Override
        public void uncaughtException(Thread thread, Throwable failure) {
            LOG.error("Thread {} of an embedded ZooKeeper has died", thread.getName(), failure);
        }
    }
}
