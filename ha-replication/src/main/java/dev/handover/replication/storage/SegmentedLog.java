package dev.handover.replication.storage;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The log of one replica in a directory of its own: preallocated segments, a checksum on every record, one force for all that waits.
 *
 * <p>The format is drawn in {@link LogDirectory}, {@link LogIdentity}, {@link StateFile}, {@link Segment}, {@link RecordHeader}, and told as a whole in
 * {@code docs/log-format.md}.
 *
 * <p><b>Opening</b> verifies everything. What had not been forced may be torn, and its torn end is cut off. If something is missing or wrong that had been forced,
 * the log is damaged: it is renamed to {@code damaged-n} in the same directory, an empty log with a new identity takes its place, and {@link #damage()} says
 * what was found and where.
 *
 * <p><b>Threads</b>: {@link #append}, {@link #truncate}, {@link #saveState}, {@link #force} and {@link #close} are for one thread at a time, which must not be interrupted: an
 * interrupt closes its files, and poisons the log like any failure of the disk. {@link #read} is for any thread, and interrupts do it no harm; while something is
 * held back ({@link JournalPart}), it is for the one that writes.
 */
public final class SegmentedLog implements LogStore, JournalPart {
    private static final int MAX_PAYLOAD = 1 << 30;

    private final Path directory;
    private final Path log;
    private final Resources resources;
    private final Disk disk;
    private final LogIdentity identity;
    private final StateFile state;
    private final SegmentFiles files;
    private final SnapshotFiles snapshots;
    private final SegmentAllocator allocator;
    private final LogWriter writer;
    private final SparseIndex index;
    private final Epochs epochs;
    private final LogReader reader;
    private final RecoveredReplica recovered;
    private final @Nullable String damage;
    private long lastIndex;
    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    private SegmentedLog(
            LogDirectory home,
            Resources resources,
            StorageOptions options,
            LogIdentity identity,
            StateFile state,
            Recovery recovery,
            SnapshotChoice choice,
            @Nullable String damage)
            throws IOException {
        this.directory = home.directory();
        this.log = home.log();
        this.disk = home.disk();
        this.snapshots = choice.snapshots();
        this.resources = resources;
        this.identity = identity;
        this.state = state;
        this.damage = damage;
        index = recovery.index;
        epochs = recovery.epochs;
        lastIndex = recovery.lastIndex();
        files = recovery.files;
        reader = new LogReader(files, index, identity.salt());
        Segment current = recovery.current();
        allocator = resources.add(new SegmentAllocator(disk, home.log(), identity.logId(), options));
        writer = resources.add(
                new LogWriter(disk, files, allocator, index, identity.salt(), current, recovery.position()));
        StateFile.State found = state.state();
        saveIndependent(found.opened(writer.durable()));
        if (recovery.spare().isEmpty()) {
            allocator.prepare(current);
        } else {
            allocator.adopt(recovery.spare().get(0));
        }
        if (choice.resets()) {
            startAnew(choice.position());
        }
        recovered = new RecoveredReplica(
                found.lineage(),
                found.highestEpoch(),
                found.bootCounter() + 1,
                state.state().start().firstIndex(),
                lastIndex,
                epochs.starts(),
                lastIndex < state.state().start().firstIndex()
                        ? state.state().start().timestampBefore()
                        : timestampAt(lastIndex),
                choice.position());
    }

    /**
     * Opens the log in a directory, or creates one there if there is none. Blocks while it reads the whole log.
     *
     * @param directory for this group on this node only; created if missing
     * @throws IOException if the directory is in use, belongs to another group or node, was written by a later release, or cannot be read or written; the message says
     *     which, and what to do. A damaged log is no exception: see {@link #damage()}
     */
    public static SegmentedLog open(Path directory, GroupId group, NodeId node, StorageOptions options)
            throws IOException {
        return open(directory, group, node, options, new JournalReader(), OpeningListener.NONE);
    }

    /** As {@link #open(Path, GroupId, NodeId, StorageOptions)}, telling {@code listener} how it goes. One {@code journals} serves all groups of a node. */
    public static SegmentedLog open(
            Path directory,
            GroupId group,
            NodeId node,
            StorageOptions options,
            JournalReader journals,
            OpeningListener listener)
            throws IOException {
        return open(directory, group, node, options, Disk.REAL, journals, listener);
    }

    static SegmentedLog open(
            Path directory, GroupId group, NodeId node, StorageOptions options, Disk disk, OpeningListener listener)
            throws IOException {
        return open(directory, group, node, options, disk, new JournalReader(), listener);
    }

    private static SegmentedLog open(
            Path directory,
            GroupId group,
            NodeId node,
            StorageOptions options,
            Disk disk,
            JournalReader journals,
            OpeningListener listener)
            throws IOException {
        Opening opening = new Opening(listener);
        Path real = LogDirectory.create(disk, directory);
        Resources resources = new Resources();
        try {
            DirectoryLock lock = resources.add(DirectoryLock.acquire(real));
            LogDirectory home = new LogDirectory(disk, real);
            if (!Files.exists(home.log())) {
                home.createLog(group, node, options);
            }
            String damage;
            try {
                return load(home, group, node, options, journals, directory, null, resources, opening);
            } catch (DamagedLogException e) {
                resources.closeAllBut(lock);
                damage = e.what() + "; set aside as " + home.setAside(e.what());
            }
            opening.damaged(damage);
            home.createLog(group, node, options);
            return load(home, group, node, options, journals, directory, damage, resources, opening);
        } catch (IOException | RuntimeException | Error e) {
            resources.closeAfter(e);
            throw e;
        }
    }

    /** Twice if it has depended on a journal, so that nothing of that is left for a release that knows none to refuse. */
    private void saveIndependent(StateFile.State next) throws IOException {
        boolean depended = state.state().journal() != null;
        state.save(next);
        if (depended) {
            state.save(next.on(null, next.mark()));
        }
    }

    private static SegmentedLog load(
            LogDirectory home,
            GroupId group,
            NodeId node,
            StorageOptions options,
            JournalReader journals,
            Path named,
            @Nullable String damage,
            Resources resources,
            Opening opening)
            throws IOException {
        LogIdentity identity = LogIdentity.read(home.disk(), home.log());
        identity.check(home.directory(), group, node);
        StateFile state = resources.add(StateFile.open(home.disk(), home.log()));
        HeldBack heldBack = journals.read(
                home.disk(), named, identity.logId(), state.state().journal());
        Recovery recovery = new Recovery(home.disk(), home.log(), identity, state.state(), heldBack, opening);
        resources.add(recovery.files);
        recovery.scan();
        SnapshotFiles snapshots = SnapshotFiles.open(home.disk(), home.log(), identity.logId(), options, opening);
        SnapshotChoice choice = SnapshotChoice.of(snapshots, recovery, state.state(), opening);
        opening.done();
        home.removeTemporary();
        recovery.cutTail();
        choice.tell(recovery, opening);
        return new SegmentedLog(home, resources, options, identity, state, recovery, choice, damage);
    }

    /** What was found wrong when the log was opened, and where it was set aside; empty if nothing was. */
    public Optional<String> damage() {
        return Optional.ofNullable(damage);
    }

    /**
     * Why the segment after the current one could not be made, for instance because the disk is nearly full; empty normally. The log still takes what fits into
     * the current segment, so new commands should be refused from now on (R15). Any thread.
     */
    @Override
    public Optional<String> spaceProblem() {
        return allocator.problem();
    }

    @Override
    public UUID logId() {
        return identity.logId();
    }

    @Override
    public RecoveredReplica recovered() {
        return recovered;
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the entries do not follow the end of the log, their epochs go down, or a payload is larger than 1 GiB; nothing was written
     */
    @Override
    public void append(List<LogEntry> entries) throws IOException {
        checkUsable();
        if (entries.isEmpty()) {
            return;
        }
        check(entries);
        try {
            writer.write(entries, state.state().sequence());
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
        appended(entries);
    }

    private void appended(List<LogEntry> entries) {
        for (LogEntry entry : entries) {
            epochs.append(entry.index(), entry.epoch());
        }
        lastIndex += entries.size();
        index.publish(lastIndex);
    }

    @Override
    public JournalPart journalPart() {
        return this;
    }

    @Override
    public void dependOn(UUID journal) throws IOException {
        checkUsable();
        try {
            writer.force();
            state.save(state.state().on(journal, writer.durable()));
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
    }

    @Override
    public boolean holdBack(List<LogEntry> entries, int most) throws IOException {
        checkUsable();
        if (state.state().journal() == null) {
            return false;
        }
        check(entries);
        try {
            if (!writer.holdBack(entries, most, state.state().sequence())) {
                return false;
            }
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
        appended(entries);
        return true;
    }

    @Override
    public int onlyHeldBack() {
        return state.state().journal() == null ? -1 : writer.onlyHeldBack();
    }

    @Override
    public long durable() {
        return writer.durable();
    }

    @Override
    public void copyHeldBack(ByteBuffer target) {
        writer.copyHeldBack(target);
    }

    @Override
    public void durableElsewhere(long end) {
        writer.durableElsewhere(end);
    }

    private void check(List<LogEntry> entries) {
        long next = lastIndex + 1;
        long epoch = epochs.last();
        for (LogEntry entry : entries) {
            if (entry.index() != next || entry.epoch() < epoch) {
                throw new IllegalArgumentException(
                        "entry " + entry + " cannot follow index " + (next - 1) + " of epoch " + epoch);
            }
            if (entry.payloadLength() > MAX_PAYLOAD) {
                throw new IllegalArgumentException(
                        "entry " + entry + " is larger than " + MAX_PAYLOAD + " bytes; split the command");
            }
            next++;
            epoch = entry.epoch();
        }
    }

    @Override
    public void truncate(long fromIndex) throws IOException {
        checkUsable();
        if (fromIndex < firstIndex()) {
            throw new IllegalArgumentException(
                    "index " + fromIndex + " is below " + firstIndex() + ", where the log begins");
        }
        if (fromIndex > lastIndex) {
            return;
        }
        try {
            writer.writeCut(fromIndex, lastIndex, state.state().sequence());
            writer.force();
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
        index.cut(fromIndex);
        epochs.cut(fromIndex);
        lastIndex = fromIndex - 1;
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the epoch is below the one saved before (R2)
     */
    @Override
    public void saveState(UUID lineage, long highestEpoch) throws IOException {
        checkUsable();
        StateFile.State old = state.state();
        if (highestEpoch < old.highestEpoch()) {
            throw new IllegalArgumentException(
                    "epoch " + highestEpoch + " is below " + old.highestEpoch() + ", which was saved before"); // R2
        }
        try {
            state.save(old.next(lineage, highestEpoch, writer.durable()));
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
    }

    @Override
    public void force() throws IOException {
        checkUsable();
        try {
            writer.force();
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
    }

    @Override
    public void seal() throws IOException {
        checkUsable();
        StateFile.State old = state.state();
        if (old.mark() == writer.durable() && old.journal() == null) {
            return;
        }
        try {
            if (old.journal() != null) {
                writer.force();
                writer.holdBackNoLonger();
            }
            saveIndependent(old.on(null, writer.durable()));
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if the range is empty or begins outside the log
     */
    @Override
    public List<LogEntry> read(long fromIndex, long toIndex, int maxBytes) throws IOException {
        checkUsable();
        if (writer.holdsBack()) {
            try {
                writer.writeHeldBack();
            } catch (IOException | RuntimeException | Error e) {
                throw poisoned(e);
            }
        }
        return reader.read(fromIndex, toIndex, maxBytes);
    }

    @Override
    public SnapshotStore snapshots() {
        return snapshots;
    }

    @Override
    public long firstIndex() {
        return index.extent().firstIndex();
    }

    @Override
    public long firstWithin(long toIndex, long bytes) {
        return index.firstWithin(toIndex, bytes);
    }

    @Override
    public void compact(long beforeIndex) throws IOException {
        checkUsable();
        if (snapshots.list().stream().noneMatch(one -> one.position().index() >= beforeIndex - 1)) {
            throw new IllegalArgumentException(
                    "no snapshot holds everything before index " + beforeIndex + "; there are " + snapshots.list());
        }
        LogStart start = laterStart(beforeIndex);
        if (start == null) {
            return;
        }
        try {
            writer.force();
            state.save(state.state().next(start, writer.durable())); // from here on it has happened
            epochs.restart(start);
            index.startAt(start);
            drop(files.before(start.offset()));
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
    }

    /** The latest segment that the log may begin with so that {@code beforeIndex} and all behind it stay; null if there is none but the present one. */
    private @Nullable LogStart laterStart(long beforeIndex) throws IOException {
        Segment first = null;
        for (Segment segment : files.possibleStarts(writer.segment().start())) {
            if (index.firstAtOrBehind(segment.start()) > beforeIndex) {
                break;
            }
            first = segment;
        }
        if (first == null) {
            return null;
        }
        long firstIndex = index.firstAtOrBehind(first.start());
        LogStart old = state.state().start();
        return firstIndex == old.firstIndex()
                ? new LogStart(
                        first.start(), files.lastBefore(first), firstIndex, old.epochBefore(), old.timestampBefore())
                : new LogStart(
                        first.start(),
                        files.lastBefore(first),
                        firstIndex,
                        epochs.at(firstIndex - 1),
                        timestampAt(firstIndex - 1));
    }

    private long timestampAt(long entry) throws IOException {
        return reader.read(entry, entry, 0).get(0).timestamp();
    }

    @Override
    public void reset(SnapshotInfo installed) throws IOException {
        checkUsable();
        if (!snapshots.list().contains(installed)) {
            throw new IllegalArgumentException(
                    "snapshot " + installed + " is not complete here; there are " + snapshots.list());
        }
        try {
            startAnew(installed.position());
        } catch (IOException | RuntimeException | Error e) {
            throw poisoned(e);
        }
    }

    private void startAnew(SnapshotPosition position) throws IOException {
        Segment next = writer.startAnew();
        LogStart start = new LogStart(
                next.start(), position.index(), position.index() + 1, position.epoch(), position.timestamp());
        state.save(state.state().next(start, writer.durable())); // from here on it has happened
        epochs.cut(0);
        epochs.restart(start);
        index.clear(start);
        lastIndex = position.index();
        List<Segment> old = files.before(next.start());
        writer.begin(start);
        drop(old);
    }

    private void drop(List<Segment> old) throws IOException {
        for (Segment segment : old) {
            files.remove(segment);
            disk.delete(segment.path());
        }
        disk.forceDirectory(log);
    }

    private void checkUsable() throws IOException {
        if (closed) {
            throw new IOException("the log of group " + identity.group() + " in " + directory + " is closed");
        }
        Throwable first = failure;
        if (first != null) {
            throw new IOException(
                    "the log of group " + identity.group() + " in " + directory
                            + " has failed and stays so until it is opened again (R15); the first failure was: "
                            + first,
                    first);
        }
    }

    /** R15: nothing is tried again. */
    private IOException poisoned(Throwable cause) {
        failure = cause;
        return cause instanceof IOException io
                ? io
                : new IOException("the log in " + directory + " has failed: " + cause, cause);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            resources.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
