package dev.handover.replication.storage;

import dev.handover.Configuration;
import dev.handover.replication.protocol.SnapshotPosition;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the header of a snapshot says. Snapshots of the same position that two replicas took may differ in their bytes, so a transfer that is resumed goes by {@code id}.
 *
 * @param id of these very bytes; chosen when the snapshot was taken, kept when it is sent to other replicas
 * @param position last entry contained
 * @param lineage history that it belongs to
 * @param configuration of the group when it was taken, for operators and for last resorts; null if none was known
 * @param featureLevel highest entry format that it may contain the effect of (R20)
 * @param createdAtMillis wall clock at the taking, milliseconds since 1970; for people
 * @param bytes length of the content
 * @param contentChecksum CRC32C of the content
 */
public record SnapshotInfo(
        UUID id,
        SnapshotPosition position,
        UUID lineage,
        @Nullable Configuration configuration,
        int featureLevel,
        long createdAtMillis,
        long bytes,
        int contentChecksum) {
    /** Checks the values. */
    public SnapshotInfo {
        if (position.isNone() || bytes < 0 || featureLevel < 1) {
            throw new IllegalArgumentException("a snapshot at index " + position.index() + " of " + bytes
                    + " bytes, feature level " + featureLevel);
        }
    }
}
