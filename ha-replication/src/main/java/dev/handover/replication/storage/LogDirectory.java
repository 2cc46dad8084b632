package dev.handover.replication.storage;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The directory of one replica.
 *
 * <pre>
 * lock         {@link DirectoryLock}
 * log/         the log: complete from the moment it has this name
 *   identity   {@link LogIdentity}
 *   state      {@link StateFile}
 *   *.segment  {@link Segment}
 *   next.tmp   a segment being made
 * new/         a log being made
 * damaged-n/   logs that were set aside, each with a file why.txt; nothing here ever reads or deletes them
 * </pre>
 */
final class LogDirectory {
    private final Disk disk;
    private final Path directory;

    LogDirectory(Disk disk, Path directory) {
        this.disk = disk;
        this.directory = directory;
    }

    Disk disk() {
        return disk;
    }

    /** The real path of the whole. */
    Path directory() {
        return directory;
    }

    /** The log in it. */
    Path log() {
        return directory.resolve("log");
    }

    /** Creates a directory and those above it, durably, and returns its real path. */
    static Path create(Disk disk, Path directory) throws IOException {
        Deque<Path> missing = new ArrayDeque<>();
        Path path = directory.toAbsolutePath().normalize();
        while (path != null && !Files.exists(path)) {
            missing.push(path);
            path = path.getParent();
        }
        for (Path next : missing) {
            Files.createDirectories(next);
            Path parent = next.getParent();
            if (parent != null) {
                disk.forceDirectory(parent);
            }
        }
        return directory.toRealPath();
    }

    /** Makes an empty log with a new identity. */
    void createLog(GroupId group, NodeId node, StorageOptions options) throws IOException {
        Path fresh = directory.resolve("new");
        if (Files.exists(fresh)) {
            clear(fresh);
        } else {
            Files.createDirectory(fresh);
        }
        LogIdentity identity = new LogIdentity(UUID.randomUUID(), group, node);
        identity.write(disk, fresh);
        StateFile.create(disk, fresh);
        try (SegmentAllocator allocator = new SegmentAllocator(disk, fresh, identity.logId(), options)) {
            allocator.make(0, options.sizeAt(0));
        }
        disk.forceDirectory(fresh);
        disk.rename(fresh, log());
        disk.forceDirectory(directory);
    }

    /** Renames the log to {@code damaged-n} and returns that path. */
    Path setAside(String why) throws IOException {
        int n = 1;
        while (Files.exists(directory.resolve("damaged-" + n))) {
            n++;
        }
        Path aside = directory.resolve("damaged-" + n);
        disk.rename(log(), aside);
        disk.forceDirectory(directory);
        try (Disk.WritableFile file = disk.open(aside.resolve("why.txt"))) {
            Disk.writeFully(file, ByteBuffer.wrap((why + "\n").getBytes(StandardCharsets.UTF_8)), 0);
        }
        return aside;
    }

    /** Removes what a crash has left half made. */
    void removeTemporary() throws IOException {
        Path temporary = log().resolve(SegmentAllocator.TEMPORARY);
        if (Files.exists(temporary)) {
            disk.delete(temporary);
        }
    }

    private void clear(Path fresh) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(fresh)) {
            files = all.collect(Collectors.toList());
        }
        for (Path file : files) {
            disk.delete(file);
        }
    }
}
