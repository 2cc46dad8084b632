package dev.handover.replication.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A page with a checksum; identity, state and segment headers are such pages. This frame is the same in all versions of the format.
 *
 * <pre>
 *    0  u32  CRC32C of bytes 4..4095
 *    4  u32  magic: what the page is
 *    8  u32  format version
 *   12       content, then zeros up to 4096
 * </pre>
 */
final class Block {
    static final int SIZE = 4096;
    static final int CONTENT = 12;
    private static final int VERSION = 1;

    private Block() {}

    /** A new page, positioned at its content. */
    static ByteBuffer create(int magic) {
        return create(magic, VERSION);
    }

    static ByteBuffer create(int magic, int version) {
        return ByteBuffer.allocate(SIZE).putInt(4, magic).putInt(8, version).position(CONTENT);
    }

    /** The least multiple of {@link #SIZE} that is no less. */
    static long roundedUp(long bytes) {
        return (bytes + SIZE - 1) / SIZE * SIZE;
    }

    /** Memory that begins where a page of memory does, as direct writes want it. */
    static ByteBuffer memory(int bytes) {
        return ByteBuffer.allocateDirect(bytes + SIZE).alignedSlice(SIZE).slice(0, bytes);
    }

    /** Puts the checksum in and makes the page ready to be written. */
    static ByteBuffer seal(ByteBuffer block) {
        return block.putInt(0, crc(block.array())).clear();
    }

    /** Reads a page and positions it at its content; null if it is missing, of another kind, or its checksum is wrong. */
    static @Nullable ByteBuffer read(Disk.ReadableFile file, long position, int magic) throws IOException {
        if (file.length() < position + SIZE) {
            return null;
        }
        byte[] bytes = new byte[SIZE];
        file.read(position, bytes, 0, SIZE);
        ByteBuffer block = ByteBuffer.wrap(bytes);
        return block.getInt(0) == crc(bytes) && block.getInt(4) == magic ? block.position(CONTENT) : null;
    }

    /** Refuses what a later release has written: that is no damage, and must not be treated as such. */
    static void checkVersion(ByteBuffer block, Path file) throws IOException {
        checkVersion(block, VERSION, file);
    }

    static void checkVersion(ByteBuffer block, int newest, Path file) throws IOException {
        int version = block.getInt(8);
        if (version < VERSION || version > newest) {
            throw new IOException(file + " has format version " + version + ", and this release knows version " + newest
                    + "; start the release that wrote it, or a later one");
        }
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 4, SIZE - 4);
        return (int) crc.getValue();
    }
}
