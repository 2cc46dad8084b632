package dev.handover.replication.transport;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a node says first on a connection.
 *
 * @param cluster nodes of other clusters are refused
 * @param node who speaks
 * @param incarnation of its process: new with every start
 * @param groups the groups it has joined so far
 */
public record Hello(String cluster, NodeId node, UUID incarnation, Map<GroupId, GroupIdentity> groups) {
    /** Copies the map. */
    public Hello {
        groups = Collections.unmodifiableMap(new TreeMap<>(groups));
    }

    /** A replica as its node tells it: the log it holds, and the history that belongs to (null while it has none). */
    public record GroupIdentity(UUID logId, @Nullable UUID lineage) {}
}
