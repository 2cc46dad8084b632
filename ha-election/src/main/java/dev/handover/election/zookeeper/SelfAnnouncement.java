package dev.handover.election.zookeeper;

import dev.handover.Registration;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one ephemeral znode there and up to date. One {@link Publish} at a time looks at what is there and makes it what it should be; a
 * watch on the znode and the session's refresh start the next.
 *
 * <p>A znode of another session is ours from an earlier session, or left by our former process, or belongs to another process that uses the same
 * name. The first two are taken over: deleted and created anew in this session, because an ephemeral znode goes with the session that made
 * it. A znode that a stranger made after ours is left alone, or two processes would take it from each other for ever: the last comer is
 * found, and this process says so in its log.
 */
final class SelfAnnouncement implements Watcher {
    private static final Logger LOG = LoggerFactory.getLogger(SelfAnnouncement.class);

    private static final int RETRY_MILLIS = 1000;

    private final Session session;
    private final String path;
    private final UUID instance;
    private final Registration refreshing;
    private final List<CompletableFuture<Void>> waiting = new ArrayList<>();
    private byte[] wanted = new byte[0];
    private @Nullable IOException closed;
    private boolean publishing;
    private boolean dirty;
    /** The transaction that created our znode last; 0 if we never have. Touched by the publication under way only. */
    private long createdByUs;

    private long strangerToldOf;
    private boolean refusalToldOf;

    SelfAnnouncement(Session session, String path, UUID instance) {
        this.session = session;
        this.path = path;
        this.instance = instance;
        refreshing = session.onRefresh(this::publish);
    }

    CompletableFuture<Void> announce(byte[] content) {
        CompletableFuture<Void> visible = new CompletableFuture<>();
        synchronized (this) {
            if (closed != null) {
                visible.completeExceptionally(closed);
                return visible;
            }
            wanted = content;
            waiting.add(visible);
        }
        publish();
        return visible;
    }

    @Override
    public void process(WatchedEvent event) {
        if (event.getType() != Event.EventType.None) {
            publish();
        }
    }

    void close(IOException cause) {
        List<CompletableFuture<Void>> never;
        synchronized (this) {
            closed = cause;
            never = List.copyOf(waiting);
            waiting.clear();
        }
        refreshing.close();
        never.forEach(visible -> visible.completeExceptionally(cause));
    }

    private void publish() {
        Publish publication;
        synchronized (this) {
            if (closed != null || wanted.length == 0) {
                return;
            }
            if (publishing) {
                dirty = true;
                return;
            }
            publishing = true;
            dirty = false;
            publication = new Publish(wanted);
        }
        session.submit(publication).whenComplete((done, failure) -> published(publication.content, failure));
    }

    private void published(byte[] content, @Nullable Throwable failure) {
        List<CompletableFuture<Void>> visible = List.of();
        boolean again;
        synchronized (this) {
            publishing = false;
            again = dirty || content != wanted;
            if (failure == null && content == wanted) {
                visible = List.copyOf(waiting);
                waiting.clear();
            }
            again = again || failure != null;
        }
        visible.forEach(announced -> announced.complete(null));
        if (again) {
            session.later(failure == null ? 0 : RETRY_MILLIS, this::publish);
        }
    }

    /** Looks at the znode and makes it what it should be. */
    private final class Publish extends Operation<Boolean> {
        private final byte[] content;

        Publish(byte[] content) {
            super("announcement at " + path);
            this.content = content;
        }

        @Override
        void attempt(ZooKeeper zooKeeper) {
            if (isDone()) {
                return;
            }
            zooKeeper.getData(
                    path,
                    SelfAnnouncement.this,
                    (rc, p, context, data, stat) -> {
                        Code code = Code.get(rc);
                        if (code == Code.OK) {
                            found(zooKeeper, data == null ? new byte[0] : data, stat);
                        } else if (code == Code.NONODE) {
                            create(zooKeeper);
                        } else {
                            trouble(code);
                        }
                    },
                    null);
        }

        private void found(ZooKeeper zooKeeper, byte[] data, Stat stat) {
            if (stat.getEphemeralOwner() == zooKeeper.getSessionId()) {
                createdByUs = stat.getCzxid();
                if (Arrays.equals(data, content)) {
                    complete(true);
                } else {
                    zooKeeper.setData(
                            path,
                            content,
                            stat.getVersion(),
                            (rc, p, context, written) -> changed(zooKeeper, rc),
                            null);
                }
            } else if (isStrangerAfterUs(data, stat)) {
                complete(false);
            } else {
                zooKeeper.delete(path, stat.getVersion(), (rc, p, context) -> changed(zooKeeper, rc), null);
            }
        }

        private void create(ZooKeeper zooKeeper) {
            zooKeeper.create(
                    path,
                    content,
                    ZooDefs.Ids.OPEN_ACL_UNSAFE,
                    CreateMode.EPHEMERAL,
                    (rc, p, context, name) -> {
                        if (Code.get(rc) == Code.NONODE) {
                            Calls.createParents(zooKeeper, path, created -> changed(zooKeeper, created.intValue()));
                        } else {
                            changed(zooKeeper, rc);
                        }
                    },
                    null);
        }

        /** Looks again after every change, which sets the watch and sees who was faster. */
        private void changed(ZooKeeper zooKeeper, int rc) {
            Code code = Code.get(rc);
            switch (code) {
                case OK, NODEEXISTS, NONODE, BADVERSION -> attempt(zooKeeper);
                default -> trouble(code);
            }
        }

        private void trouble(Code code) {
            if (transientTrouble(code)) {
                session.again(this, "of " + code);
            } else {
                refused(code, path);
                if (refusalToldOf) {
                    return;
                }
                refusalToldOf = true;
                LOG.warn(
                        "Cannot announce this node at {}: ZooKeeper refuses with {}; check the ACL of this path",
                        path,
                        code);
            }
        }

        private boolean isStrangerAfterUs(byte[] data, Stat stat) {
            if (createdByUs == 0 || stat.getCzxid() < createdByUs) {
                return false;
            }
            try {
                Announcement other = Announcement.decode(data);
                if (other.instance().equals(instance)) {
                    return false;
                }
                if (strangerToldOf != stat.getCzxid()) {
                    strangerToldOf = stat.getCzxid();
                    LOG.warn(
                            "Another process announces itself as node {} from {}:{}. Node ids must be unique: give one of them another id,"
                                    + " or stop the one that should not run",
                            other.member().node(),
                            other.member().host(),
                            other.member().port());
                }
                return true;
            } catch (MalformedContentException e) {
                LOG.warn("Replacing what cannot be read: {}", e.at(path, data).getMessage());
                return false;
            }
        }
    }
}
