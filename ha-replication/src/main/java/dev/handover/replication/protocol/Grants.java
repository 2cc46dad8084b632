package dev.handover.replication.protocol;

import dev.handover.ReplicaId;
import java.util.Map;
import java.util.TreeMap;

/**
 * What this replica has promised to leaders (R16): to commit nothing as a leader itself, and to admit nobody, before the grants it has given have lapsed on its own clock. Its own are enough: a
 * leader relies on the grants of <em>all</em> other members of the in-sync set, so also on that of whoever comes after it. They outlive roles and epochs, and end early
 * only when their holder says that it has stopped leading.
 */
final class Grants {
    private record Grant(long epoch, long untilNanos) {}

    private final Map<ReplicaId, Grant> given = new TreeMap<>();
    /** An earlier process of this replica may have given some. */
    private final boolean mayHaveForgotten;

    private long startedNanos;

    Grants(RecoveredReplica recovered) {
        mayHaveForgotten = recovered.lineage() != null;
    }

    /** The process has just begun. */
    void started(long now) {
        startedNanos = now;
    }

    void give(ReplicaId leader, long epoch, long untilNanos) {
        Grant before = given.get(leader);
        given.put(leader, new Grant(epoch, before == null ? untilNanos : Math.max(before.untilNanos, untilNanos)));
    }

    /** The leader has said that it answers nothing any more in this epoch and those before. */
    void released(ReplicaId leader, long epoch) {
        Grant grant = given.get(leader);
        if (grant != null && grant.epoch <= epoch) { // it may lead again since, and a word may come late
            given.remove(leader);
        }
    }

    /**
     * Whether nobody relies on a grant of this replica any more.
     *
     * @param periodNanos of the group's configuration: so long the grants of an earlier process may run
     */
    boolean lapsed(long now, long periodNanos) {
        given.values().removeIf(grant -> now >= grant.untilNanos);
        boolean forgottenLapsed = !mayHaveForgotten || now - startedNanos >= periodNanos; // R16
        return given.isEmpty() && forgottenLapsed;
    }
}
