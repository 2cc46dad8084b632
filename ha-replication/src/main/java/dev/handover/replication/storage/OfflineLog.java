package dev.handover.replication.storage;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A log on disk whose node is stopped, for an operator's tools. Opening verifies everything and changes no byte; only {@link #changeLineage} writes. Not thread-safe.
 */
public final class OfflineLog implements Closeable {
    private final Path directory;
    private final LogIdentity identity;
    private final StateFile.State state;
    private final Recovery recovery;
    private final LogReader reader;
    private final SnapshotChoice snapshots;
    private final Warnings warnings = new Warnings();
    private final @Nullable DirectoryLock lock;

    /** Keeps what an opening has to warn of. */
    private static final class Warnings implements OpeningListener {
        private final List<String> messages = new ArrayList<>();

        @Override
        public void snapshotUnusable(String message) {
            messages.add(message);
        }
    }

    /** The disk as it is: what an opening would mend stays. */
    private static final class Untouched implements Disk {
        @Override
        public WritableFile open(Path path) throws IOException {
            throw new IOException(path + " is only looked at");
        }

        @Override
        public void rename(Path source, Path target) {}

        @Override
        public void delete(Path path) {}

        @Override
        public void forceDirectory(Path path) {}

        @Override
        public long usableBytes(Path path) {
            return 0;
        }
    }

    private OfflineLog(Path named, Path directory, @Nullable DirectoryLock lock) throws IOException {
        Path log = new LogDirectory(Disk.REAL, directory).log();
        this.directory = directory;
        this.lock = lock;
        if (!Files.isDirectory(log)) {
            throw new IOException(
                    directory + " holds no log; name the directory of one group on one node, which has 'log' in it");
        }
        try {
            identity = LogIdentity.read(Disk.REAL, log);
            state = StateFile.read(Disk.REAL, log);
            Opening opening = new Opening(warnings);
            HeldBack heldBack = new JournalReader().read(Disk.REAL, named, identity.logId(), state.journal());
            recovery = new Recovery(Disk.REAL, log, identity, state, heldBack, opening);
            recovery.scan();
            snapshots = SnapshotChoice.of(
                    SnapshotFiles.look(new Untouched(), log, identity.logId(), opening), recovery, state, opening);
        } catch (DamagedLogException e) {
            throw new IOException(
                    "the log in " + directory + " is damaged: " + e.what()
                            + ". When its node starts, it sets this log aside and is rebuilt from its peers",
                    e);
        }
        reader = new LogReader(recovery.files, recovery.index, identity.salt());
    }

    /**
     * Opens for reading.
     *
     * @throws IOException if there is no log, it is in use, damaged (the message says where), or of a later format
     */
    public static OfflineLog read(Path directory) throws IOException {
        Path real = directory.toRealPath();
        DirectoryLock.checkFree(real);
        return new OfflineLog(directory, real, null);
    }

    /** Opens and keeps every other process out until {@link #close}. Throws as {@link #read}. */
    public static OfflineLog own(Path directory) throws IOException {
        Path real = directory.toRealPath();
        DirectoryLock lock = DirectoryLock.acquire(real);
        try {
            return new OfflineLog(directory, real, lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /** Where it is. */
    public Path directory() {
        return directory;
    }

    /** Whose group it is of. */
    public GroupId group() {
        return identity.group();
    }

    /** Whose log it is. */
    public ReplicaId replica() {
        return new ReplicaId(node(), identity.logId());
    }

    private NodeId node() {
        return identity.node();
    }

    /** History that it belongs to; null if none yet. */
    public @Nullable UUID lineage() {
        return state.lineage();
    }

    /** Highest epoch that its replica adopted. */
    public long highestEpoch() {
        return state.highestEpoch();
    }

    /** How often its replica has started. */
    public long bootCounter() {
        return state.bootCounter();
    }

    /** First entry that the log still holds; what was before is in a snapshot. */
    public long firstIndex() {
        return state.start().firstIndex();
    }

    /** Last entry in the snapshot with which the node would start; 0 if it has and needs none. */
    public long snapshotIndex() {
        return snapshots.position().index();
    }

    /** All complete snapshots, newest first. Which of them verifies is only known of the one with which the node would start. */
    public List<SnapshotInfo> snapshots() throws IOException {
        return snapshots.snapshots().list();
    }

    /** That snapshot was received and is ahead of the log, which takes its place at the next start only. */
    public boolean awaitsSnapshot() {
        return snapshots.resets();
    }

    /** What is wrong and does not keep the node from starting, such as a snapshot that does not verify. */
    public List<String> warnings() {
        return List.copyOf(warnings.messages);
    }

    /** End of the log; 0 if it is empty. */
    public long lastIndex() {
        return recovery.lastIndex();
    }

    /** Epoch of the last entry; 0 if there is none. */
    public long lastEpoch() {
        return recovery.epochs.last();
    }

    /** Where each epoch begins. */
    public List<EpochStart> epochs() {
        return recovery.epochs.starts();
    }

    /** Reads entries, each verified, as {@link LogStore#read}. */
    public List<LogEntry> entries(long fromIndex, long toIndex, int maxBytes) throws IOException {
        return reader.read(fromIndex, toIndex, maxBytes);
    }

    /**
     * Makes it the log of another history (R13). Durable on return; after a crash it has happened or not.
     *
     * @throws IllegalStateException if it was opened for reading only
     * @throws IllegalArgumentException if the epoch is below {@link #highestEpoch} (R2)
     */
    public void changeLineage(UUID lineage, long highestEpoch) throws IOException {
        if (lock == null) {
            throw new IllegalStateException(directory + " was opened for reading only");
        }
        if (highestEpoch < state.highestEpoch()) {
            throw new IllegalArgumentException(
                    "epoch " + highestEpoch + " is below " + state.highestEpoch() + ", which was adopted before");
        }
        try (StateFile file = StateFile.open(Disk.REAL, new LogDirectory(Disk.REAL, directory).log())) {
            file.save(file.state().next(lineage, highestEpoch, state.mark()));
        }
    }

    @Override
    public void close() throws IOException {
        recovery.files.close();
        if (lock != null) {
            lock.close();
        }
    }
}
