package dev.handover.replication.storage;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The first page of a snapshot's file. It is written last, when the content is there and forced.
 *
 * <pre>
 *    0  frame of {@link Block}, magic "HAsn"
 *   12  u128 log id of the directory's owner
 *   28  u128 id
 *   44  u64  index, u64 epoch, u64 timestamp of the last entry contained
 *   68  u128 lineage
 *   84  u32  feature level
 *   88  u64  created at, milliseconds since 1970
 *   96  u64  length of the content
 *  104  u32  CRC32C of the content
 *  108  u8   configuration present: 1, else 0; then of the configuration:
 *  109  u128 lineage, u64 epoch, u32 minInSync, u32 feature level, u128 nonce
 *  157  u8   number of in-sync replicas, u8 place of the leader among them
 *  159       of each: u8 length, then the node's name in ASCII, u128 log id
 *    .  u16  length, then the reason in UTF-8
 * </pre>
 */
final class SnapshotHeader {
    private static final int MAGIC = 0x4841736e;
    private static final int MAX_REASON = 256;

    private SnapshotHeader() {}

    /** What of a configuration fits into a header: its reason, which is for people, is shortened, and who is removed is left to the configuration store. */
    static @Nullable Configuration fitting(@Nullable Configuration given) {
        if (given == null
                || given.reason().length() <= MAX_REASON && given.removed().isEmpty()) {
            return given;
        }
        return new Configuration(
                given.lineage(),
                given.epoch(),
                given.leader(),
                given.inSync(),
                given.minInSync(),
                given.featureLevel(),
                given.nonce(),
                given.reason().substring(0, Math.min(MAX_REASON, given.reason().length())),
                given.leaseNanos());
    }

    static ByteBuffer encode(UUID logId, SnapshotInfo info) {
        ByteBuffer block = Block.create(MAGIC);
        put(block, logId);
        put(block, info.id());
        block.putLong(info.position().index())
                .putLong(info.position().epoch())
                .putLong(info.position().timestamp());
        put(block, info.lineage());
        block.putInt(info.featureLevel())
                .putLong(info.createdAtMillis())
                .putLong(info.bytes())
                .putInt(info.contentChecksum());
        Configuration configuration = info.configuration();
        block.put((byte) (configuration == null ? 0 : 1));
        if (configuration != null) {
            encode(block, configuration);
        }
        return Block.seal(block);
    }

    private static void encode(ByteBuffer block, Configuration configuration) {
        byte[] reason = configuration.reason().getBytes(StandardCharsets.UTF_8);
        int size = reason.length + 64 + configuration.inSync().size() * (1 + 64 + 16);
        if (size > block.remaining()) {
            throw new IllegalArgumentException("configuration " + configuration
                    + " does not fit into the header of a snapshot: " + size + " bytes, and there are "
                    + block.remaining());
        }
        put(block, configuration.lineage());
        block.putLong(configuration.epoch()).putInt(configuration.minInSync()).putInt(configuration.featureLevel());
        put(block, configuration.nonce());
        block.put((byte) configuration.inSync().size());
        block.put((byte) configuration.inSync().indexOf(configuration.leader()));
        for (ReplicaId replica : configuration.inSync()) {
            byte[] name = replica.node().value().getBytes(StandardCharsets.US_ASCII);
            block.put((byte) name.length).put(name);
            put(block, replica.logId());
        }
        block.putShort((short) reason.length).put(reason).putLong(configuration.leaseNanos());
    }

    /** Reads the header of a file; null if it does not verify or belongs to another log. */
    static @Nullable SnapshotInfo read(Disk.ReadableFile file, Path path, UUID logId) throws IOException {
        ByteBuffer block = Block.read(file, 0, MAGIC);
        if (block == null) {
            return null;
        }
        Block.checkVersion(block, path);
        if (!uuid(block).equals(logId)) {
            return null;
        }
        UUID id = uuid(block);
        SnapshotPosition position = new SnapshotPosition(block.getLong(), block.getLong(), block.getLong());
        UUID lineage = uuid(block);
        int featureLevel = block.getInt();
        long createdAtMillis = block.getLong();
        long bytes = block.getLong();
        int checksum = block.getInt();
        Configuration configuration = block.get() == 0 ? null : decode(block);
        return new SnapshotInfo(id, position, lineage, configuration, featureLevel, createdAtMillis, bytes, checksum);
    }

    private static Configuration decode(ByteBuffer block) {
        UUID lineage = uuid(block);
        long epoch = block.getLong();
        int minInSync = block.getInt();
        int featureLevel = block.getInt();
        UUID nonce = uuid(block);
        int count = block.get();
        int leader = block.get();
        List<ReplicaId> inSync = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = string(block, block.get());
            inSync.add(new ReplicaId(NodeId.of(name), uuid(block)));
        }
        String reason = string(block, block.getShort());
        return new Configuration(
                lineage,
                epoch,
                inSync.get(leader),
                inSync,
                minInSync,
                featureLevel,
                nonce,
                reason,
                block.getLong()); // 0 in those of before: the rest of a block is zero
    }

    private static String string(ByteBuffer block, int length) {
        byte[] bytes = new byte[length];
        block.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static void put(ByteBuffer block, UUID id) {
        block.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    }

    private static UUID uuid(ByteBuffer block) {
        return new UUID(block.getLong(), block.getLong());
    }
}
