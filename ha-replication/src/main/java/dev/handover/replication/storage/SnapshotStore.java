package dev.handover.replication.storage;

import dev.handover.Configuration;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots of one replica. The content is opaque here. Any thread; a sink or source belongs to whoever opened it. A failure here does not poison the
 * log: the snapshot at hand fails, and the ones before it stay.
 */
public interface SnapshotStore {
    /** The complete ones, newest first. */
    List<SnapshotInfo> list();

    /**
     * Begins a snapshot of this replica's own state.
     *
     * @param configuration of the group at this moment, as far as known
     * @param featureLevel at least 1
     */
    SnapshotSink create(
            SnapshotPosition position, UUID lineage, @Nullable Configuration configuration, int featureLevel)
            throws IOException;

    /**
     * Opens one from {@link #list}.
     *
     * @throws IOException if it is gone or does not verify
     */
    SnapshotSource open(SnapshotInfo snapshot) throws IOException;

    /** Begins to receive another replica's snapshot, or goes on where a partial one of the same {@link SnapshotInfo#id} ends. Partial ones of other ids are removed. */
    SnapshotSink receive(SnapshotInfo remote) throws IOException;

    /** Removes all complete ones but the newest {@code keep} (at least 1). What is open for reading stays readable. */
    void prune(int keep) throws IOException;
}
