package dev.handover.election.zookeeper;

import dev.handover.Registration;
import dev.handover.coordination.VersionedConfiguration;
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
 * Tells a listener of every change of one configuration. A read sets the watch, the watch causes the next read; whatever gets lost on the way
 * (a session, an event) is made up by the session's refresh. Order and age are judged by the transaction that wrote the content, so a server
 * that lags behind never takes the listener back.
 */
final class ConfigurationWatch implements Watcher, Registration {
    private static final Logger LOG = LoggerFactory.getLogger(ConfigurationWatch.class);

    private final Session session;
    private final String path;
    private final LatestDelivery<VersionedConfiguration> delivery;
    private final Registration refreshing;
    private volatile long unreadable = -1;
    private volatile boolean closed;

    ConfigurationWatch(Session session, String path, Consumer<VersionedConfiguration> listener) {
        this.session = session;
        this.path = path;
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
            delivery.offer(stat.getMzxid(), Calls.configuration(path, data, stat.getVersion()));
        } catch (MalformedContentException e) {
            if (unreadable != stat.getMzxid()) {
                unreadable = stat.getMzxid();
                LOG.error("The configuration stays as it was: {}", e.getMessage());
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
                    ConfigurationWatch.this,
                    (rc, p, context, data, stat) -> {
                        Code code = Code.get(rc);
                        if (code == Code.OK) {
                            found(data, stat);
                            complete(true);
                        } else if (code == Code.NONODE) {
                            awaitCreation(zooKeeper);
                        } else {
                            trouble(code);
                        }
                    },
                    null);
        }

        private void awaitCreation(ZooKeeper zooKeeper) {
            zooKeeper.exists(
                    path,
                    ConfigurationWatch.this,
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
