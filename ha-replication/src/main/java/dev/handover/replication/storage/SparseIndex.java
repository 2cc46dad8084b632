package dev.handover.replication.storage;

import java.util.Arrays;

/**
 * Where entries are: for about every 64 KiB of log, and wherever a run of entries begins (a segment, or what follows a cut), an index and its offset. Between two
 * of these places entries lie side by side, so a reader walks from the greatest place below what it wants. One thread writes, any thread reads.
 */
final class SparseIndex {
    private static final long INTERVAL = 64L << 10;

    private long[] indexes = new long[64];
    private long[] offsets = new long[64];
    private int size;
    private long firstIndex = 1;
    private long lastIndex;
    private long cuts;
    private long nextOffset; // only for the writer
    private boolean newRun = true; // only for the writer

    /** An entry's place, and the index at which to ask again. */
    record Place(long index, long offset, long nextIndex) {}

    /** What a reader may read; if the number of cuts has changed afterwards, it has read of two histories. */
    record Extent(long firstIndex, long lastIndex, long cuts) {}

    /** The next entry does not lie behind the one before. */
    void beginRun() {
        newRun = true;
    }

    /** Notes an entry; readers find it once it is published. */
    void add(long index, long offset) {
        if (!newRun && offset < nextOffset) {
            return;
        }
        newRun = false;
        nextOffset = offset + INTERVAL;
        synchronized (this) {
            if (size == indexes.length) {
                indexes = Arrays.copyOf(indexes, size * 2);
                offsets = Arrays.copyOf(offsets, size * 2);
            }
            indexes[size] = index;
            offsets[size++] = offset;
        }
    }

    synchronized void publish(long newLastIndex) {
        lastIndex = newLastIndex;
    }

    synchronized void cut(long fromIndex) {
        int place = Arrays.binarySearch(indexes, 0, size, fromIndex);
        size = place < 0 ? -place - 1 : place;
        lastIndex = fromIndex - 1;
        cuts++;
        newRun = true;
    }

    /** The first index that lies at or behind an offset; the one behind the last if none does. */
    synchronized long firstAtOrBehind(long offset) {
        int place = Arrays.binarySearch(offsets, 0, size, offset);
        int slot = place < 0 ? -place - 1 : place;
        return slot < size ? indexes[slot] : lastIndex + 1;
    }

    /** The first noted index from which there are no more bytes up to the place noted for {@code toIndex}; the log's first if there are not so many. */
    synchronized long firstWithin(long toIndex, long bytes) {
        if (bytes == 0) {
            return toIndex + 1;
        }
        int place = Arrays.binarySearch(indexes, 0, size, toIndex);
        int slot = place < 0 ? -place - 2 : place;
        if (slot < 0) {
            return firstIndex; // it was emptied meanwhile
        }
        int begin = Arrays.binarySearch(offsets, 0, slot + 1, offsets[slot] - bytes);
        int first = begin < 0 ? -begin - 1 : begin;
        return first == 0 ? firstIndex : indexes[first];
    }

    /** The log begins there now; entries before it are gone. */
    synchronized void startAt(LogStart start) {
        int place = Arrays.binarySearch(offsets, 0, size, start.offset());
        int kept = place < 0 ? -place - 1 : place;
        System.arraycopy(indexes, kept, indexes, 0, size - kept);
        System.arraycopy(offsets, kept, offsets, 0, size - kept);
        size -= kept;
        firstIndex = start.firstIndex();
        cuts++;
    }

    /** The log holds nothing, and begins there. */
    synchronized void clear(LogStart start) {
        size = 0;
        firstIndex = start.firstIndex();
        lastIndex = start.firstIndex() - 1;
        cuts++;
        newRun = true;
    }

    synchronized Extent extent() {
        return new Extent(firstIndex, lastIndex, cuts);
    }

    synchronized Place find(long index) {
        int place = Arrays.binarySearch(indexes, 0, size, index);
        int slot = place < 0 ? -place - 2 : place;
        if (slot < 0) {
            throw new IllegalArgumentException("index " + index + " is before the log's first entry");
        }
        return new Place(indexes[slot], offsets[slot], slot + 1 < size ? indexes[slot + 1] : Long.MAX_VALUE);
    }
}
