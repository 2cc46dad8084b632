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
 * @param firstIndex first index that the log still holds, at most {@code snapshot.index() + 1}; {@code lastIndex + 1} if it holds none
 * @param lastIndex end of the log; {@code firstIndex - 1} if it holds no entry, which is 0 for a log that is new; at least {@code snapshot.index()}
 * @param epochs where each epoch begins in the log, ascending. If {@code firstIndex} is above 1, the first of them is {@code (firstIndex - 1, its epoch)}, though that entry itself is
 *     gone. Empty for a log that is new
 * @param lastTimestamp of the entry at {@code lastIndex}, also if that entry itself is gone; 0 if there never was one
 * @param snapshot newest snapshot that verifies, with which a restored state machine begins; everything behind it is in the log
 */
public record RecoveredReplica(
        @Nullable UUID lineage,
        long highestEpoch,
        long bootCounter,
        long firstIndex,
        long lastIndex,
        List<EpochStart> epochs,
        long lastTimestamp,
        SnapshotPosition snapshot) {
    /** The first entry of an epoch in the log. */
    public record EpochStart(long index, long epoch) {}

    /** Checks that log and snapshot connect. */
    public RecoveredReplica {
        if (firstIndex < 1
                || firstIndex > snapshot.index() + 1
                || lastIndex < firstIndex - 1
                || lastIndex < snapshot.index()) {
            throw new IllegalArgumentException("a log from " + firstIndex + " to " + lastIndex
                    + " does not connect with a snapshot at " + snapshot.index());
        }
    }

    /** A log from index 1 on, without a snapshot. */
    public RecoveredReplica(
            @Nullable UUID lineage,
            long highestEpoch,
            long bootCounter,
            long lastIndex,
            List<EpochStart> epochs,
            long lastTimestamp) {
        this(lineage, highestEpoch, bootCounter, 1, lastIndex, epochs, lastTimestamp, SnapshotPosition.NONE);
    }

    /** What a new, empty directory gives at its first start. */
    public static RecoveredReplica empty() {
        return new RecoveredReplica(null, 0, 1, 0, List.of(), 0);
    }
}
