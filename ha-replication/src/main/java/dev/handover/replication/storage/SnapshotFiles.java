package dev.handover.replication.storage;

import dev.handover.Configuration;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The snapshots in a directory of their own, each in one file, {@code <index in hexadecimal>-<id>} and then
 *
 * <pre>
 * .snapshot   complete: it got this name when all of it had been forced
 * .taking     an own one that is being written; removed at the next start
 * .receiving  another replica's that is being received; what verifies of it is kept over a start
 * .damaged    does not verify any more; never read, removed only by {@link #prune}
 * </pre>
 */
final class SnapshotFiles implements SnapshotStore {
    static final String DIRECTORY = "snapshots";
    private static final String COMPLETE = ".snapshot";
    private static final String TAKING = ".taking";
    private static final String RECEIVING = ".receiving";
    private static final String DAMAGED = ".damaged";

    private final Disk disk;
    private final Path directory;
    private final UUID logId;
    private final StorageOptions options;
    private final List<SnapshotInfo> complete = new ArrayList<>();
    /** Partial files in which a write or a force has failed. */
    private final Set<Path> distrusted = ConcurrentHashMap.newKeySet();

    private SnapshotFiles(Disk disk, Path directory, UUID logId, StorageOptions options) {
        this.disk = disk;
        this.directory = directory;
        this.logId = logId;
        this.options = options;
    }

    /** Lists what is there. A file that does not verify is set aside, and {@code opening} is told; the content is not read yet. */
    static SnapshotFiles open(Disk disk, Path log, UUID logId, StorageOptions options, Opening opening)
            throws IOException {
        Path directory = log.resolve(DIRECTORY);
        if (!Files.exists(directory)) {
            Files.createDirectory(directory);
            disk.forceDirectory(log);
        }
        return new SnapshotFiles(disk, directory, logId, options).list(opening);
    }

    /** As {@link #open}, of a log that is only looked at. */
    static SnapshotFiles look(Disk disk, Path log, UUID logId, Opening opening) throws IOException {
        SnapshotFiles files = new SnapshotFiles(disk, log.resolve(DIRECTORY), logId, StorageOptions.defaults());
        return Files.exists(files.directory) ? files.list(opening) : files;
    }

    private SnapshotFiles list(Opening opening) throws IOException {
        for (Path path : named(COMPLETE, TAKING)) {
            if (path.toString().endsWith(TAKING)) {
                remove(path);
                continue;
            }
            SnapshotInfo info = null;
            try (Disk.ReadableFile file = disk.openToRead(path)) {
                SnapshotInfo found = SnapshotHeader.read(file, path, logId);
                if (found != null
                        && path(found, COMPLETE).equals(path)
                        && file.length() == SnapshotBlock.fileSize(found.bytes())) {
                    info = found;
                }
            }
            if (info == null) {
                setAside(path, "its header or its length is wrong", opening);
            } else {
                complete.add(info);
            }
        }
        sort();
        return this;
    }

    private List<Path> named(String... endings) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(path -> Stream.of(endings).anyMatch(path.toString()::endsWith))
                    .sorted()
                    .toList();
        }
    }

    private void sort() {
        complete.sort(
                Comparator.comparingLong((SnapshotInfo info) -> info.position().index())
                        .thenComparingLong(SnapshotInfo::createdAtMillis)
                        .reversed());
    }

    private Path path(SnapshotInfo info, String ending) {
        return directory.resolve(String.format("%016x-%s%s", info.position().index(), info.id(), ending));
    }

    Disk disk() {
        return disk;
    }

    Path directory() {
        return directory;
    }

    UUID logId() {
        return logId;
    }

    /** Whether all of the content verifies. If not, the snapshot is set aside and is no longer in the list. */
    boolean verify(SnapshotInfo info, Opening opening) throws IOException {
        Path path = path(info, COMPLETE);
        String wrong;
        try (SnapshotReader reader = new SnapshotReader(disk, path, info)) {
            wrong = reader.verify(opening);
        }
        if (!wrong.isEmpty()) {
            setAside(path, wrong, opening);
            synchronized (this) {
                complete.remove(info);
            }
        }
        return wrong.isEmpty();
    }

    private void setAside(Path path, String wrong, Opening opening) throws IOException {
        String name = path.getFileName().toString();
        Path aside = path.resolveSibling(name.substring(0, name.length() - COMPLETE.length()) + DAMAGED);
        disk.rename(path, aside);
        disk.forceDirectory(directory);
        opening.snapshotUnusable(
                "the snapshot " + path + " is damaged: " + wrong + "; set aside as " + aside.getFileName());
    }

    /** Snapshots go on while the log refuses commands for want of space, for they are what makes room; but some is left (R15). */
    void checkSpace(long bytes) throws IOException {
        long usable = disk.usableBytes(directory);
        long kept = options.reserveBytes() / 4;
        if (usable - bytes < kept) {
            throw new IOException(directory + " has " + usable + " bytes free, of which " + kept
                    + " are kept: no snapshot can be written; free space, or move the data directory to a larger disk");
        }
    }

    @Override
    public synchronized List<SnapshotInfo> list() {
        return List.copyOf(complete);
    }

    @Override
    public SnapshotSink create(
            SnapshotPosition position, UUID lineage, @Nullable Configuration configuration, int featureLevel)
            throws IOException {
        SnapshotInfo begun = new SnapshotInfo(
                UUID.randomUUID(),
                position,
                lineage,
                SnapshotHeader.fitting(configuration),
                featureLevel,
                System.currentTimeMillis(),
                0,
                0);
        return SnapshotWriter.create(this, path(begun, TAKING), begun);
    }

    @Override
    public SnapshotSource open(SnapshotInfo snapshot) throws IOException {
        if (!list().contains(snapshot)) {
            throw new IOException("there is no snapshot " + snapshot.id() + " at index "
                    + snapshot.position().index() + " in " + directory);
        }
        return new SnapshotReader(disk, path(snapshot, COMPLETE), snapshot);
    }

    @Override
    public SnapshotSink receive(SnapshotInfo remote) throws IOException {
        if (list().contains(remote)) {
            return new AlreadyHere(remote);
        }
        Path temporary = path(remote, RECEIVING);
        for (Path other : named(RECEIVING)) {
            if (!other.equals(temporary)) {
                remove(other);
            }
        }
        return SnapshotWriter.receive(this, temporary, remote);
    }

    /** Nothing that was written to this partial file so far is ever taken over. */
    void distrust(Path temporary) {
        distrusted.add(temporary);
    }

    boolean isDistrusted(Path temporary) {
        return distrusted.contains(temporary);
    }

    /** Gives a file that is forced its final name. If that fails, it has neither name, as far as the disk still does what it is told. */
    void complete(Path temporary, SnapshotInfo info) throws IOException {
        Path target = path(info, COMPLETE);
        try {
            disk.rename(temporary, target);
            disk.forceDirectory(directory);
        } catch (IOException | RuntimeException e) {
            try {
                remove(target); // nobody knows it: it would be in the way for ever
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
        synchronized (this) {
            complete.add(info);
            sort();
        }
    }

    void remove(Path path) throws IOException {
        if (Files.exists(path)) {
            disk.delete(path);
            disk.forceDirectory(directory);
        }
        distrusted.remove(path); // what is made there next is another file
    }

    @Override
    public void prune(int keep) throws IOException {
        if (keep < 1) {
            throw new IllegalArgumentException("keep " + keep + " is below 1");
        }
        List<SnapshotInfo> old;
        synchronized (this) {
            if (complete.size() < keep) {
                return; // what is damaged may yet be of use to somebody
            }
            List<SnapshotInfo> behind = complete.subList(keep, complete.size());
            old = List.copyOf(behind);
            behind.clear();
        }
        for (SnapshotInfo info : old) {
            remove(path(info, COMPLETE));
        }
        for (Path damaged : named(DAMAGED)) {
            remove(damaged);
        }
    }

    /** Of a transfer that had been completed before: there is nothing left to send. */
    private record AlreadyHere(SnapshotInfo info) implements SnapshotSink {
        @Override
        public long position() {
            return info.bytes();
        }

        @Override
        public void write(ByteBuffer source) {
            if (source.hasRemaining()) {
                throw new IllegalArgumentException("snapshot " + info.id() + " has " + info.bytes()
                        + " bytes, all of which are here; " + source.remaining() + " more came");
            }
        }

        @Override
        public SnapshotInfo commit() {
            return info;
        }

        @Override
        public void abort() {
            // nothing was begun
        }

        @Override
        public void close() {
            // nothing is open
        }
    }
}
