package dev.handover.election.zookeeper;

import dev.handover.Registration;
import dev.handover.coordination.Reachability;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.curator.CuratorZookeeperClient;
import org.apache.curator.ensemble.fixed.FixedEnsembleProvider;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.Watcher.Event.KeeperState;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connection to ZooKeeper. Curator's client replaces a lost session by a new one; operations go straight to its handle with ZooKeeper's asynchronous
 * calls, so that the caller's thread never blocks, an uncontended write is one message there and one back, and nobody but
 * {@link Operation} decides what is repeated. Callbacks and listeners run on ZooKeeper's event thread.
 */
final class Session implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Session.class);
    private static final int MAX_PENDING = 10_000;
    private static final int RETRY_MILLIS = 20;
    private static final int RECONNECT_JITTER_MILLIS =
            250; // on top of the up to one second that ZooKeeper's client waits
    private static final int CLOSE_MILLIS = 2000;

    private final String connectString;
    private final Duration operationTimeout;
    private final @Nullable ZooKeeperTls tls;
    private final ConnectionProbe probe;
    private final CuratorZookeeperClient curator;
    private final ScheduledThreadPoolExecutor timer;
    private final Set<Operation<?>> pending = ConcurrentHashMap.newKeySet();
    private final Queue<Operation<?>> parked = new ConcurrentLinkedQueue<>();
    private final List<Runnable> refreshers = new CopyOnWriteArrayList<>();
    private final List<LatestDelivery<Reachability>> reachabilityListeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile @Nullable Thread timerThread;
    private volatile @Nullable ZooKeeper connected;
    private volatile @Nullable Link link;
    private Reachability reachability;
    private long changes;
    private String found = ""; // by the probe, while there is no session

    Session(
            String connectString,
            Duration sessionTimeout,
            Duration operationTimeout,
            Duration refreshInterval,
            @Nullable ZooKeeperTls tls) {
        this.connectString = connectString;
        this.operationTimeout = operationTimeout;
        this.tls = tls;
        probe = new ConnectionProbe(connectString, this::clientConfig, this::found);
        reachability = new Reachability(false, "connecting to ZooKeeper at " + connectString);
        timer = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread thread = new Thread(task, "handover-zookeeper");
                    thread.setDaemon(true);
                    timerThread = thread;
                    return thread;
                },
                new ThreadPoolExecutor.DiscardPolicy()); // what comes after close is of no use to anybody
        timer.setRemoveOnCancelPolicy(true);
        int timeoutMillis = Math.toIntExact(sessionTimeout.toMillis());
        curator = new CuratorZookeeperClient(
                this::newHandle,
                new FixedEnsembleProvider(connectString),
                timeoutMillis,
                timeoutMillis,
                null,
                (retries, elapsedMillis, sleeper) -> false,
                false);
        scheduleRefresh(refreshInterval);
    }

    /** Begins to connect; does not wait for it. */
    void start() throws IOException {
        try {
            curator.start();
            probe.disconnected();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("Cannot start the ZooKeeper client for " + connectString, e);
        }
    }

    /** Carries the operation out. Its result completes within the operation time-out. */
    <T> CompletableFuture<T> submit(Operation<T> operation) {
        if (pending.size() >= MAX_PENDING) {
            operation.unanswered(MAX_PENDING + " operations are under way already; wait for some of them");
            return operation.result();
        }
        pending.add(operation);
        operation.result().whenComplete((value, failure) -> {
            pending.remove(operation);
            parked.remove(operation);
            operation.cancelTimeout();
        });
        run(operation);
        if (!operation.isDone() && !closed.get()) {
            operation.timeout(timer.schedule(
                    () -> operation.unanswered("waited " + operationTimeout.toMillis() + " ms for ZooKeeper at "
                            + connectString + ", last because " + operation.trouble() + whatWasFound()),
                    operationTimeout.toNanos(),
                    TimeUnit.NANOSECONDS));
        }
        if (closed.get()) {
            operation.unanswered("the store is closed");
        }
        return operation.result();
    }

    /** Starts another attempt of an operation whose last one is over: after a moment, and when there is a connection. */
    void again(Operation<?> operation, String trouble) {
        operation.note(trouble);
        later(RETRY_MILLIS / 2 + ThreadLocalRandom.current().nextInt(RETRY_MILLIS), () -> run(operation));
    }

    /** Runs the task on the timer's thread; drops it if the session is closed. */
    void later(long millis, Runnable task) {
        if (!closed.get()) {
            timer.schedule(guarded(task), millis, TimeUnit.MILLISECONDS);
        }
    }

    /** Calls whenever something may have been missed: connected (again), and now and then. Runs on the timer's thread. */
    Registration onRefresh(Runnable refresher) {
        refreshers.add(refresher);
        return () -> refreshers.remove(refresher);
    }

    Registration watchReachability(Consumer<Reachability> listener) {
        LatestDelivery<Reachability> delivery = new LatestDelivery<>("reachability", listener);
        reachabilityListeners.add(delivery);
        later(0, () -> offerReachability(delivery));
        return () -> {
            reachabilityListeners.remove(delivery);
            delivery.close();
        };
    }

    /** The handle while it is connected. */
    @Nullable
    ZooKeeper connected() {
        return connected;
    }

    /** Waits at most about two seconds for the server's answer and the threads' end, except on one of its own threads. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            connected = null;
            for (Operation<?> operation : pending) {
                operation.unanswered("the store is closed");
            }
            reachabilityListeners.forEach(LatestDelivery::close);
            timer.shutdownNow();
            probe.close();
            boolean own = onOwnThread();
            curator.close(own ? 0 : CLOSE_MILLIS);
            closing.countDown();
        }
        if (!onOwnThread()) {
            awaitClosed();
        }
    }

    private boolean onOwnThread() {
        Link last = link;
        Thread current = Thread.currentThread();
        return current == timerThread || (last != null && last.eventThread == current);
    }

    private void awaitClosed() {
        try {
            if (!closing.await(3L * CLOSE_MILLIS, TimeUnit.MILLISECONDS)
                    || !timer.awaitTermination(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) {
                LOG.warn("A listener of the ZooKeeper store for {} has not returned at close", connectString);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run(Operation<?> operation) {
        if (operation.isDone()) {
            return;
        }
        ZooKeeper zooKeeper = connected;
        if (zooKeeper == null) {
            parked.add(operation);
            if (operation.isDone()) {
                parked.remove(operation); // completed in between: nobody else would remove it
            }
            if (connected != null) {
                resumeParked();
            }
            return;
        }
        try {
            operation.attempt(zooKeeper);
        } catch (RuntimeException e) {
            operation.fail(e);
        }
    }

    private void resumeParked() {
        for (Operation<?> operation = parked.poll(); operation != null; operation = parked.poll()) {
            run(operation);
            if (connected == null) {
                return;
            }
        }
    }

    private ZooKeeper newHandle(String servers, int timeoutMillis, Watcher curatorWatcher, boolean readOnly)
            throws IOException {
        Link next = new Link(curatorWatcher);
        synchronized (this) {
            if (closed.get()) {
                throw new IOException("the store is closed");
            }
            link = next;
            connected = null;
        }
        return next.open(servers, timeoutMillis);
    }

    private void stateChanged(Link from, KeeperState state) {
        if (state == KeeperState.SaslAuthenticated) {
            return;
        }
        boolean wasFirst;
        synchronized (this) {
            if (from != link || closed.get()) {
                return;
            }
            wasFirst = changes++ == 0;
            connected = state == KeeperState.SyncConnected ? from.handle() : null;
            if (connected != null) {
                found = "";
            }
            reachability = describe(state);
        }
        if (connected == null) {
            probe.disconnected();
        } else {
            probe.connected();
            resumeParked();
            // R14: the first connection is nobody's stampede; all nodes reconnect at once
            later(wasFirst ? 0 : ThreadLocalRandom.current().nextInt(RECONNECT_JITTER_MILLIS), this::refresh);
        }
        reachabilityListeners.forEach(this::offerReachability);
    }

    private void offerReachability(LatestDelivery<Reachability> delivery) {
        long order;
        Reachability now;
        synchronized (this) {
            order = changes;
            now = reachability;
        }
        delivery.offer(order, now);
    }

    private Reachability describe(KeeperState state) {
        return switch (state) {
            case SyncConnected -> new Reachability(true, "connected to ZooKeeper at " + connectString);
            case Expired ->
                new Reachability(
                        false, "the ZooKeeper session at " + connectString + " has expired; a new one is opened");
            case AuthFailed ->
                new Reachability(
                        false, "ZooKeeper at " + connectString + " refused the authentication of this process");
            default ->
                new Reachability(
                        false,
                        found.isEmpty()
                                ? "the connection to ZooKeeper at " + connectString + " is lost"
                                : "no session with ZooKeeper: " + found);
        };
    }

    private void found(String what) {
        synchronized (this) {
            if (connected != null || closed.get()) {
                return;
            }
            found = what;
            changes++;
            reachability = describe(KeeperState.Disconnected);
        }
        reachabilityListeners.forEach(this::offerReachability);
    }

    private synchronized String whatWasFound() {
        return found.isEmpty() ? "" : ": " + found;
    }

    private ZKClientConfig clientConfig() {
        ZKClientConfig config = new ZKClientConfig();
        config.setProperty(ZKClientConfig.ZOOKEEPER_REQUEST_TIMEOUT, String.valueOf(CLOSE_MILLIS));
        ZooKeeperTls.withoutSasl(config); // its preparation is a reverse DNS lookup before every connection
        if (tls != null) {
            tls.apply(config);
        }
        return config;
    }

    private void scheduleRefresh(Duration interval) {
        long half = interval.toMillis() / 2;
        later(half + ThreadLocalRandom.current().nextLong(half + 1), () -> {
            scheduleRefresh(interval);
            replaceDeadHandle();
            refresh();
        });
    }

    /** Curator replaces expired sessions; a handle that is dead for another reason (authentication, a failed replacement) would stay. */
    private void replaceDeadHandle() {
        Link current = link;
        if (current != null && !closed.get() && !current.isAlive()) {
            try {
                LOG.warn("The ZooKeeper client for {} is dead; opening a new session", connectString);
                curator.reset();
            } catch (Exception e) {
                LOG.warn("Cannot open a new ZooKeeper session at {}; trying again later", connectString, e);
            }
        }
    }

    private void refresh() {
        if (connected != null) {
            refreshers.forEach(refresher -> guarded(refresher).run());
        }
    }

    private static Runnable guarded(Runnable task) {
        return () -> {
            try {
                task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("A task of the ZooKeeper store failed; this is a defect of Handover", e);
            }
        };
    }

    /** One ZooKeeper handle and the default watcher through which it tells its state. Events of a replaced handle count for nothing. */
    private final class Link implements Watcher {
        private final Watcher curatorWatcher;
        private @Nullable ZooKeeper handle;
        private volatile @Nullable Thread eventThread;

        Link(Watcher curatorWatcher) {
            this.curatorWatcher = curatorWatcher;
        }

        /** Under the lock, because the first event may come before the constructor has returned. */
        synchronized ZooKeeper open(String servers, int timeoutMillis) throws IOException {
            ZooKeeper opened = new ZooKeeper(servers, timeoutMillis, this, false, new Servers(servers), clientConfig());
            handle = opened;
            return opened;
        }

        synchronized boolean isAlive() {
            return handle != null && handle.getState().isAlive();
        }

        synchronized ZooKeeper handle() {
            ZooKeeper opened = handle;
            if (opened == null) {
                throw new IllegalStateException("the ZooKeeper handle for " + connectString + " was never opened");
            }
            return opened;
        }

        @Override
        public void process(WatchedEvent event) {
            if (event.getType() == Event.EventType.None) {
                eventThread = Thread.currentThread();
                stateChanged(this, event.getState());
            }
            curatorWatcher.process(event);
        }
    }
}
