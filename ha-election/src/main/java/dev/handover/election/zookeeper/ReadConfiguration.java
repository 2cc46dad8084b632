package dev.handover.election.zookeeper;

import dev.handover.coordination.VersionedConfiguration;
import java.util.Optional;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;

/** Reads a group's configuration linearizably. */
final class ReadConfiguration extends Operation<Optional<VersionedConfiguration>> {
    private final Session session;
    private final String path;

    ReadConfiguration(Session session, String path) {
        super("read of " + path);
        this.session = session;
        this.path = path;
    }

    @Override
    void attempt(ZooKeeper zooKeeper) {
        Calls.syncAndRead(zooKeeper, path, (rc, p, context, data, stat) -> {
            Code code = Code.get(rc);
            if (code == Code.OK) {
                try {
                    complete(Optional.of(Calls.configuration(path, data, stat.getVersion())));
                } catch (MalformedContentException e) {
                    fail(e);
                }
            } else if (code == Code.NONODE) {
                complete(Optional.empty());
            } else if (transientTrouble(code)) {
                session.again(this, "of " + code);
            } else {
                refused(code, path);
            }
        });
    }
}
