package dev.handover.replication.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a directory to one owner: the file {@code lock}, locked by the operating system for as long as the process lives, with the process id in decimal digits as its content. The
 * file itself stays.
 */
final class DirectoryLock implements Closeable {
    static final String FILE = "lock";

    // The system's lock belongs to the process, and closing any descriptor of the file gives it up; so within the
    // process nobody may even open it.
    private static final Set<Path> HELD_HERE = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel channel;

    private DirectoryLock(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    /** Takes the lock of a directory, given by its real path. */
    static DirectoryLock acquire(Path directory) throws IOException {
        if (!HELD_HERE.add(directory)) {
            throw new IOException(
                    "data directory " + directory + " is open in this process already; close that replica first");
        }
        boolean locked = false;
        try {
            DirectoryLock lock = lock(directory);
            locked = true;
            return lock;
        } finally {
            if (!locked) {
                HELD_HERE.remove(directory);
            }
        }
    }

    /** Refuses a directory that somebody has open. Changes nothing; leaves no lock behind. */
    static void checkFree(Path directory) throws IOException {
        Path path = directory.resolve(FILE);
        if (HELD_HERE.contains(directory)) {
            throw new IOException(
                    "data directory " + directory + " is open in this process already; close that replica first");
        }
        if (!Files.exists(path)) {
            return;
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
                FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
            if (lock == null) {
                throw new IOException("data directory " + directory + " is in use by process "
                        + Files.readString(path, StandardCharsets.US_ASCII).strip()
                        + "; stop it first, or look at a copy made while it was stopped");
            }
        }
    }

    private static DirectoryLock lock(Path directory) throws IOException {
        Path path = directory.resolve(FILE);
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        boolean locked = false;
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                String owner = Files.readString(path, StandardCharsets.US_ASCII).strip();
                throw new IOException("data directory " + directory + " is in use by "
                        + (owner.isEmpty() ? "another process" : "process " + owner)
                        + "; stop it, or give this one a data directory of its own");
            }
            channel.truncate(0);
            String pid = ProcessHandle.current().pid() + "\n";
            channel.write(ByteBuffer.wrap(pid.getBytes(StandardCharsets.US_ASCII)), 0);
            locked = true;
            return new DirectoryLock(directory, channel);
        } finally {
            if (!locked) {
                channel.close();
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (channel.isOpen()) {
            channel.close();
            HELD_HERE.remove(directory);
        }
    }
}
