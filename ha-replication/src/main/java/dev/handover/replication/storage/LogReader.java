package dev.handover.replication.storage;

import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;

/** Reads entries, each verified. Any number of threads, also while the log is written and cut. */
final class LogReader {
    private static final int WINDOW = 128 << 10;

    private final SegmentFiles files;
    private final SparseIndex index;
    private final long salt;

    LogReader(SegmentFiles files, SparseIndex index, long salt) {
        this.files = files;
        this.index = index;
        this.salt = salt;
    }

    List<LogEntry> read(long fromIndex, long toIndex, int maxBytes) throws IOException {
        while (true) {
            SparseIndex.Extent extent = index.extent();
            if (fromIndex < extent.firstIndex() || fromIndex > extent.lastIndex() || toIndex < fromIndex) {
                throw new IllegalArgumentException("entries " + fromIndex + " to " + toIndex
                        + " were asked of a log of " + extent.firstIndex() + " to " + extent.lastIndex());
            }
            try {
                List<LogEntry> entries = walk(fromIndex, Math.min(toIndex, extent.lastIndex()), maxBytes);
                if (index.extent().cuts() == extent.cuts()) {
                    return entries;
                }
            } catch (IOException | IllegalArgumentException | NoSuchElementException e) {
                if (index.extent().cuts() == extent.cuts()) {
                    throw e;
                }
            }
            // The log was cut or dropped in part while we read; what was read may be of two histories.
        }
    }

    private List<LogEntry> walk(long fromIndex, long toIndex, int maxBytes) throws IOException {
        List<LogEntry> entries = new ArrayList<>();
        byte[] memory = new byte[WINDOW];
        RecordHeader header = new RecordHeader(salt);
        SparseIndex.Place place = index.find(fromIndex);
        Segment segment = files.at(place.offset());
        SegmentWindow window = new SegmentWindow(files, segment, memory);
        long position = place.offset() - segment.start();
        long bytes = 0;
        for (long i = place.index(); i <= toIndex; i++) {
            if (i == place.nextIndex()) {
                place = index.find(i);
                Segment next = files.at(place.offset());
                if (next.start() != segment.start()) {
                    segment = next;
                    window = new SegmentWindow(files, segment, memory);
                }
                position = place.offset() - segment.start();
            }
            header(segment, window, header, position, i);
            if (i >= fromIndex) {
                bytes += header.recordSize();
                if (bytes > maxBytes && !entries.isEmpty()) {
                    break;
                }
                entries.add(header.entry(payload(segment, window, header, position)));
            }
            position += header.recordSize();
        }
        return entries;
    }

    private static void header(Segment segment, SegmentWindow window, RecordHeader header, long position, long index)
            throws IOException {
        long offset = segment.start() + position;
        boolean good = window.holds(position, RecordHeader.SIZE)
                && header.decode(window.bytes(), window.load(position, RecordHeader.SIZE), offset)
                && header.isEntry()
                && header.index == index
                && window.holds(position, header.recordSize());
        if (!good) {
            throw new IOException("entry " + index + " does not verify: header at " + segment.at(offset));
        }
    }

    private byte[] payload(Segment segment, SegmentWindow window, RecordHeader header, long recordPosition)
            throws IOException {
        long position = recordPosition + RecordHeader.SIZE;
        int padded = (int) RecordHeader.padded(header.length);
        byte[] source = window.bytes();
        int at = 0;
        if (padded <= window.capacity()) {
            at = window.load(position, padded);
        } else {
            source = new byte[padded];
            files.read(segment, position, source, 0, padded);
        }
        if (!header.verifies(source, at)) {
            throw new IOException("entry " + header.index + " does not verify: payload of " + header.length
                    + " bytes at " + segment.at(segment.start() + position));
        }
        return padded == header.length && source != window.bytes()
                ? source
                : Arrays.copyOfRange(source, at, at + header.length);
    }
}
