package dev.handover.election.zookeeper;

import dev.handover.coordination.ConfigurationStore;
import java.util.UUID;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * Records a boot counter and tells the one before (R12). Reads, and writes on the version that was read, until it went through. A record of the same
 * recorder with the same counter is an own earlier attempt whose answer was lost: then the answer is what was recorded before it.
 */
final class RecordBoot extends Operation<Long> {
    private final Session session;
    private final String path;
    private final long bootCounter;
    private final UUID recorder;

    RecordBoot(Session session, String path, long bootCounter, UUID recorder) {
        super("boot record at " + path);
        this.session = session;
        this.path = path;
        this.bootCounter = bootCounter;
        this.recorder = recorder;
    }

    @Override
    void attempt(ZooKeeper zooKeeper) {
        if (isDone()) {
            return;
        }
        Calls.syncAndRead(zooKeeper, path, (rc, p, context, data, stat) -> {
            Code code = Code.get(rc);
            if (code == Code.OK) {
                found(zooKeeper, data, stat);
            } else if (code == Code.NONODE) {
                create(zooKeeper);
            } else {
                trouble(code);
            }
        });
    }

    private void found(ZooKeeper zooKeeper, byte @Nullable [] data, Stat stat) {
        byte[] content = data == null ? new byte[0] : data;
        BootRecord stored = null;
        if (content.length > 0) { // empty: made as the parent of something else
            try {
                stored = BootRecord.decode(content);
            } catch (MalformedContentException e) {
                fail(e.at(path, content));
                return;
            }
        }
        if (stored != null
                && stored.bootCounter() == bootCounter
                && stored.recorder().equals(recorder)) {
            complete(stored.previous());
        } else if (stored != null && stored.bootCounter() == ConfigurationStore.CONDEMNED) {
            complete(ConfigurationStore.CONDEMNED);
        } else {
            long previous = stored == null ? 0 : stored.bootCounter();
            long next = previous < bootCounter ? bootCounter : ConfigurationStore.CONDEMNED; // R12: refused for good
            zooKeeper.setData(
                    path,
                    new BootRecord(next, previous, recorder).encode(),
                    stat.getVersion(),
                    (rc, p, context, written) -> written(zooKeeper, Code.get(rc), previous),
                    null);
        }
    }

    private void create(ZooKeeper zooKeeper) {
        zooKeeper.create(
                path,
                new BootRecord(bootCounter, 0, recorder).encode(),
                ZooDefs.Ids.OPEN_ACL_UNSAFE,
                CreateMode.PERSISTENT,
                (rc, p, context, name) -> written(zooKeeper, Code.get(rc), 0),
                null);
    }

    private void written(ZooKeeper zooKeeper, Code code, long previous) {
        if (code == Code.OK) {
            complete(previous);
        } else if (code == Code.BADVERSION || code == Code.NODEEXISTS) {
            attempt(zooKeeper);
        } else if (code == Code.NONODE) {
            Calls.createParents(zooKeeper, path, created -> {
                if (created == Code.OK) {
                    attempt(zooKeeper);
                } else {
                    trouble(created);
                }
            });
        } else {
            trouble(code);
        }
    }

    private void trouble(Code code) {
        if (transientTrouble(code)) {
            session.again(this, "of " + code);
        } else {
            refused(code, path);
        }
    }
}
