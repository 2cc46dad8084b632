package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.NoSuchElementException;
import java.util.TreeMap;

/**
 * The segments, for reading by any thread. Only a few stay open.
 */
final class SegmentFiles implements Closeable {
    private static final int MAX_OPEN = 8;

    private final Disk disk;
    private final TreeMap<Long, Segment> segments = new TreeMap<>();
    /** Per start of a segment, the last index of the log when it began. */
    private final TreeMap<Long, Long> lastBefore = new TreeMap<>();

    private final Map<Segment, Disk.ReadableFile> open = new HashMap<>();
    private final ArrayDeque<Segment> oldestFirst = new ArrayDeque<>();
    private HeldBack heldBack;
    private boolean closed;

    /** Read together with what a journal holds back of them, until that {@link #isWritten}. */
    SegmentFiles(Disk disk, HeldBack heldBack) {
        this.disk = disk;
        this.heldBack = heldBack;
    }

    /** What was held back is in the files. */
    synchronized void isWritten() {
        heldBack = HeldBack.NOTHING;
    }

    /** Adds a segment that began when the log went to that index. What was read of an earlier file at the same offset is forgotten. */
    synchronized void add(Segment segment, long lastIndexBefore) throws IOException {
        lastBefore.put(segment.start(), lastIndexBefore);
        Segment before = segments.put(segment.start(), segment);
        if (before != null) {
            close(before);
        }
    }

    /** Forgets a segment whose file is gone. */
    synchronized void remove(Segment segment) throws IOException {
        segments.remove(segment.start());
        lastBefore.remove(segment.start());
        close(segment);
    }

    /** Those that begin before an offset, oldest first. */
    synchronized List<Segment> before(long offset) {
        return List.copyOf(segments.headMap(offset).values());
    }

    /** Those that begin at or before an offset, without the very first, oldest first: where the log may be made to begin. */
    synchronized List<Segment> possibleStarts(long offset) {
        return segments.headMap(offset, true).values().stream().skip(1).toList();
    }

    /** Last index of the log when a segment began. */
    synchronized long lastBefore(Segment segment) {
        Long found = lastBefore.get(segment.start());
        if (found == null) {
            throw new NoSuchElementException("no segment begins at offset " + segment.start());
        }
        return found;
    }

    /** The segment in which an offset lies. */
    synchronized Segment at(long offset) {
        Entry<Long, Segment> found = segments.floorEntry(offset);
        if (found == null) {
            throw new NoSuchElementException("no segment holds offset " + offset);
        }
        return found.getValue();
    }

    /** Fills a part of {@code into}. */
    synchronized void read(Segment segment, long position, byte[] into, int at, int length) throws IOException {
        if (closed) {
            throw new IOException("the log is closed; " + segment.path() + " was not read");
        }
        Disk.ReadableFile file = open.get(segment);
        if (file == null) {
            if (open.size() == MAX_OPEN) {
                close(oldestFirst.getFirst());
            }
            file = disk.openToRead(segment.path());
            open.put(segment, file);
            oldestFirst.addLast(segment);
        }
        file.read(position, into, at, length);
        heldBack.putOver(segment.start() + position, into, at, length);
    }

    private void close(Segment segment) throws IOException {
        oldestFirst.remove(segment);
        Disk.ReadableFile file = open.remove(segment);
        if (file != null) {
            file.close();
        }
    }

    @Override
    public synchronized void close() throws IOException {
        closed = true;
        while (!oldestFirst.isEmpty()) {
            close(oldestFirst.getFirst());
        }
    }
}
