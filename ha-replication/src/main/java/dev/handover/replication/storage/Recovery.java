package dev.handover.replication.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * Reads a log from its beginning to its end, verifies every record, and decides what a record that does not verify means: if anything shows that it had been forced,
 * the log is damaged; otherwise it is the torn end of what was being written, and is wiped out with everything behind it.
 *
 * <p>What shows it is a durable mark greater than the record's offset: in the state file, or in any record header that verifies behind it. A mark is true
 * for ever, because the log is only ever written at its end, and because what is wiped out lies above all marks.
 */
final class Recovery {
    private static final int WINDOW = 1 << 20;
    private static final byte[] ZEROS = new byte[WINDOW];

    final SparseIndex index = new SparseIndex();
    final Epochs epochs;
    final SegmentFiles files;

    private final Disk disk;
    private final Path directory;
    private final UUID logId;
    private final StateFile.State state;
    private final LogStart start;
    private final Opening opening;
    private final RecordHeader header;
    private final HeldBack heldBack;
    private final List<Segment> segments = new ArrayList<>();
    /** Per segment that the log reaches, the last index when it began. */
    private final List<Long> lastBefore = new ArrayList<>();
    /** Segments that the log does not begin with any more. */
    private final List<Segment> dropped = new ArrayList<>();

    private final byte[] memory = new byte[WINDOW];
    private int current;
    private long position = Segment.HEADER;
    private long lastIndex;
    private long greatestMark;
    private String greatestMarkFrom = "the state file";
    private int greatestState;
    /** Per segment, where the last byte behind the end of the log is that is not zero; 0 if there is none. */
    private long[] behindTo = {};

    Recovery(
            Disk disk,
            Path directory,
            LogIdentity identity,
            StateFile.State state,
            HeldBack heldBack,
            Opening opening) {
        this.disk = disk;
        this.heldBack = heldBack;
        this.files = new SegmentFiles(disk, heldBack);
        this.directory = directory;
        this.logId = identity.logId();
        this.state = state;
        this.start = state.start();
        this.opening = opening;
        this.epochs = new Epochs(start);
        this.lastIndex = start.indexAtOffset();
        this.header = new RecordHeader(identity.salt());
        this.greatestMark = state.mark();
        this.greatestState = (int) state.sequence();
    }

    /** The segment that is written next. */
    Segment current() {
        return segments.get(current);
    }

    /** Where in it. */
    long position() {
        return position;
    }

    long lastIndex() {
        return lastIndex;
    }

    /** A segment behind the current one, if there is one after {@link #cutTail}. */
    List<Segment> spare() {
        return segments.subList(current + 1, segments.size());
    }

    /** Finds the end of the log. Changes nothing on disk. */
    void scan() throws IOException {
        list();
        String fault = scanRecords();
        long end = end();
        lookBehind();
        if (greatestMark > end) {
            throw new DamagedLogException("entry " + (lastIndex + 1) + " is missing or does not verify: " + fault
                    + " at "
                    + current().at(end) + ", though " + greatestMarkFrom + " shows that everything before offset "
                    + greatestMark + " of the log had been forced (this is offset " + end + ")");
        }
        if (Integer.compareUnsigned(greatestState, (int) state.sequence()) > 0) {
            throw new DamagedLogException(directory.resolve(StateFile.FILE) + " holds save " + state.sequence()
                    + ", though the log shows that save " + Integer.toUnsignedString(greatestState)
                    + " had been forced");
        }
        if (lastIndex < start.firstIndex() - 1) {
            throw new DamagedLogException("the log begins at index " + start.firstIndex() + ", though it was cut to "
                    + lastIndex + ": " + current().at(end));
        }
        for (int number = 0; number < segments.size(); number++) {
            files.add(segments.get(number), number < lastBefore.size() ? lastBefore.get(number) : lastIndex);
        }
        index.startAt(start);
        index.publish(lastIndex);
    }

    private long end() {
        return current().start() + position;
    }

    private void list() throws IOException {
        TreeMap<Long, Path> found = new TreeMap<>();
        try (Stream<Path> all = Files.list(directory)) {
            all.filter(path -> Segment.startOf(path) >= 0).forEach(path -> found.put(Segment.startOf(path), path));
        }
        long next = start.offset();
        for (Path path : found.headMap(next).values()) {
            dropped.add(new Segment(path, Segment.startOf(path), 0)); // a crash came before it was deleted
        }
        for (Path path : found.tailMap(next).values()) {
            if (Segment.startOf(path) != next) {
                throw new DamagedLogException(
                        directory.resolve(Segment.fileName(next)) + " is missing; the next one is " + path);
            }
            Segment segment = Segment.open(disk, path, logId);
            segments.add(segment);
            opening.expect(segment.size());
            next = segment.end();
        }
        if (segments.isEmpty()) {
            throw new DamagedLogException(directory.resolve(Segment.fileName(next)) + " is missing");
        }
    }

    /** Goes on to the first record that does not verify; tells what is wrong there. */
    private String scanRecords() throws IOException {
        SegmentWindow window = window(0);
        lastBefore.add(lastIndex);
        while (true) {
            Segment segment = current();
            if (!window.holds(position, RecordHeader.SIZE)) {
                return "no record and no end of the segment";
            }
            if (!header.decode(window.bytes(), window.load(position, RecordHeader.SIZE), end())) {
                return "no record header that verifies";
            }
            if (!window.holds(position, header.recordSize())) {
                return "a record that does not fit into its segment";
            }
            if (window.crc(position + RecordHeader.SIZE, RecordHeader.padded(header.length)) != header.payloadCrc) {
                return "a payload that does not verify";
            }
            noteMarks(end());
            if (header.kind == RecordHeader.END) {
                checkSequence(segment, header.index == lastIndex + 1);
                if (current + 1 == segments.size()) {
                    throw new DamagedLogException(directory.resolve(Segment.fileName(segment.end()))
                            + " is missing, though the log goes on there, as says the record at " + segment.at(end()));
                }
                opening.advance(segment.size());
                current++;
                lastBefore.add(lastIndex);
                position = Segment.HEADER;
                window = window(current);
                index.beginRun();
                continue;
            }
            if (header.kind == RecordHeader.CUT) {
                checkSequence(segment, header.index >= start.firstIndex() && header.index <= lastIndex);
                lastIndex = header.index - 1;
                index.cut(header.index);
                epochs.cut(header.index);
            } else {
                checkSequence(segment, header.index == lastIndex + 1 && header.epoch >= epochs.last());
                lastIndex = header.index;
                index.add(header.index, end());
                epochs.append(header.index, header.epoch);
            }
            position += header.recordSize();
        }
    }

    private SegmentWindow window(int number) {
        return new SegmentWindow(files, segments.get(number), memory);
    }

    private void checkSequence(Segment segment, boolean good) throws IOException {
        if (!good) {
            throw new DamagedLogException("a record of index " + header.index + " and epoch " + header.epoch
                    + " cannot follow index " + lastIndex + " and epoch " + epochs.last() + ": " + segment.at(end()));
        }
    }

    private void noteMarks(long offset) {
        if (header.mark > greatestMark) {
            greatestMark = header.mark;
            greatestMarkFrom = "the record at " + segmentOf(offset).at(offset);
        }
        if (Integer.compareUnsigned(header.stateSequence, greatestState) > 0) {
            greatestState = header.stateSequence;
        }
    }

    private Segment segmentOf(long offset) {
        int number = segments.size() - 1;
        while (segments.get(number).start() > offset) {
            number--;
        }
        return segments.get(number);
    }

    /** Looks at every place behind the end for record headers, which tell what had been forced, and for anything that is not zero. */
    private void lookBehind() throws IOException {
        behindTo = new long[segments.size()];
        for (int number = current; number < segments.size(); number++) {
            Segment segment = segments.get(number);
            SegmentWindow window = window(number);
            long at = number == current ? position : Segment.HEADER;
            while (at < segment.size()) {
                int left = (int) Math.min(RecordHeader.SIZE, segment.size() - at);
                int start = window.load(at, left);
                int zeros = zeros(window.bytes(), start, window.available(at));
                if (at + zeros == segment.size()) {
                    break;
                }
                int empty = zeros - RecordHeader.MARKED;
                if (empty >= 0) {
                    at += (empty / RecordHeader.ALIGNMENT + 1) * RecordHeader.ALIGNMENT; // no header begins so
                    continue;
                }
                behindTo[number] = Math.min(segment.size(), at + RecordHeader.ALIGNMENT);
                if (left == RecordHeader.SIZE
                        && RecordHeader.looksLikeOne(window.bytes(), start)
                        && header.decode(window.bytes(), start, segment.start() + at)) {
                    noteMarks(segment.start() + at);
                }
                at += RecordHeader.ALIGNMENT;
            }
        }
    }

    /** How many zeros there are from that place on. */
    private static int zeros(byte[] bytes, int from, int count) {
        int other = Arrays.mismatch(bytes, from, from + count, ZEROS, 0, count);
        return other < 0 ? count : other;
    }

    /**
     * Wipes out what lies behind the end, and makes what lies before it durable, which it may not be yet: when only the process had ended, the system still has to write it. And when
     * a force had failed, the system may hold it as written though it is not, so that another force alone would do nothing. That is why everything above the greatest mark is written again. What a
     * journal has held back is written for the first time perhaps.
     */
    void cutTail() throws IOException {
        for (Segment old : dropped) {
            disk.delete(old.path());
        }
        long deleted = 0;
        while (segments.size() > current + 2) {
            Segment last = segments.remove(segments.size() - 1);
            deleted += Math.max(0, behindTo[segments.size()] - Segment.HEADER);
            files.remove(last);
            disk.delete(last.path()); // from the end on, so that a crash here leaves no gap
            disk.forceDirectory(directory);
        }
        long cut = 0;
        for (int number = 0; number < segments.size(); number++) {
            Segment segment = segments.get(number);
            if (segment.end() <= writtenFor()) {
                continue;
            }
            try (Disk.WritableFile file = disk.open(segment.path())) {
                writeAgain(file, segment, number < current ? segment.size() : number == current ? position : 0);
                if (behindTo[number] > 0) {
                    long from = number == current ? position : Segment.HEADER;
                    zero(file, from, behindTo[number]);
                    cut += behindTo[number] - from;
                }
                file.force();
            }
        }
        disk.forceDirectory(directory);
        files.isWritten();
        if (cut + deleted > 0) {
            opening.tailCut((cut + deleted) + " bytes behind entry " + lastIndex + " were cut off: "
                    + current().at(end()) + ". They are the torn end of what was being written when the process or the"
                    + " power went; no mark says that they had been forced, so nothing of it was acknowledged");
        }
    }

    /** Everything before this offset is in the segments for certain. */
    private long writtenFor() {
        return Math.min(greatestMark, heldBack.begin());
    }

    /** From there on. */
    private void writeAgain(Disk.WritableFile file, Segment segment, long to) throws IOException {
        for (long at = Math.max(Segment.HEADER, writtenFor() - segment.start()); at < to; ) {
            int count = (int) Math.min(memory.length, to - at);
            files.read(segment, at, memory, 0, count);
            Disk.writeFully(file, ByteBuffer.wrap(memory, 0, count), at);
            at += count;
        }
    }

    private static void zero(Disk.WritableFile file, long from, long to) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(WINDOW);
        for (long at = from; at < to; at += zeros.capacity()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), to - at));
            Disk.writeFully(file, zeros, at);
        }
    }
}
