package dev.handover.election.zookeeper;

import dev.handover.GroupId;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lists the groups of a cluster, by name. */
final class ListGroups extends Operation<List<GroupId>> {
    private static final Logger LOG = LoggerFactory.getLogger(ListGroups.class);

    private final Session session;
    private final String path;

    ListGroups(Session session, String path) {
        super("list of " + path);
        this.session = session;
        this.path = path;
    }

    @Override
    void attempt(ZooKeeper zooKeeper) {
        zooKeeper.getChildren(
                path,
                false,
                (int rc, String p, Object context, List<String> children) -> {
                    Code code = Code.get(rc);
                    if (code == Code.OK) {
                        complete(groups(children));
                    } else if (code == Code.NONODE) {
                        complete(List.of());
                    } else if (transientTrouble(code)) {
                        session.again(this, "of " + code);
                    } else {
                        refused(code, path);
                    }
                },
                null);
    }

    private List<GroupId> groups(List<String> names) {
        List<GroupId> groups = new ArrayList<>();
        for (String name : names) {
            try {
                groups.add(GroupId.of(name));
            } catch (IllegalArgumentException e) {
                LOG.warn("{} is left out: {}", path + "/" + name, e.getMessage());
            }
        }
        groups.sort(null);
        return groups;
    }
}
