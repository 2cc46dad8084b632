package dev.handover.replication.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The content of a snapshot's file, behind its header page: blocks of 64 KiB, the last one perhaps shorter. Block n begins at byte {@code 4096 + 65536 n}. Not thread-safe.
 *
 * <pre>
 *    0  u32  CRC32C of the snapshot's id, the block's number, and bytes 4 to the end
 *    4  u32  length of the content in this block: 65528 in all but the last
 *    8       content
 * </pre>
 *
 * The id and the number in the checksum keep blocks of another snapshot, or of another place, from verifying: so a partial file needs no header to be continued.
 */
final class SnapshotBlock {
    static final int SIZE = 64 << 10;
    static final int HEADER = 8;
    static final int CAPACITY = SIZE - HEADER;

    private final CRC32C crc = new CRC32C();
    private final ByteBuffer place = ByteBuffer.allocate(24);

    SnapshotBlock(UUID id) {
        place.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    /** Where a block begins in the file. */
    static long at(long number) {
        return Block.SIZE + number * SIZE;
    }

    /** Length of the file of a snapshot with so much content. */
    static long fileSize(long contentBytes) {
        long full = contentBytes / CAPACITY;
        long rest = contentBytes % CAPACITY;
        return at(full) + (rest == 0 ? 0 : HEADER + rest);
    }

    /** Puts length and checksum before the content of a block in a buffer, which begins at 0 and ends at its position, and makes it ready to be written. */
    ByteBuffer seal(ByteBuffer block, long number) {
        block.flip();
        block.putInt(4, block.limit() - HEADER);
        return block.putInt(0, checksum(block.array(), block.limit(), number));
    }

    /** Reads a block with so much content into an array of {@link #SIZE}; false if it is not there or does not verify. */
    boolean read(Disk.ReadableFile file, long number, byte[] into, int contentBytes) throws IOException {
        int size = HEADER + contentBytes;
        if (file.length() < at(number) + size) {
            return false;
        }
        file.read(at(number), into, 0, size);
        ByteBuffer block = ByteBuffer.wrap(into);
        return block.getInt(4) == contentBytes && block.getInt(0) == checksum(into, size, number);
    }

    private int checksum(byte[] block, int size, long number) {
        place.putLong(16, number);
        crc.reset();
        crc.update(place.array());
        crc.update(block, 4, size - 4);
        return (int) crc.getValue();
    }
}
