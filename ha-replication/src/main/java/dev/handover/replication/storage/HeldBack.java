package dev.handover.replication.storage;

import java.util.List;

/** What a journal has of one log, in the order in which it was written: its segments may hold some of it already. */
record HeldBack(List<Part> parts) {
    static final HeldBack NOTHING = new HeldBack(List.of());

    /** Bytes that belong to that offset of the log. */
    record Part(long offset, byte[] bytes) {
        long end() {
            return offset + bytes.length;
        }
    }

    HeldBack {
        parts = List.copyOf(parts);
    }

    /** Offset at which it begins; the greatest number if there is none. */
    long begin() {
        return parts.isEmpty() ? Long.MAX_VALUE : parts.get(0).offset;
    }

    /** Puts over bytes that were read from that offset of the log on what belongs there. */
    void putOver(long offset, byte[] bytes, int at, int length) {
        if (parts.isEmpty() || offset + length <= begin()) {
            return;
        }
        for (Part part : parts) {
            long from = Math.max(offset, part.offset);
            long to = Math.min(offset + length, part.end());
            if (from < to) {
                System.arraycopy(
                        part.bytes, (int) (from - part.offset), bytes, at + (int) (from - offset), (int) (to - from));
            }
        }
    }
}
