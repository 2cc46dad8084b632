package dev.handover.replication.storage;

/**
 * Settings of a log on disk. Forcing is not among them: an acknowledgement rests on it.
 *
 * @param segmentBytes size of a segment, all of it written in advance; default 64 MiB. A new log begins with segments of 256 KiB (or less, if this is less), and each
 *     further one is a quarter of the log before it, between 256 KiB and this size: a group that is hardly used takes little. Too small: files by
 *     the thousand, and a wait for the next one under load; too big: disk taken in advance, and a longer check of the last one when the log is opened. An
 *     entry that does not fit gets a segment of its own size. May be changed between two starts
 * @param reserveBytes what must stay free on the disk when a segment is added; default 64 MiB. Too small: the disk runs full, and what else lives there
 *     suffers; too big: writes stop early
 */
public record StorageOptions(long segmentBytes, long reserveBytes) {
    private static final long MIN_SEGMENT = 16L << 10;
    private static final long MAX_SEGMENT = 1L << 30;
    private static final long FIRST_SEGMENT = 256L << 10;
    /** The log is so many times as long as the segment that is made for it in advance. */
    private static final int GROWTH = 4;

    /** Checks the values. */
    public StorageOptions {
        if (segmentBytes < MIN_SEGMENT || segmentBytes > MAX_SEGMENT) {
            throw new IllegalArgumentException(
                    "segmentBytes " + segmentBytes + " is not between " + MIN_SEGMENT + " and " + MAX_SEGMENT);
        }
        if (reserveBytes < 0) {
            throw new IllegalArgumentException("reserveBytes " + reserveBytes + " is below 0");
        }
    }

    /** The defaults. */
    public static StorageOptions defaults() {
        return new StorageOptions(64L << 20, 64L << 20);
    }

    /** With segments of another size, in bytes. */
    public StorageOptions withSegmentBytes(long value) {
        return new StorageOptions(value, reserveBytes);
    }

    /** With another reserve, in bytes. */
    public StorageOptions withReserveBytes(long value) {
        return new StorageOptions(segmentBytes, value);
    }

    /** Size of the segment that begins at an offset of the log. */
    long sizeAt(long start) {
        long pages = Math.max(FIRST_SEGMENT, start / GROWTH) / Block.SIZE;
        return Math.min(segmentBytes, pages * Block.SIZE);
    }
}
