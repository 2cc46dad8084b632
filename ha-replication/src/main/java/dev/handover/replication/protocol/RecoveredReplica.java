package dev.handover.replication.protocol;

import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a replica finds on its disk at start, verified and forced.
 *
 * @param lineage history that the log belongs to; null if it never belonged to one
 * @param highestEpoch highest epoch ever adopted; 0 if none
 * @param bootCounter of this start, already forced; from 1
 * @param lastIndex end of the log; 0 if empty
 * @param epochs where each epoch begins in the log, ascending; empty for an empty log
 * @param lastTimestamp of the last entry; 0 if none
 */
public record RecoveredReplica(
        @Nullable UUID lineage,
        long highestEpoch,
        long bootCounter,
        long lastIndex,
        List<EpochStart> epochs,
        long lastTimestamp) {
    /** The first entry of an epoch in the log. */
    public record EpochStart(long index, long epoch) {}

    /** What a new, empty directory gives at its first start. */
    public static RecoveredReplica empty() {
        return new RecoveredReplica(null, 0, 1, 0, List.of(), 0);
    }
}
