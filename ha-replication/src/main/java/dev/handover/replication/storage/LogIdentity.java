package dev.handover.replication.storage;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Whose log it is: the file {@code identity}, written once.
 *
 * <pre>
 *    0  frame of {@link Block}, magic "HAid"
 *   12  u128 log id
 *   28  u8   length, then the group's name in ASCII
 *    .  u8   length, then the node's name in ASCII
 * </pre>
 */
record LogIdentity(UUID logId, GroupId group, NodeId node) {
    static final String FILE = "identity";
    private static final int MAGIC = 0x48416964;

    /** Mixed into the checksum of each record, so that those of another log never verify here. */
    long salt() {
        return logId.getMostSignificantBits() ^ Long.rotateLeft(logId.getLeastSignificantBits(), 32);
    }

    void write(Disk disk, Path log) throws IOException {
        ByteBuffer block = Block.create(MAGIC);
        block.putLong(logId.getMostSignificantBits()).putLong(logId.getLeastSignificantBits());
        putName(block, group.value());
        putName(block, node.value());
        try (Disk.WritableFile file = disk.open(log.resolve(FILE))) {
            Disk.writeFully(file, Block.seal(block), 0);
            file.force();
        }
    }

    static LogIdentity read(Disk disk, Path log) throws IOException {
        Path path = log.resolve(FILE);
        if (!Files.exists(path)) {
            throw new DamagedLogException(path + " is missing");
        }
        ByteBuffer block;
        try (Disk.ReadableFile file = disk.openToRead(path)) {
            block = Block.read(file, 0, MAGIC);
        }
        if (block == null) {
            throw new DamagedLogException(path + " does not verify");
        }
        Block.checkVersion(block, path);
        UUID logId = new UUID(block.getLong(), block.getLong());
        return new LogIdentity(logId, GroupId.of(name(block)), NodeId.of(name(block)));
    }

    /** Refuses the directory of somebody else. */
    void check(Path directory, GroupId expectedGroup, NodeId expectedNode) throws IOException {
        if (!group.equals(expectedGroup) || !node.equals(expectedNode)) {
            throw new IOException(
                    directory + " holds the log of group " + group + " on node " + node + ", not of group "
                            + expectedGroup + " on node " + expectedNode
                            + "; give each group and node a data directory of its own, or correct the names");
        }
    }

    private static void putName(ByteBuffer block, String name) {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        block.put((byte) bytes.length).put(bytes);
    }

    private static String name(ByteBuffer block) {
        byte[] bytes = new byte[block.get()];
        block.get(bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
