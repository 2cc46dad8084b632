package dev.handover.replication.protocol;

/**
 * Where a snapshot stands in the log: it holds the effect of every entry up to and with this one.
 *
 * @param index of the last entry contained; 0 if there is no snapshot
 * @param epoch of that entry; 0 if there is none
 * @param timestamp of that entry; 0 if there is none
 */
public record SnapshotPosition(long index, long epoch, long timestamp) {
    /** No snapshot: the position before the first entry. */
    public static final SnapshotPosition NONE = new SnapshotPosition(0, 0, 0);

    /** Checks the values. */
    public SnapshotPosition {
        if (index < 0 || epoch < 0) {
            throw new IllegalArgumentException("index " + index + " or epoch " + epoch + " is below 0");
        }
    }

    /** Whether there is no snapshot. */
    public boolean isNone() {
        return index == 0;
    }
}
