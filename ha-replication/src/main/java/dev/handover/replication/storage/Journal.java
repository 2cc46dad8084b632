package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * One file into which the ends of many logs are written together, and forced together, before their segments are. It is written from its beginning to its end in <i>laps</i>; before a
 * lap begins, the segments of all logs have been forced. A log that takes part says so in its {@link StateFile}, and takes from here, when it is opened, what its segments lack ({@link JournalReader}).
 *
 * <pre>
 *    0  two pages, lap n in page n mod 2: frame of {@link Block}, magic "HAjl"
 *         12  u128 id of the journal
 *         28  u64  lap, from 1
 *         36  u64  size of the file
 * 8192  frames, each at a multiple of 4096, zeros up to the next one; each forced before the next one is written
 *          0  u32  CRC32C of bytes 4..63
 *          4  u32  magic "HAjf"
 *          8  u32  format version, 1
 *         12  u32  length of what follows the 64 bytes
 *         16  u128 id of the journal
 *         32  u64  lap
 *         40  u64  number in the lap, from 0
 *         48  u32  CRC32C of what follows
 *         52       zeros
 *         64       parts: u128 log id, u64 offset in the log, u32 length, u32 0, bytes of the log
 * </pre>
 *
 * Not thread-safe.
 */
public final class Journal implements Closeable {
    static final int LAP_MAGIC = 0x48416a6c;
    static final int FRAME_MAGIC = 0x48416a66;
    static final int VERSION = 1;
    static final int PAGES = 2;
    static final int BEGIN = PAGES * Block.SIZE;
    static final int FRAME_HEADER = 64;
    static final int PART_HEADER = 32;
    /** With its header and the zeros behind it. */
    static final int LONGEST_FRAME = 4 << 20;

    private final Disk disk;
    private final Path path;
    private final long size;
    private final UUID id;
    private final Disk.WritableFile file;
    private final ByteBuffer frame = Block.memory(LONGEST_FRAME);
    private final List<Part> parts = new ArrayList<>();
    private final CRC32C crc = new CRC32C();
    private long lap;
    private long number;
    private long position = BEGIN;
    private boolean sealed = true;

    /** What the frame has of a log goes to that offset. */
    private record Part(JournalPart log, long end) {}

    /** In a file of zeros that has been forced. */
    Journal(Disk disk, Path path, UUID id, long size) throws IOException {
        this.disk = disk;
        this.path = path;
        this.size = size;
        this.id = id;
        this.file = disk.openForBlocks(path);
        frame.position(FRAME_HEADER);
    }

    /** Names it in the state of the logs that depend on it. */
    public UUID id() {
        return id;
    }

    /** Takes what a log holds back into the next frame; false, and nothing is taken, if there is no room for it, or the log cannot have it forced here. */
    public boolean add(JournalPart part) {
        int length = part.onlyHeldBack();
        if (length < 0 || frame.remaining() < PART_HEADER + length) {
            return false;
        }
        UUID logId = part.logId();
        frame.putLong(logId.getMostSignificantBits())
                .putLong(logId.getLeastSignificantBits())
                .putLong(part.durable())
                .putInt(length)
                .putInt(0);
        part.copyHeldBack(frame);
        parts.add(new Part(part, part.durable() + length));
        return true;
    }

    /** Writes and forces what was added, and tells the logs. */
    public void force() throws IOException {
        writeFrame();
        for (Part part : parts) {
            part.log.durableElsewhere(part.end);
        }
        parts.clear();
        sealed = false;
    }

    /** Whether something shows that the last frame had been forced. */
    public boolean isSealed() {
        return sealed;
    }

    /** To be called when nothing was forced for a moment: an empty frame, so that later rot of the last one can be told from an end that was torn in a crash. */
    public void seal() throws IOException {
        if (!sealed) {
            writeFrame();
            sealed = true;
        }
    }

    private void writeFrame() throws IOException {
        int length = frame.position() - FRAME_HEADER;
        int end = (int) Block.roundedUp(frame.position());
        while (frame.position() < end) {
            frame.put((byte) 0);
        }
        if (position + end > size) {
            throw new IllegalStateException("the lap of " + path + " is over, and no other was begun");
        }
        frame.flip();
        frame.putInt(4, FRAME_MAGIC)
                .putInt(8, VERSION)
                .putInt(12, length)
                .putLong(16, id.getMostSignificantBits())
                .putLong(24, id.getLeastSignificantBits())
                .putLong(32, lap)
                .putLong(40, number)
                .putInt(48, crc(frame, FRAME_HEADER, length));
        frame.putInt(0, crc(frame, 4, FRAME_HEADER - 4));
        Disk.writeFully(file, frame, position);
        file.force();
        position += end;
        number++;
        frame.clear().position(FRAME_HEADER);
    }

    private int crc(ByteBuffer bytes, int from, int length) {
        crc.reset();
        crc.update(bytes.slice(from, length));
        return (int) crc.getValue();
    }

    /** Whether the next frames may have no room before another lap is begun. Room for a seal is kept. */
    public boolean lapIsOver() {
        return position + LONGEST_FRAME + Block.SIZE > size;
    }

    /** Forgets all frames. The segments of all logs that depend on it must have been forced. Durable on return. */
    public void beginLap() throws IOException {
        lap++;
        number = 0;
        position = BEGIN;
        sealed = true;
        ByteBuffer page = Block.seal(Block.create(LAP_MAGIC)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .putLong(lap)
                .putLong(size));
        Disk.writeFully(file, page, lap % PAGES * Block.SIZE);
        file.force();
    }

    /** Closes it for good: no log depends on it. */
    public void delete() throws IOException {
        close();
        disk.delete(path);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
