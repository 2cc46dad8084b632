package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The journals in the data directory of a node, in {@code _journal}, which is no name of a group. Those of earlier processes stay as long as a log depends on them. One process writes there.
 */
public final class Journals implements Closeable {
    static final String DIRECTORY = "_journal";
    private static final String SUFFIX = ".journal";
    private static final ByteBuffer ZEROS = Block.memory(256 << 10).asReadOnlyBuffer();

    private final Disk disk;
    private final Path dataDirectory;
    private final StorageOptions options;
    private final long size;
    private @Nullable DirectoryLock lock;
    private volatile boolean closed;

    /** Touches nothing yet. */
    public Journals(Path dataDirectory, StorageOptions options) {
        this(Disk.REAL, dataDirectory, options, 64L << 20);
    }

    Journals(Disk disk, Path dataDirectory, StorageOptions options, long size) {
        this.disk = disk;
        this.dataDirectory = dataDirectory;
        this.options = options;
        this.size = size;
    }

    /** Where the journals of the node are whose group has that directory. */
    static Path beside(Path groupDirectory) {
        return groupDirectory.toAbsolutePath().normalize().resolveSibling(DIRECTORY);
    }

    static Path file(Path directory, UUID id) {
        return directory.resolve(id + SUFFIX);
    }

    /**
     * Makes a journal, and removes those that no log depends on. Takes some time. By one thread at a time.
     *
     * @throws IOException if there is no room, or another process writes journals there, or it was closed
     */
    public Journal create() throws IOException {
        Path directory = LogDirectory.create(disk, dataDirectory.resolve(DIRECTORY));
        own(directory);
        removeOld(directory);
        long usable = disk.usableBytes(directory);
        if (usable - size < options.reserveBytes()) {
            throw new IOException(directory + " has " + usable + " bytes free: a journal of " + size
                    + " and the reserve of " + options.reserveBytes() + " do not fit");
        }
        UUID id = UUID.randomUUID();
        Path path = file(directory, id);
        boolean made = false;
        try {
            makeZeros(path);
            disk.forceDirectory(directory);
            Journal journal = new Journal(disk, path, id, size);
            try {
                journal.beginLap();
                made = true;
            } finally {
                if (!made) {
                    journal.close();
                }
            }
            return journal;
        } finally {
            if (!made && Files.exists(path)) {
                disk.delete(path);
            }
        }
    }

    private synchronized void own(Path directory) throws IOException {
        if (closed) {
            throw new IOException("the node was closed");
        }
        if (lock == null) {
            lock = DirectoryLock.acquire(directory);
        }
    }

    private void makeZeros(Path path) throws IOException {
        try (Disk.WritableFile file = disk.openForBlocks(path)) {
            for (long at = 0; at < size; at += ZEROS.capacity()) {
                if (closed) {
                    throw new IOException("the node was closed while a journal was made");
                }
                ByteBuffer zeros = ZEROS.duplicate();
                Disk.writeFully(file, zeros.limit((int) Math.min(zeros.capacity(), size - at)), at);
            }
            file.force();
        }
    }

    private void removeOld(Path directory) throws IOException {
        Set<Path> needed = new HashSet<>();
        for (Path group : children(dataDirectory)) {
            Path log = new LogDirectory(disk, group).log();
            if (Files.exists(log.resolve(StateFile.FILE))) {
                UUID journal;
                try {
                    journal = StateFile.read(disk, log).journal();
                } catch (DamagedLogException e) {
                    return; // or being saved just now: nobody can tell on which one the log depends, so all stay
                }
                if (journal != null) {
                    needed.add(file(directory, journal));
                }
            }
        }
        for (Path path : children(directory)) {
            if (path.getFileName().toString().endsWith(SUFFIX) && !needed.contains(path)) {
                disk.delete(path);
            }
        }
    }

    private static List<Path> children(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.toList();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** Gives the lock up; what {@link #create} is at ends soon. */
    @Override
    public synchronized void close() throws IOException {
        closed = true;
        if (lock != null) {
            lock.close();
        }
    }
}
