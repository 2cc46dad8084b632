package dev.handover.election.zookeeper;

import static dev.handover.coordination.ConfigurationStore.NOT_EXISTING;

import java.util.Arrays;
import org.apache.zookeeper.AsyncCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * Stores content if the version is still the expected one (R10). The way without trouble is one message and its answer. Every other answer than
 * success is resolved by {@code sync} and read:
 *
 * <ul>
 *   <li>the proposal itself is stored: applied, whichever attempt did it;
 *   <li>the version is still the expected one: the same bytes are sent again. However many attempts are on their way, at most one of them can
 *       find the expected version;
 *   <li>anything else: conflict. No attempt still on its way can find the expected version again, because versions only grow.
 * </ul>
 */
abstract class CompareAndSet<O> extends Operation<O> implements AsyncCallback.StatCallback {
    private final Session session;
    private final String path;
    private final int expectedVersion;
    private final byte[] content;
    private boolean inDoubt;

    CompareAndSet(Session session, String path, int expectedVersion, byte[] content) {
        super("compare-and-set of " + path);
        this.session = session;
        this.path = path;
        this.expectedVersion = expectedVersion;
        this.content = content;
    }

    /** The content is stored with this version. */
    abstract O applied(int version);

    /** Something else is stored; nothing if the version is {@link dev.handover.coordination.ConfigurationStore#NOT_EXISTING}. */
    abstract O conflict(byte @Nullable [] data, int version) throws MalformedContentException;

    abstract O inDoubt(String cause);

    @Override
    void attempt(ZooKeeper zooKeeper) {
        if (inDoubt) {
            resolve(zooKeeper);
        } else {
            write(zooKeeper);
        }
    }

    @Override
    void unanswered(String cause) {
        complete(inDoubt(cause));
    }

    private void write(ZooKeeper zooKeeper) {
        if (isDone()) {
            return; // reported as in doubt: sends nothing more
        }
        if (expectedVersion == NOT_EXISTING) {
            zooKeeper.create(
                    path,
                    content,
                    ZooDefs.Ids.OPEN_ACL_UNSAFE,
                    CreateMode.PERSISTENT,
                    (rc, p, context, name, stat) -> written(zooKeeper, Code.get(rc), stat),
                    null);
        } else {
            update(zooKeeper);
        }
    }

    /** The write of a take-over: no lambda, which would have to be linked then. */
    private void update(ZooKeeper zooKeeper) {
        zooKeeper.setData(path, content, expectedVersion, this, zooKeeper);
    }

    @Override
    public void processResult(int rc, String ignored, Object context, @Nullable Stat stat) {
        written((ZooKeeper) context, Code.get(rc), stat);
    }

    private void written(ZooKeeper zooKeeper, Code code, @Nullable Stat stat) {
        if (code == Code.OK && stat != null) {
            complete(applied(stat.getVersion()));
        } else if (code == Code.BADVERSION || code == Code.NODEEXISTS) {
            resolve(zooKeeper);
        } else if (code == Code.NONODE) {
            if (expectedVersion == NOT_EXISTING) {
                Calls.createParents(zooKeeper, path, created -> afterParents(zooKeeper, created));
            } else {
                resolve(zooKeeper);
            }
        } else {
            trouble(code);
        }
    }

    private void afterParents(ZooKeeper zooKeeper, Code code) {
        if (code == Code.OK) {
            write(zooKeeper);
        } else {
            trouble(code);
        }
    }

    private void trouble(Code code) {
        if (transientTrouble(code)) {
            inDoubt = true;
            session.again(this, "of " + code);
        } else {
            refused(code, path);
        }
    }

    private void resolve(ZooKeeper zooKeeper) {
        inDoubt = true;
        Calls.syncAndRead(zooKeeper, path, (rc, p, context, data, stat) -> {
            Code code = Code.get(rc);
            if (code == Code.OK) {
                decide(data, stat.getVersion());
            } else if (code == Code.NONODE) {
                decide(null, NOT_EXISTING);
            } else {
                trouble(code);
            }
        });
    }

    private void decide(byte @Nullable [] stored, int version) {
        if (version == expectedVersion) {
            inDoubt = false;
            session.again(this, "the version was still " + expectedVersion + " when an attempt was resolved");
        } else if (version != NOT_EXISTING && Arrays.equals(stored, content)) {
            complete(applied(version));
        } else {
            try {
                complete(conflict(stored, version));
            } catch (MalformedContentException e) {
                fail(e);
            }
        }
    }
}
