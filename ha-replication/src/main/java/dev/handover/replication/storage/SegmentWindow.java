package dev.handover.replication.storage;

import java.io.IOException;
import java.util.zip.CRC32C;

/** A part of a segment in memory, for reading forwards. */
final class SegmentWindow {
    private final SegmentFiles files;
    private final Segment segment;
    private final byte[] bytes;
    private long from;
    private int filled;

    SegmentWindow(SegmentFiles files, Segment segment, byte[] bytes) {
        this.files = files;
        this.segment = segment;
        this.bytes = bytes;
    }

    byte[] bytes() {
        return bytes;
    }

    int capacity() {
        return bytes.length;
    }

    /** True if the segment has so many bytes there. */
    boolean holds(long position, long length) {
        return length <= segment.size() - position;
    }

    /** Where in {@link #bytes()} the bytes of that position are now, at least {@code length} of them. */
    int load(long position, int length) throws IOException {
        if (position < from || position + length > from + filled) {
            filled = 0;
            int count = (int) Math.min(bytes.length, segment.size() - position);
            files.read(segment, position, bytes, 0, count);
            from = position;
            filled = count;
        }
        return (int) (position - from);
    }

    /** How many bytes from that position on are in memory after {@link #load}. */
    int available(long position) {
        return (int) (from + filled - position);
    }

    /** Checksum of any number of bytes. */
    int crc(long position, long length) throws IOException {
        CRC32C crc = new CRC32C();
        long at = position;
        long left = length;
        while (left > 0) {
            int start = load(at, (int) Math.min(left, RecordHeader.ALIGNMENT));
            int count = (int) Math.min(left, available(at));
            crc.update(bytes, start, count);
            at += count;
            left -= count;
        }
        return (int) crc.getValue();
    }
}
