package dev.handover.election.zookeeper;

import java.util.Optional;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;

/** Reads what a znode holds linearizably. */
final class ReadContent<T> extends Operation<Optional<T>> {
    private final Session session;
    private final String path;
    private final Decoder<T> decoder;

    ReadContent(Session session, String path, Decoder<T> decoder) {
        super("read of " + path);
        this.session = session;
        this.path = path;
        this.decoder = decoder;
    }

    @Override
    void attempt(ZooKeeper zooKeeper) {
        Calls.syncAndRead(zooKeeper, path, (rc, p, context, data, stat) -> {
            Code code = Code.get(rc);
            if (code == Code.OK) {
                try {
                    complete(Optional.of(decoder.decode(path, data, stat.getVersion())));
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
