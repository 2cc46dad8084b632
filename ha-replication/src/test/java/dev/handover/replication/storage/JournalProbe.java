package dev.handover.replication.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** For tests in other packages: looks at what nodes, which may be at work, have on the disk. */
public final class JournalProbe {
    private JournalProbe() {}

    /** The journal that the log of a group depends on; null if there is none, or if that is just being written. */
    public static UUID journalOf(Path groupDirectory) {
        try {
            return StateFile.read(Disk.REAL, groupDirectory.resolve("log")).journal();
        } catch (IOException e) {
            return null;
        }
    }

    /** The files of all journals in the data directory of a node. */
    public static List<Path> journals(Path dataDirectory) {
        Path directory = dataDirectory.resolve(Journals.DIRECTORY);
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> path.toString().endsWith(".journal")).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file of a journal. */
    public static Path file(Path dataDirectory, UUID journal) {
        return Journals.file(dataDirectory.resolve(Journals.DIRECTORY), journal);
    }

    /** In which lap a journal is. */
    public static long lap(Path journal) {
        long lap = 0;
        try (Disk.ReadableFile file = Disk.REAL.openToRead(journal)) {
            for (int page = 0; page < Journal.PAGES; page++) {
                ByteBuffer block = Block.read(file, (long) page * Block.SIZE, Journal.LAP_MAGIC);
                lap = Math.max(lap, block == null ? 0 : block.getLong(28));
            }
            return lap;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether no node owns the journals there. */
    public static boolean isFree(Path dataDirectory) {
        try {
            DirectoryLock.checkFree(dataDirectory.resolve(Journals.DIRECTORY).toRealPath());
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
