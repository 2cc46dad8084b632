package dev.handover.election.zookeeper;

import dev.handover.Registration;
import dev.handover.coordination.Member;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells a listener who is there. Any event, of the list or of one member, causes the whole list to be read again, one reading at a time: members
 * are few and change seldom.
 */
final class MemberWatch implements Watcher, Registration {
    private static final Logger LOG = LoggerFactory.getLogger(MemberWatch.class);

    private static final int RETRY_MILLIS = 1000;

    private final Session session;
    private final Paths paths;
    private final LatestDelivery<List<Member>> delivery;
    private final Registration refreshing;
    private final Set<String> unreadable = ConcurrentHashMap.newKeySet();
    private boolean refusalToldOf;
    private boolean reading;
    private boolean dirty;
    private long readings;
    private @Nullable List<Member> told;
    private volatile boolean closed;

    MemberWatch(Session session, Paths paths, Consumer<List<Member>> listener) {
        this.session = session;
        this.paths = paths;
        delivery = new LatestDelivery<>(paths.nodes(), listener);
        refreshing = session.onRefresh(this::read);
        read();
    }

    @Override
    public void process(WatchedEvent event) {
        if (event.getType() != Event.EventType.None) {
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
            // whether there was one to remove makes no difference; those on single members go with the member's next
            // change
            zooKeeper.removeWatches(paths.nodes(), this, WatcherType.Children, true, (rc, p, context) -> {}, null);
        }
    }

    private void read() {
        synchronized (this) {
            if (closed) {
                return;
            }
            if (reading) {
                dirty = true;
                return;
            }
            reading = true;
            dirty = false;
        }
        session.submit(new Read()).whenComplete(this::readingOver);
    }

    private void readingOver(@Nullable List<Member> members, @Nullable Throwable failure) {
        boolean again;
        boolean tell;
        long order;
        synchronized (this) {
            reading = false;
            again = dirty || failure != null;
            order = ++readings;
            tell = members != null && !members.equals(told);
            if (tell) {
                told = members;
            }
        }
        if (tell && members != null) {
            delivery.offer(order, members);
        }
        if (again) {
            session.later(failure == null ? 0 : RETRY_MILLIS, this::read);
        }
    }

    /** One reading of all members. */
    private final class Read extends Operation<List<Member>> {
        Read() {
            super("watch of " + paths.nodes());
        }

        @Override
        void attempt(ZooKeeper zooKeeper) {
            zooKeeper.getChildren(
                    paths.nodes(),
                    MemberWatch.this,
                    (rc, p, context, names) -> {
                        Code code = Code.get(rc);
                        if (code == Code.OK) {
                            new Collection(this, names.size()).collect(zooKeeper, names);
                        } else if (code == Code.NONODE) {
                            Calls.createParents(zooKeeper, paths.nodes() + "/any", created -> {
                                if (created == Code.OK) {
                                    attempt(zooKeeper);
                                } else {
                                    trouble(created);
                                }
                            });
                        } else {
                            trouble(code);
                        }
                    },
                    null);
        }

        void trouble(Code code) {
            if (transientTrouble(code)) {
                session.again(this, "of " + code);
            } else {
                refused(code, paths.nodes());
                if (refusalToldOf) {
                    return;
                }
                refusalToldOf = true;
                LOG.warn("Cannot watch {}: ZooKeeper refuses with {}; check the ACL of this path", paths.nodes(), code);
            }
        }
    }

    /** The answers of one attempt, all on the event thread of one handle: the last one ends it. */
    private final class Collection {
        private final Read read;
        private final TreeMap<String, Member> found = new TreeMap<>();
        private int missing;
        private @Nullable Code trouble;

        Collection(Read read, int missing) {
            this.read = read;
            this.missing = missing;
        }

        void collect(ZooKeeper zooKeeper, List<String> names) {
            if (names.isEmpty()) {
                read.complete(List.of());
            }
            for (String name : names) {
                String path = paths.nodes() + "/" + name;
                zooKeeper.getData(
                        path,
                        MemberWatch.this,
                        (rc, p, context, data, stat) -> answer(path, Code.get(rc), data == null ? new byte[0] : data),
                        null);
            }
        }

        private void answer(String path, Code code, byte[] data) {
            if (code == Code.OK) {
                decode(path, data);
            } else if (code != Code.NONODE) { // NONODE: gone in between, and the watch on the list tells
                trouble = code;
            }
            if (--missing == 0) {
                if (trouble == null) {
                    read.complete(found.values().stream()
                            .sorted(Comparator.comparing(Member::node))
                            .toList());
                } else {
                    read.trouble(trouble);
                }
            }
        }

        private void decode(String path, byte[] data) {
            try {
                found.put(path, Announcement.decode(data).member());
                unreadable.remove(path);
            } catch (MalformedContentException e) {
                if (unreadable.add(path)) {
                    LOG.warn("A member is left out: {}", e.at(path, data).getMessage());
                }
            }
        }
    }
}
