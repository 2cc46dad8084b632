package dev.handover.replication.storage;

import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads what logs have in journals that are written no more. It remembers the last one that it read, for the logs of a node are opened one after the other. Any thread.
 *
 * <p>The frames of the last lap count, from its beginning to the first one that does not verify. If a frame of that lap, or of a later one, verifies behind it, that one had been forced, and the
 * journal is damaged; otherwise it is the torn end of what was being written.
 */
public final class JournalReader {
    private @Nullable Path last;
    private SoftReference<Map<UUID, HeldBack>> content = new SoftReference<>(Map.of());

    /** Has read nothing yet. */
    public JournalReader() {}

    /**
     * What a log has there.
     *
     * @param directory that of the log's group, as its node names it
     * @throws DamagedLogException if the journal is gone or does not verify
     */
    synchronized HeldBack read(Disk disk, Path directory, UUID logId, @Nullable UUID journal) throws IOException {
        if (journal == null) {
            return HeldBack.NOTHING;
        }
        Path path = Journals.file(Journals.beside(directory), journal);
        Map<UUID, HeldBack> found = path.equals(last) ? content.get() : null;
        if (found == null) {
            if (!Files.exists(path)) {
                throw new DamagedLogException("what was written last is in the journal " + path
                        + ", which is missing: a data directory is moved, or copied, with its journals");
            }
            try (Disk.ReadableFile file = disk.openToRead(path)) {
                found = new Scan(path, file, journal).content();
            }
            content = new SoftReference<>(found);
            last = path;
        }
        return found.getOrDefault(logId, HeldBack.NOTHING);
    }

    private static final class Scan {
        private final Path path;
        private final Disk.ReadableFile file;
        private final UUID id;
        private final long size;
        private final byte[] header = new byte[Journal.FRAME_HEADER];
        private final CRC32C crc = new CRC32C();
        private final Map<UUID, List<HeldBack.Part>> parts = new HashMap<>();

        Scan(Path path, Disk.ReadableFile file, UUID id) throws IOException {
            this.path = path;
            this.file = file;
            this.id = id;
            this.size = file.length();
        }

        Map<UUID, HeldBack> content() throws IOException {
            long lap = lap();
            long position = Journal.BEGIN;
            long number = 0;
            while (isFrame(position) && lap == lapOfHeader() && number == numberOfHeader()) {
                ByteBuffer content = contentAt(position);
                if (content == null) {
                    break;
                }
                take(content);
                position += Block.roundedUp(Journal.FRAME_HEADER + content.limit());
                number++;
            }
            for (long at = position; at < size; at += Block.SIZE) {
                if (isFrame(at) && (lapOfHeader() > lap || lapOfHeader() == lap && numberOfHeader() > number)) {
                    throw new DamagedLogException(
                            "what was written last is in the journal " + path + ", whose frame " + number + " of lap "
                                    + lap + " at byte " + position + " does not verify, though frame "
                                    + numberOfHeader()
                                    + " of lap " + lapOfHeader() + " at byte " + at + " shows that it had been forced");
                }
            }
            Map<UUID, HeldBack> all = new HashMap<>();
            parts.forEach((logId, some) -> all.put(logId, new HeldBack(some)));
            return all;
        }

        private long lap() throws IOException {
            long lap = 0;
            for (int page = 0; page < Journal.PAGES; page++) {
                ByteBuffer block = Block.read(file, (long) page * Block.SIZE, Journal.LAP_MAGIC);
                if (block == null) {
                    continue;
                }
                Block.checkVersion(block, path);
                UUID owner = new UUID(block.getLong(), block.getLong());
                long found = block.getLong();
                long length = block.getLong();
                if (!owner.equals(id) || length != size) {
                    throw new DamagedLogException("what was written last is in the journal " + path + ", which has "
                            + size + " bytes and says that it is " + owner + " with " + length);
                }
                lap = Math.max(lap, found);
            }
            if (lap == 0) {
                throw new DamagedLogException(
                        "what was written last is in the journal " + path + ", whose first pages do not verify");
            }
            return lap;
        }

        private boolean isFrame(long position) throws IOException {
            if (position + Journal.FRAME_HEADER > size) {
                return false;
            }
            file.read(position, header, 0, header.length);
            ByteBuffer head = ByteBuffer.wrap(header);
            crc.reset();
            crc.update(header, 4, header.length - 4);
            return head.getInt(0) == (int) crc.getValue()
                    && head.getInt(4) == Journal.FRAME_MAGIC
                    && head.getLong(16) == id.getMostSignificantBits()
                    && head.getLong(24) == id.getLeastSignificantBits();
        }

        /** What follows the header that was read last; null if it does not verify. */
        private @Nullable ByteBuffer contentAt(long position) throws IOException {
            ByteBuffer head = ByteBuffer.wrap(header);
            int length = head.getInt(12);
            if (length < 0 || length > size - position - Journal.FRAME_HEADER) {
                return null;
            }
            byte[] content = new byte[length];
            file.read(position + Journal.FRAME_HEADER, content, 0, length);
            crc.reset();
            crc.update(content);
            return head.getInt(48) == (int) crc.getValue() ? ByteBuffer.wrap(content) : null;
        }

        private long lapOfHeader() {
            return ByteBuffer.wrap(header).getLong(32);
        }

        private long numberOfHeader() {
            return ByteBuffer.wrap(header).getLong(40);
        }

        private void take(ByteBuffer content) {
            while (content.hasRemaining()) {
                UUID logId = new UUID(content.getLong(), content.getLong());
                long offset = content.getLong();
                int length = content.getInt();
                content.getInt();
                byte[] bytes = new byte[length];
                content.get(bytes);
                parts.computeIfAbsent(logId, any -> new ArrayList<>()).add(new HeldBack.Part(offset, bytes));
            }
        }
    }
}
