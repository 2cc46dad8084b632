package dev.handover.election;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Those of an election that nobody's session keeps: the last change, above candidates and pauses. */
final class LastingZnodes {
    private static final Logger LOG = LoggerFactory.getLogger(LastingZnodes.class);

    private LastingZnodes() {}

    /** Creates what is missing of them, all messages sent at once; calls back with what became of the last, on ZooKeeper's event thread. */
    static void create(ZooKeeper zooKeeper, String path, List<ACL> acl, String candidate, Consumer<Code> done) {
        List<String> missing = new ArrayList<>();
        for (int slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
            missing.add(path.substring(0, slash));
        }
        missing.add(path);
        missing.add(ViewReader.pauses(path));
        missing.add(ViewReader.candidates(path));
        String last = missing.get(missing.size() - 1);
        for (String node : missing) {
            zooKeeper.create(
                    node,
                    new byte[0],
                    acl,
                    CreateMode.PERSISTENT,
                    (rc, p, context, name) -> {
                        Code code = Code.get(rc);
                        if (code != Code.OK && code != Code.NODEEXISTS) {
                            LOG.warn("{} of {}: ZooKeeper refused to create {} with {}", candidate, path, node, code);
                        }
                        if (node.equals(last)) {
                            done.accept(code);
                        }
                    },
                    null);
        }
    }
}
