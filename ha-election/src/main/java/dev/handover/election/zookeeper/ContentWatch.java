package dev.handover.election.zookeeper;

import dev.handover.Registration;
import java.util.function.Consumer;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a listener of every change of what a znode holds. A read sets the watch, the watch causes the next read; whatever gets lost on the way
 * (a session, an event) is made up by the session's refresh. Order and age are judged by the transaction that wrote the content, so a server
 * that lags behind never takes the listener back. That there is nothing (any more) is told only if the listener wants to know, and was confirmed by a sync if there was something before.
 */
final class ContentWatch<T> implements Watcher, Registration {
    private static final Logger LOG = LoggerFactory.getLogger(ContentWatch.class);

    private final Session session;
    private final String path;
    private final Decoder<T> decoder;
    private final @Nullable T absent;
    private final LatestDelivery<T> delivery;
    private final Registration refreshing;
    private volatile long unreadable = -1;
    private volatile long newest;
    private volatile boolean closed;

    /** With what the listener is told when there is no znode; null: nothing. */
    ContentWatch(Session session, String path, Decoder<T> decoder, @Nullable T absent, Consumer<T> listener) {
        this.session = session;
        this.path = path;
        this.decoder = decoder;
        this.absent = absent;
        delivery = new LatestDelivery<>(path, listener);
        refreshing = session.onRefresh(this::read);
        read();
    }

    @Override
    public void process(WatchedEvent event) {
        if (event.getType() != Event.EventType.None) { // None: the state of the connection, which the session follows
            read();
        }
    }

    @Override
    public void close() {
        closed = true;
        refreshing.close();
        delivery.close();
        ZooKeeper zooKeeper = session.connected();
        if (zooKeeper != null) {
            // whether there was one to remove makes no difference
            zooKeeper.removeWatches(path, this, WatcherType.Data, true, (rc, p, context) -> {}, null);
        }
    }

    private void read() {
        if (!closed) {
            session.submit(new Read());
        }
    }

    private void found(byte @Nullable [] data, Stat stat) {
        try {
            T content = decoder.decode(path, data, stat.getVersion());
            newest = Math.max(newest, stat.getMzxid());
            delivery.offer(2 * stat.getMzxid(), content);
        } catch (MalformedContentException e) {
            if (unreadable != stat.getMzxid()) {
                unreadable = stat.getMzxid();
                LOG.error("What was read before stays as it was: {}", e.getMessage());
            }
        }
    }

    /** Reads and sets the watch; where nothing is stored yet, sets it on the creation. */
    private final class Read extends Operation<Boolean> {
        Read() {
            super("watch of " + path);
        }

        @Override
        void attempt(ZooKeeper zooKeeper) {
            zooKeeper.getData(
                    path,
                    ContentWatch.this,
                    (rc, p, context, data, stat) -> {
                        Code code = Code.get(rc);
                        if (code == Code.OK) {
                            found(data, stat);
                            complete(true);
                        } else if (code == Code.NONODE) {
                            nothingThere(zooKeeper);
                        } else {
                            trouble(code);
                        }
                    },
                    null);
        }

        /** Before the watch on the creation is set, so that what is created meanwhile comes afterwards. */
        private void nothingThere(ZooKeeper zooKeeper) {
            long before = newest;
            if (absent == null) {
                awaitCreation(zooKeeper);
            } else if (before == 0) {
                delivery.offer(1, absent);
                awaitCreation(zooKeeper);
            } else {
                Calls.syncAndRead(zooKeeper, path, (rc, p, context, data, stat) -> {
                    Code code = Code.get(rc);
                    if (code == Code.OK) {
                        attempt(zooKeeper); // created in between, or the server had lagged behind
                    } else if (code == Code.NONODE) {
                        delivery.offer(2 * before + 1, absent); // after what was seen, before all that comes
                        awaitCreation(zooKeeper);
                    } else {
                        trouble(code);
                    }
                });
            }
        }

        private void awaitCreation(ZooKeeper zooKeeper) {
            zooKeeper.exists(
                    path,
                    ContentWatch.this,
                    (rc, p, context, stat) -> {
                        Code code = Code.get(rc);
                        if (code == Code.OK) {
                            attempt(zooKeeper); // created in between
                        } else if (code == Code.NONODE) {
                            complete(false);
                        } else {
                            trouble(code);
                        }
                    },
                    null);
        }

        private void trouble(Code code) {
            if (transientTrouble(code)) {
                session.again(this, "of " + code);
            } else {
                refused(code, path);
                LOG.warn("Cannot watch {}: ZooKeeper refuses with {}; check the ACL of this path", path, code);
            }
        }
    }
}
