package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The small state: the file {@code state}, four slots of one page. Save number n goes to the slots {@code 2(n mod 2)} and {@code 2(n mod 2)+1}, both written
 * before one force; the newest slot that verifies counts. A save that is torn leaves the other pair, which is the state before it; a page
 * that rots later has a twin.
 *
 * <pre>
 *    0  frame of {@link Block}, magic "HAst"
 *   12  u64  sequence: number of the save, from 1
 *   20  u64  lineage present: 1, else 0
 *   28  u128 lineage
 *   44  u64  highest epoch
 *   52  u64  boot counter
 *   60  u64  durable mark: everything in the log before this offset had been forced
 *   68       since version 2, where the log begins ({@link LogStart}): u64 offset, u64 index at offset,
 *            u64 first index, u64 epoch before, u64 timestamp before
 *  108       in version 3, written only by a log that depends on a {@link Journal}: u128 its id
 * </pre>
 */
final class StateFile implements Closeable {
    static final String FILE = "state";
    private static final int MAGIC = 0x48417374;
    private static final int VERSION = 2;
    private static final int DEPENDENT_VERSION = 3;
    private static final int SLOTS = 4;

    private final Disk.WritableFile file;
    private State state;

    /** One save. {@code journal}: holds what the segments may lack yet. */
    record State(
            long sequence,
            @Nullable UUID lineage,
            long highestEpoch,
            long bootCounter,
            long mark,
            LogStart start,
            @Nullable UUID journal) {
        State next(UUID newLineage, long newHighestEpoch, long newMark) {
            return new State(sequence + 1, newLineage, newHighestEpoch, bootCounter, newMark, start, journal);
        }

        State next(LogStart newStart, long newMark) {
            return new State(sequence + 1, lineage, highestEpoch, bootCounter, newMark, newStart, journal);
        }

        /** By one start more; the segments have everything. */
        State opened(long newMark) {
            return new State(sequence + 1, lineage, highestEpoch, bootCounter + 1, newMark, start, null);
        }

        State on(@Nullable UUID newJournal, long newMark) {
            return new State(sequence + 1, lineage, highestEpoch, bootCounter, newMark, start, newJournal);
        }
    }

    private StateFile(Disk.WritableFile file, State state) {
        this.file = file;
        this.state = state;
    }

    State state() {
        return state;
    }

    /** Writes the file of a new log: all slots filled and forced. */
    static void create(Disk disk, Path log) throws IOException {
        try (Disk.WritableFile file = disk.open(log.resolve(FILE))) {
            StateFile created = new StateFile(file, new State(0, null, 0, 0, 0, LogStart.ORIGIN, null));
            created.save(new State(1, null, 0, 0, 0, LogStart.ORIGIN, null));
            created.save(new State(2, null, 0, 0, 0, LogStart.ORIGIN, null));
        }
    }

    static StateFile open(Disk disk, Path log) throws IOException {
        State newest = read(disk, log);
        return new StateFile(disk.open(log.resolve(FILE)), newest);
    }

    /** The newest save; changes nothing. */
    static State read(Disk disk, Path log) throws IOException {
        Path path = log.resolve(FILE);
        if (!Files.exists(path)) {
            throw new DamagedLogException(path + " is missing");
        }
        State newest = null;
        try (Disk.ReadableFile reading = disk.openToRead(path)) {
            for (int slot = 0; slot < SLOTS; slot++) {
                ByteBuffer block = Block.read(reading, (long) slot * Block.SIZE, MAGIC);
                if (block == null) {
                    continue;
                }
                Block.checkVersion(block, DEPENDENT_VERSION, path);
                State found = decode(block);
                if (newest == null || found.sequence > newest.sequence) {
                    newest = found;
                }
            }
        }
        if (newest == null) {
            throw new DamagedLogException(path + " does not verify: none of its " + SLOTS + " pages");
        }
        return newest;
    }

    /** Durable on return; after a crash it is this or the one before. */
    void save(State next) throws IOException {
        ByteBuffer block = encode(next);
        long pair = next.sequence % 2 * 2 * Block.SIZE;
        Disk.writeFully(file, block, pair);
        Disk.writeFully(file, block.rewind(), pair + Block.SIZE);
        file.force();
        state = next;
    }

    private static ByteBuffer encode(State state) {
        UUID lineage = state.lineage == null ? new UUID(0, 0) : state.lineage;
        ByteBuffer block = Block.create(MAGIC, state.journal == null ? VERSION : DEPENDENT_VERSION)
                .putLong(state.sequence)
                .putLong(state.lineage == null ? 0 : 1)
                .putLong(lineage.getMostSignificantBits())
                .putLong(lineage.getLeastSignificantBits())
                .putLong(state.highestEpoch)
                .putLong(state.bootCounter)
                .putLong(state.mark)
                .putLong(state.start.offset())
                .putLong(state.start.indexAtOffset())
                .putLong(state.start.firstIndex())
                .putLong(state.start.epochBefore())
                .putLong(state.start.timestampBefore());
        if (state.journal != null) {
            block.putLong(state.journal.getMostSignificantBits()).putLong(state.journal.getLeastSignificantBits());
        }
        return Block.seal(block);
    }

    private static State decode(ByteBuffer block) {
        long sequence = block.getLong();
        boolean present = block.getLong() == 1;
        UUID lineage = new UUID(block.getLong(), block.getLong());
        long highestEpoch = block.getLong();
        long bootCounter = block.getLong();
        long mark = block.getLong();
        LogStart start = block.getInt(8) < 2
                ? LogStart.ORIGIN
                : new LogStart(block.getLong(), block.getLong(), block.getLong(), block.getLong(), block.getLong());
        UUID journal = block.getInt(8) < DEPENDENT_VERSION ? null : new UUID(block.getLong(), block.getLong());
        return new State(sequence, present ? lineage : null, highestEpoch, bootCounter, mark, start, journal);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
