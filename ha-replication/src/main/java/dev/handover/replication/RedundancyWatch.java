package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.ReplicaId;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Who was in sync, and is missing now. The loop writes, anybody reads. */
final class RedundancyWatch {
    private final Set<NodeId> seen = new TreeSet<>();
    private volatile @Nullable Redundancy now;

    @Nullable
    Redundancy now() {
        return now;
    }

    /** A newer configuration was seen; gives what has changed by it, null if nothing has. */
    @Nullable
    Redundancy follow(Configuration configuration) {
        configuration.inSync().stream().map(ReplicaId::node).forEach(seen::add);
        seen.removeAll(configuration.removed()); // R22: nobody waits for them
        Redundancy next = Redundancy.of(configuration, seen);
        if (next.equals(now)) {
            return null;
        }
        now = next;
        return next;
    }
}
