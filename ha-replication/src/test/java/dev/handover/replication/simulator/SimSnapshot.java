package dev.handover.replication.simulator;

import dev.handover.replication.protocol.Sessions;
import dev.handover.replication.protocol.SnapshotPosition;
import java.util.List;
import java.util.UUID;

/**
 * A snapshot on a simulated disk or on its way.
 *
 * @param sessions of the group then
 * @param machine its state machine, as bytes
 * @param history the whole log up to it: for the checkers, and in the place of the bytes that a real log no longer has
 */
record SimSnapshot(
        SnapshotPosition position,
        UUID lineage,
        List<Sessions.Kept> sessions,
        byte[] machine,
        ChainLog history,
        boolean damaged) {
    SimSnapshot asDamaged() {
        return new SimSnapshot(position, lineage, sessions, machine, history, true);
    }
}
