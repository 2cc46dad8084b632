package dev.handover.election.zookeeper;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.Member;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Values for tests. */
final class Samples {
    static final GroupId GROUP = GroupId.of("orders");
    static final UUID LINEAGE = UUID.fromString("5f0c2d4e-0000-4000-8000-000000000001");
    static final ReplicaId A = new ReplicaId(NodeId.of("a"), UUID.fromString("00000000-0000-4000-8000-00000000000a"));
    static final ReplicaId B = new ReplicaId(NodeId.of("b"), UUID.fromString("00000000-0000-4000-8000-00000000000b"));

    private Samples() {}

    static Configuration configuration(long epoch, ReplicaId leader) {
        return new Configuration(LINEAGE, epoch, leader, List.of(A, B), 1, 1, UUID.randomUUID(), "test " + epoch);
    }

    static Member member(String node, int port) {
        return new Member(NodeId.of(node), "127.0.0.1", port, 1, 1, Map.of(GROUP, A.logId()));
    }
}
