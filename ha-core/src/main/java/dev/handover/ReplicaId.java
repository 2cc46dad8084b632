package dev.handover;

import java.util.Comparator;
import java.util.UUID;

/**
 * Identity of a replica: the node and the log it holds. A node whose disk was wiped holds another log and is another replica,
 * so that what the lost log had acknowledged is never counted for the new one.
 *
 * @param node the process
 * @param logId created with the group's data directory
 */
public record ReplicaId(NodeId node, UUID logId) implements Comparable<ReplicaId> {
    private static final Comparator<ReplicaId> ORDER =
            Comparator.comparing(ReplicaId::node).thenComparing(ReplicaId::logId);

    @Override
    public int compareTo(ReplicaId other) {
        return ORDER.compare(this, other);
    }

    /** {@code node/first eight digits of the log's id}, short enough for log lines. */
    @Override
    public String toString() {
        return node + "/" + logId.toString().substring(0, 8);
    }
}
