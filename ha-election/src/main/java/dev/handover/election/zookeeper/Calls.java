package dev.handover.election.zookeeper;

import dev.handover.Configuration;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.coordination.VersionedRecord;
import java.util.function.Consumer;
import org.apache.zookeeper.AsyncCallback.DataCallback;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;

/** Messages to ZooKeeper that more than one operation sends. */
final class Calls {
    private Calls() {}

    /**
     * Reads what is newest now: {@code sync} makes the server we are connected to catch up with the leader. Both messages are sent at once; ZooKeeper
     * answers a session's requests in their order.
     */
    static void syncAndRead(ZooKeeper zooKeeper, String path, DataCallback callback) {
        int[] synced = new int[1];
        zooKeeper.sync(path, (rc, p, context) -> synced[0] = rc, null);
        zooKeeper.getData(
                path,
                false,
                (rc, p, context, data, stat) -> callback.processResult(
                        synced[0] == Code.OK.intValue() ? rc : synced[0], p, context, data, stat),
                null);
    }

    /** Creates all nodes above the path, persistent and empty, where they are missing. Sent at once, answered in order. */
    static void createParents(ZooKeeper zooKeeper, String path, Consumer<Code> callback) {
        int last = path.lastIndexOf('/');
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            int end = slash;
            zooKeeper.create(
                    path.substring(0, end),
                    new byte[0],
                    ZooDefs.Ids.OPEN_ACL_UNSAFE,
                    CreateMode.PERSISTENT,
                    (rc, p, context, name) -> {
                        if (end == last) {
                            Code code = Code.get(rc);
                            callback.accept(code == Code.NODEEXISTS ? Code.OK : code);
                        }
                    },
                    null);
        }
    }

    static VersionedRecord record(String path, byte @Nullable [] data, int version) {
        return new VersionedRecord(data == null ? new byte[0] : data, version);
    }

    static VersionedConfiguration configuration(String path, byte @Nullable [] data, int version)
            throws MalformedContentException {
        byte[] content = data == null ? new byte[0] : data;
        try {
            Configuration configuration = ConfigurationCodec.decode(content);
            return new VersionedConfiguration(configuration, version);
        } catch (MalformedContentException e) {
            throw e.at(path, content);
        }
    }
}
