package dev.handover.replication.protocol;

import dev.handover.ReplicaId;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/** The protocol of one replica. Not thread-safe: one thread steps it. */
public final class ReplicaProtocol {
    /**
     * A replica that has read its disk and has seen nothing else yet.
     *
     * @param ids gives new random ids (nonces, a lineage); in tests from a seed
     */
    public ReplicaProtocol(ProtocolOptions options, ReplicaId self, RecoveredReplica recovered, Supplier<UUID> ids) {}

    /** Takes one event and gives what must be done, in order. The list is the caller's. */
    public List<Effect> step(Event event) {
        return List.of();
    }
}
