package dev.handover.replication.storage;

import dev.handover.replication.protocol.LogEntry;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes records behind one another, into one segment after the other, in whole blocks: the last one is written again, with the same at its beginning, when more is added to it.
 * Nothing else that was written is ever written over. One thread at a time.
 */
final class LogWriter implements Closeable {
    private static final int BUFFER = 512 << 10;
    /** Empty between two calls, so one serves all logs that a thread writes. */
    private static final ThreadLocal<ByteBuffer> BUFFERS = ThreadLocal.withInitial(() -> Block.memory(BUFFER));

    private static final ByteBuffer NO_BUFFER = ByteBuffer.allocate(0);
    /** Appended at a time: more is worth a write, and a force, of its own. */
    private static final int LONGEST_HELD_BACK = 64 << 10;

    private static final byte[] ZEROS = new byte[Block.SIZE];
    private static final byte[] NOTHING = {};

    private final Disk disk;
    private final SegmentFiles files;
    private final SegmentAllocator allocator;
    private final SparseIndex index;
    private final RecordHeader header;
    private ByteBuffer buffer = NO_BUFFER;
    /** What is at the end of the log and not written to the segment yet. */
    private ByteBuffer heldBack = NO_BUFFER;
    /** The block in which {@link #written} lies, up to there. */
    private final byte[] lastBlock = new byte[Block.SIZE];

    private final List<Disk.WritableFile> unforced = new ArrayList<>();
    private Disk.WritableFile file;
    private Segment segment;
    private long position;
    /** As {@link #position}, without what is held back. */
    private long written;
    /** Offset before which the segments are forced. */
    private long settled;
    /** The same, or what is before it is forced elsewhere. */
    private long durable;

    /** Goes on at {@code position} of {@code segment}; everything before has been forced. */
    LogWriter(
            Disk disk,
            SegmentFiles files,
            SegmentAllocator allocator,
            SparseIndex index,
            long salt,
            Segment segment,
            long position)
            throws IOException {
        this.disk = disk;
        this.files = files;
        this.allocator = allocator;
        this.index = index;
        this.header = new RecordHeader(salt);
        this.segment = segment;
        this.position = position;
        this.written = position;
        this.settled = end();
        this.durable = end();
        int begun = begun();
        files.read(segment, position - begun, lastBlock, 0, begun);
        this.file = open(segment);
    }

    private Disk.WritableFile open(Segment next) throws IOException {
        return Segment.openToWrite(disk, next.path(), next.size());
    }

    /** Everything in the log before this offset has been forced, here or in a {@link Journal}. */
    long durable() {
        return durable;
    }

    void write(List<LogEntry> entries, long stateSequence) throws IOException {
        begin();
        for (LogEntry entry : entries) {
            int length = entry.payloadLength();
            makeRoom(RecordHeader.SIZE + RecordHeader.padded(length), entry.index(), stateSequence);
            index.add(entry.index(), end());
            header.set(entry);
            put(entry.payloadArray(), entry.payloadOffset(), length, stateSequence);
        }
        flush();
    }

    /** As {@link #write}, only into memory; false, and nothing is done, if there is no room for it, or if something has to be forced first. */
    boolean holdBack(List<LogEntry> entries, int most, long stateSequence) throws IOException {
        long bytes = 0;
        for (LogEntry entry : entries) {
            bytes += RecordHeader.SIZE + RecordHeader.padded(entry.payloadLength());
        }
        if (bytes > Math.min(most, LONGEST_HELD_BACK)
                || segment.start() + written > durable
                || position + bytes + RecordHeader.SIZE > segment.size()) {
            return false;
        }
        if (heldBack.position() + bytes > most) {
            if (durable < end()) {
                return false;
            }
            writeHeldBack();
            if (heldBack.capacity() > most) {
                heldBack = NO_BUFFER;
            }
        }
        makeRoomToHoldBack(bytes, most);
        buffer = heldBack;
        for (LogEntry entry : entries) {
            index.add(entry.index(), end());
            header.set(entry);
            put(entry.payloadArray(), entry.payloadOffset(), entry.payloadLength(), stateSequence);
        }
        allocator.filled(position);
        return true;
    }

    private void makeRoomToHoldBack(long bytes, int most) {
        if (heldBack.remaining() < bytes) {
            long size = Math.max(heldBack.position() + bytes, 2L * heldBack.capacity());
            heldBack = ByteBuffer.allocate((int) Math.max(Block.SIZE, Math.min(most, size)))
                    .put(heldBack.flip());
        }
    }

    /** Bytes from {@link #durable} on; -1 if the segment holds some of them, so that it has to be forced. */
    int onlyHeldBack() {
        return segment.start() + written > durable ? -1 : (int) (end() - durable);
    }

    /** Puts them there. */
    void copyHeldBack(ByteBuffer target) {
        int from = (int) (durable - segment.start() - written);
        target.put(heldBack.array(), from, heldBack.position() - from);
    }

    /** What is before that offset is forced, here or elsewhere. */
    void durableElsewhere(long end) {
        durable = end;
    }

    /** Whether something is in no segment. By any thread where nothing ever is held back. */
    boolean holdsBack() {
        return heldBack.position() > 0;
    }

    /** Writes what is held back to the segment, so that it can be read. */
    void writeHeldBack() throws IOException {
        if (holdsBack()) {
            begin();
            flush();
        }
    }

    /** Writes that the log, which went on to {@code lastIndex}, ends before {@code fromIndex}. */
    void writeCut(long fromIndex, long lastIndex, long stateSequence) throws IOException {
        begin();
        makeRoom(RecordHeader.SIZE, lastIndex + 1, stateSequence);
        header.set(RecordHeader.CUT, fromIndex);
        put(NOTHING, 0, 0, stateSequence);
        flush();
    }

    void force() throws IOException {
        if (settled == end()) {
            return;
        }
        writeHeldBack();
        for (Disk.WritableFile old : unforced) {
            old.force();
            old.close();
        }
        unforced.clear();
        file.force();
        settled = end();
        durable = settled;
    }

    /** The one that is being written. */
    Segment segment() {
        return segment;
    }

    /** Goes on at the beginning of a new segment, whatever is in the present one, which is given up; durable but for what says where the log begins. */
    Segment startAnew() throws IOException {
        Segment next = allocator.take(segment.end(), 0);
        close();
        file = open(next);
        segment = next;
        position = Segment.HEADER;
        written = position;
        heldBack = NO_BUFFER;
        settled = end();
        durable = settled;
        return next;
    }

    /** After {@link #startAnew}: the log begins there. */
    void begin(LogStart start) throws IOException {
        files.add(segment, start.indexAtOffset());
        index.beginRun();
        allocator.prepare(segment);
    }

    private long end() {
        return segment.start() + position;
    }

    /** Room for the record and for an END behind it, in the next segment if need be. */
    private void makeRoom(long recordBytes, long nextIndex, long stateSequence) throws IOException {
        if (position + recordBytes + RecordHeader.SIZE <= segment.size()) {
            return;
        }
        Segment next = allocator.take(segment.end(), recordBytes);
        header.set(RecordHeader.END, nextIndex);
        put(NOTHING, 0, 0, stateSequence);
        flush();
        unforced.add(file);
        file = open(next);
        segment = next;
        position = Segment.HEADER;
        written = position;
        files.add(next, nextIndex - 1);
        index.beginRun();
        allocator.prepare(next);
        begin();
    }

    /** Bytes of the last block that are written. */
    private int begun() {
        return (int) (written % Block.SIZE);
    }

    private void begin() {
        buffer = BUFFERS.get().clear().put(lastBlock, 0, begun()).put(heldBack.flip());
        heldBack.clear(); // it fills again soon
    }

    /** Nothing is held back, nor will be soon. */
    void holdBackNoLonger() {
        heldBack = NO_BUFFER;
    }

    private void put(byte[] array, int offset, int length, long stateSequence) throws IOException {
        put(header.encode(end(), array, offset, length, durable, stateSequence), 0, RecordHeader.SIZE);
        put(array, offset, length);
        put(ZEROS, 0, RecordHeader.padding(length));
    }

    private void put(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        int end = offset + length;
        while (true) {
            int count = Math.min(end - at, buffer.remaining());
            buffer.put(bytes, at, count);
            position += count;
            at += count;
            if (at == end) {
                return;
            }
            flush();
            begin();
        }
    }

    private void flush() throws IOException {
        long from = position - buffer.position();
        written = position;
        int begun = begun();
        if (begun > 0) {
            buffer.get(buffer.position() - begun, lastBlock, 0, begun);
            long left = segment.size() - position; // of a segment that is not made of whole blocks
            buffer.put(ZEROS, 0, (int) Math.min(Block.SIZE - begun, left));
        }
        Disk.writeFully(file, buffer.flip(), from);
        allocator.filled(position);
    }

    @Override
    public void close() throws IOException {
        for (Disk.WritableFile old : unforced) {
            old.close();
        }
        unforced.clear();
        file.close();
    }
}
