package dev.handover.replication.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One file of the log. Its name is the offset in the log at which it begins, in 16 hexadecimal digits; the next one begins where it ends.
 *
 * <pre>
 *    0  frame of {@link Block}, magic "HAsg"
 *   12  u64  start: offset of byte 0 in the log
 *   20  u64  size of the file
 *   28  u128 log id
 * 4096  records ({@link RecordHeader}), the last one of kind END once the log goes on in the next segment; then zeros
 * </pre>
 */
record Segment(Path path, long start, long size) {
    static final int HEADER = Block.SIZE;
    private static final int MAGIC = 0x48417367;

    static String fileName(long start) {
        return String.format("%016x.segment", start);
    }

    /** Offset of a name made by {@link #fileName}; -1 for other names. */
    static long startOf(Path path) {
        String name = path.getFileName().toString();
        return name.matches("[0-7][0-9a-f]{15}\\.segment") ? Long.parseLong(name.substring(0, 16), 16) : -1;
    }

    long end() {
        return start + size;
    }

    /** {@code file, byte n}, for messages. */
    String at(long offset) {
        return path + ", byte " + (offset - start);
    }

    /** Opens a file that is, or becomes, a segment of that size. A {@code segmentBytes} that is set may be no number of whole blocks. */
    static Disk.WritableFile openToWrite(Disk disk, Path path, long size) throws IOException {
        return size % Block.SIZE == 0 ? disk.openForBlocks(path) : disk.open(path);
    }

    ByteBuffer header(UUID logId) {
        return Block.seal(Block.create(MAGIC)
                .putLong(start)
                .putLong(size)
                .putLong(logId.getMostSignificantBits())
                .putLong(logId.getLeastSignificantBits()));
    }

    static Segment open(Disk disk, Path path, UUID logId) throws IOException {
        long length;
        @Nullable ByteBuffer block;
        try (Disk.ReadableFile file = disk.openToRead(path)) {
            length = file.length();
            block = Block.read(file, 0, MAGIC);
        }
        if (block == null) {
            throw new DamagedLogException("the header of " + path + " does not verify");
        }
        Block.checkVersion(block, path);
        Segment segment = new Segment(path, block.getLong(), block.getLong());
        UUID owner = new UUID(block.getLong(), block.getLong());
        if (!owner.equals(logId)) {
            throw new DamagedLogException(path + " belongs to log " + owner + ", not to " + logId);
        }
        if (segment.start != startOf(path)) {
            throw new DamagedLogException(path + " was written as " + fileName(segment.start));
        }
        if (segment.size != length) {
            throw new DamagedLogException(path + " has " + length + " bytes and should have " + segment.size);
        }
        return segment;
    }
}
