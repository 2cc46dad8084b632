package dev.handover.election.zookeeper;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;

/**
 * Where a cluster's znodes are.
 *
 * <pre>
 * /handover/groups/GROUP/config                   the configuration; persistent, never deleted
 * /handover/groups/GROUP/replicas/NODE/LOGID      the replica's boot counter; persistent
 * /handover/records/NAME                          a record; persistent
 * /handover/nodes/NODE                            the node's announcement; ephemeral
 * </pre>
 */
record Paths(String root) {
    static Paths ofCluster(String cluster) {
        if (!cluster.matches("[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
                || cluster.equals("zookeeper")) {
            throw new IllegalArgumentException("cluster '" + cluster
                    + "' cannot be the path of its znodes; use names of letters, digits, and after the first character '-', '_', '.',"
                    + " separated by single '/', for example 'handover' or 'shop/handover'");
        }
        return new Paths("/" + cluster);
    }

    String groups() {
        return root + "/groups";
    }

    String configuration(GroupId group) {
        return root + "/groups/" + group + "/config";
    }

    String replica(GroupId group, ReplicaId replica) {
        return root + "/groups/" + group + "/replicas/" + replica.node() + "/" + replica.logId();
    }

    String record(String name) {
        return root + "/records/" + name;
    }

    String nodes() {
        return root + "/nodes";
    }

    String node(NodeId node) {
        return nodes() + "/" + node;
    }
}
