package dev.handover.replication;

import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import dev.handover.replication.storage.Journal;
import dev.handover.replication.storage.JournalPart;
import dev.handover.replication.storage.Journals;
import dev.handover.replication.storage.LogStore;
import dev.handover.replication.storage.SnapshotInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one thread that writes to the disk for all groups of a node. It takes everything that waits, executes it in order, and forces each log once: while a
 * force runs, the next batch gathers (group commit). The logs of several groups are forced at the same time ({@link Forces}), and those of many that are written again and again with
 * one force, in a journal ({@link NodeJournal}).
 */
final class DiskWriter extends Worker {
    private static final Logger LOG = LoggerFactory.getLogger(DiskWriter.class);

    /** A log that was quiet for so long is sealed. */
    private static final long SEAL_AFTER_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** Even if other groups keep the disk busy all the time. */
    private static final long SEAL_AT_THE_LATEST_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** The part of one group. On the disk thread but the constructor. */
    static final class Volume {
        private final Replica replica;
        private final LogStore store;
        private final @Nullable JournalPart part;
        /** The one that the log depends on. */
        private @Nullable Journal journal;

        private final List<LogEntry> appends = new ArrayList<>();
        private long lastWriteId;
        private final List<Consumer<Boolean>> afterWrites = new ArrayList<>();
        private boolean unforced;
        private boolean unsealed;
        private long forcedAtNanos;
        private long sealedAtNanos;
        private @Nullable Throwable failure;
        /** Depends on the journal from the end of this round on. */
        private boolean enters;

        private boolean waits;
        private boolean dead;
        /** It is forced together with many others: what is proposed meanwhile could not be written before that has ended. */
        private volatile boolean inRound;

        Volume(Replica replica, LogStore store) {
            this.replica = replica;
            this.store = store;
            this.part = store.journalPart();
        }

        private boolean hasUnforced() {
            return unforced || !appends.isEmpty();
        }

        /** Whether what is proposed now would only wait behind a round of many logs, after which the replica is stepped in any case. Any thread. */
        boolean isInRound() {
            return inRound;
        }
    }

    private static final class Work extends Mailbox.Mail {
        private final DiskWriter writer;
        private final Volume volume;
        private final List<Effect> operations;

        Work(DiskWriter writer, Volume volume, List<Effect> operations) {
            this.writer = writer;
            this.volume = volume;
            this.operations = operations;
        }

        @Override
        void open() {
            writer.execute(volume, operations);
        }
    }

    /** So many logs are many: the processor is the bound then, and commands gather while their log is forced. */
    static final int MANY = 8;

    /** What all logs of the journal hold back; more only if each has the least. */
    private static final int HELD_BACK_BY_ALL = 64 << 20;

    private static final int LEAST_HELD_BACK = 64 << 10;
    private static final int MOST_HELD_BACK = 256 << 10;

    /** By one log. Changes between rounds only, for other threads look at it while one is forced. */
    private int mostHeldBack = MOST_HELD_BACK;

    private int untold;
    private final List<Volume> waiting = new ArrayList<>();
    private final List<Volume> unsealed = new ArrayList<>();

    /** Those that depend on the present journal. */
    private final List<Volume> dependents = new ArrayList<>();
    /** Those in its next frame. */
    private final List<Volume> together = new ArrayList<>();

    private long journalForcedAtNanos;

    private final NodeLoop loop;
    private final Forces forces;
    private final NodeJournal journal;

    DiskWriter(String name, NodeLoop loop, Journals journals) {
        super(name);
        forces = new Forces(name);
        journal = new NodeJournal(name, journals, this::tryRun);
        this.loop = loop;
    }

    /** Executes writes and fetches, in order. */
    void submit(Volume volume, List<Effect> operations) {
        post(new Work(this, volume, operations));
    }

    /** Calls back, on the disk thread, when all that was submitted before is durable, and told; with false if that will never be. */
    void afterWrites(Volume volume, Consumer<Boolean> then) {
        Mailbox.Mail mail = new Mailbox.Mail() {
            @Override
            void open() {
                if (volume.dead || killed()) {
                    then.accept(false);
                } else {
                    volume.afterWrites.add(then);
                    execute(volume, List.of());
                }
            }
        };
        if (!post(mail)) {
            then.accept(false);
        }
    }

    /** Closes the store after everything that was submitted before; {@code force}: durable first. */
    void close(Volume volume, boolean force, Runnable afterwards) {
        Mailbox.Mail last = new Mailbox.Mail() {
            @Override
            void open() {
                if (force) {
                    finish(volume);
                    seal(volume);
                }
                volume.dead = true;
                leaveJournal(volume);
                closeStore(volume, afterwards);
            }
        };
        if (!post(last)) {
            closeStore(volume, afterwards);
        }
    }

    private static void closeStore(Volume volume, Runnable afterwards) {
        try {
            volume.store.close();
        } catch (RuntimeException e) {
            LOG.warn("{} closing the log failed; everything acknowledged is durable", volume.replica.label(), e);
        } finally {
            afterwards.run();
        }
    }

    /** As it is: if the log depends on the journal still, that has to stay as it is, too. */
    private void leaveJournal(Volume volume) {
        if (volume.journal != null && volume.journal == journal.current()) {
            journal.retire();
        }
        dependents.remove(volume);
    }

    private void execute(Volume volume, List<Effect> operations) {
        if (volume.dead || killed()) {
            return;
        }
        if (!volume.waits) {
            volume.waits = true;
            waiting.add(volume);
        }
        try {
            for (Effect operation : operations) {
                execute(volume, operation);
            }
        } catch (IOException | RuntimeException | Error e) {
            failed(volume, e);
        }
    }

    private void execute(Volume volume, Effect operation) throws IOException {
        if (operation instanceof Effect.WriteEntries write) {
            for (LogEntry entry : write.entries()) { // addAll would copy them into an array first
                volume.appends.add(entry);
            }
            volume.lastWriteId = write.writeId();
            return;
        }
        write(volume);
        if (operation instanceof Effect.TruncateLog truncate) {
            volume.store.truncate(truncate.fromIndex());
            volume.lastWriteId = truncate.writeId();
        } else if (operation instanceof Effect.WriteState state) {
            volume.store.saveState(state.lineage(), state.highestEpoch());
            volume.lastWriteId = state.writeId();
            if (!volume.unforced) { // the epoch's messages need not wait for the force of what comes behind it (R2)
                tellPersisted(volume);
                volume.replica.node().loop().wakeForMail();
            }
        } else if (operation instanceof Effect.CompactLog compact) {
            volume.store.compact(compact.firstIndex());
            volume.lastWriteId = compact.writeId();
        } else if (operation instanceof Effect.InstallSnapshot install) {
            volume.store.reset(holding(volume, install.position()));
            volume.lastWriteId = install.writeId();
        } else if (operation instanceof Effect.Fetch fetch) {
            List<LogEntry> entries = volume.store.read(fetch.fromIndex(), fetch.toIndex(), fetch.maxBytes());
            volume.replica.post(new Event.Fetched(fetch.fetchId(), entries));
        } else {
            throw new IllegalArgumentException("not for the disk: " + operation);
        }
    }

    private static SnapshotInfo holding(Volume volume, SnapshotPosition position) throws IOException {
        for (SnapshotInfo snapshot : volume.store.snapshots().list()) {
            if (snapshot.position().equals(position)) {
                return snapshot;
            }
        }
        throw new IOException(
                "the snapshot at index " + position.index() + " is gone, though it had been received whole");
    }

    /** What was appended in a row is written in one go, and that takes the device's time, not only that of the processor: so several logs are written at the same time, too. */
    private void write(Volume volume) throws IOException {
        if (!volume.appends.isEmpty() && !holdBack(volume)) {
            volume.store.append(volume.appends);
            written(volume);
        }
    }

    /** Whether what was appended waits in memory now, for the next frame of the journal. */
    private boolean holdBack(Volume volume) throws IOException {
        if (volume.journal == null || volume.part == null || !volume.part.holdBack(volume.appends, mostHeldBack)) {
            return false;
        }
        written(volume);
        return true;
    }

    private static void written(Volume volume) {
        volume.appends.clear();
        volume.unforced = true;
    }

    @Override
    long afterBatch(boolean any) {
        if (waiting.size() > 1) {
            forceRound();
        } else if (!waiting.isEmpty()) {
            Volume volume = waiting.get(0);
            volume.waits = false;
            finish(volume);
        }
        waiting.clear();
        if (hasMail()) {
            loop.wakeForMail();
        } else { // the disk has nothing to do
            loop.help();
        }
        return Math.min(sealQuietOnes(), sealJournal());
    }

    /**
     * The logs that wait, at the same time. Of many, the loop is told in two halves, or when it looks by itself: what it steps together is sent, and written, together
     * from then on.
     */
    private void forceRound() {
        boolean many = waiting.size() >= MANY;
        int portion = many ? waiting.size() / 2 : 1;
        if (many) {
            for (Volume volume : waiting) {
                volume.inRound = volume.hasUnforced() && volume.lastWriteId != 0 && !volume.dead;
            }
        }
        untold = 0;
        List<Volume> failed = new ArrayList<>();
        forces.each(portions(many), this::force, volumes -> {
            for (Volume volume : volumes) {
                volume.waits = false;
                volume.inRound = volume.failure != null; // before the loop is told
                if (volume.failure != null) {
                    failed.add(volume);
                    continue;
                }
                forced(volume);
                if (++untold >= portion) {
                    untold = 0;
                    loop.wakeForMail();
                }
            }
        });
        failed.forEach(this::forced); // not before: the journal is retired then, and was being forced for others
    }

    /** What is forced with one force: those in the journal, and each other one for itself. */
    private List<List<Volume>> portions(boolean many) {
        Journal taken = journalWithRoom();
        mostHeldBack = mostHeldBack(dependents.size());
        List<List<Volume>> portions = new ArrayList<>();
        together.clear();
        int busy = 0;
        for (Volume volume : waiting) {
            if (taken != null && volume.journal == taken && putIntoFrame(volume, taken)) {
                together.add(volume);
                continue;
            }
            volume.enters = false;
            if (many && volume.part != null && volume.unsealed && volume.hasUnforced()) {
                busy++;
                volume.enters = volume.journal != taken;
            }
            portions.add(List.of(volume));
        }
        if (!together.isEmpty()) {
            portions.add(0, together);
        }
        if (busy >= MANY) {
            journal.want();
        }
        return portions;
    }

    /** By one of so many logs. */
    static int mostHeldBack(int logs) {
        return Math.max(LEAST_HELD_BACK, Math.min(MOST_HELD_BACK, HELD_BACK_BY_ALL / Math.max(1, logs)));
    }

    /** Whether what the log has to force was put into the next frame. */
    private boolean putIntoFrame(Volume volume, Journal journal) {
        if (volume.dead || volume.part == null) {
            return false;
        }
        try {
            if (!volume.appends.isEmpty() && !holdBack(volume)) {
                return false; // a segment has to be written, perhaps begun: while the frame is forced
            }
            return volume.unforced && journal.add(volume.part);
        } catch (IOException | RuntimeException | Error e) {
            volume.failure = e;
            return false;
        }
    }

    private @Nullable Journal journalWithRoom() {
        Journal now = journal.current();
        if (now == null || !now.lapIsOver()) {
            return now;
        }
        forces.each(List.copyOf(dependents), DiskWriter::settle, volume -> {
            Throwable failure = volume.failure;
            if (failure != null) {
                failed(volume, failure);
            }
        });
        if (journal.current() != null) {
            try {
                now.beginLap();
            } catch (IOException e) {
                giveUpJournal(e);
            }
        }
        return journal.current();
    }

    /** Forces in the log's own segment what the journal has. */
    private static void settle(Volume volume) {
        try {
            volume.store.force();
        } catch (IOException | RuntimeException | Error e) {
            volume.failure = e;
        }
    }

    /**
     * Seals one log that nothing was written to for a moment, if others do not wait for the disk, or for so long that they have to wait; tells how long there is nothing
     * to seal.
     */
    private long sealQuietOnes() {
        long now = System.nanoTime();
        long after = hasMail() ? SEAL_AT_THE_LATEST_NANOS : SEAL_AFTER_NANOS;
        long least = Long.MAX_VALUE;
        for (Iterator<Volume> all = unsealed.iterator(); all.hasNext(); ) {
            Volume volume = all.next();
            long left = volume.forcedAtNanos + (volume.journal == null ? after : SEAL_AT_THE_LATEST_NANOS) - now;
            if (left > 0 && !volume.dead) {
                least = Math.min(least, left);
                continue;
            }
            all.remove();
            volume.unsealed = false;
            if (!volume.dead && !killed()) {
                seal(volume);
                return unsealed.isEmpty() ? Long.MAX_VALUE : 0; // first whatever has come meanwhile
            }
        }
        return least;
    }

    /** When nothing was written to the journal for a moment; tells how long there is nothing to seal. */
    private long sealJournal() {
        Journal present = journal.current();
        if (present == null || present.isSealed() || killed()) {
            return Long.MAX_VALUE;
        }
        long left = journalForcedAtNanos + SEAL_AFTER_NANOS - System.nanoTime();
        if (left > 0) {
            return left;
        }
        try {
            present.seal();
        } catch (IOException e) {
            giveUpJournal(e);
        }
        return Long.MAX_VALUE;
    }

    /** What was forced in it before stays there. */
    private void giveUpJournal(IOException cause) {
        LOG.warn(
                "the journal {} is given up, and each log forced for itself until there is another one: {}",
                journal.current(),
                cause.getMessage());
        journal.retire();
    }

    private void seal(Volume volume) {
        if (volume.dead) {
            return;
        }
        try {
            volume.store.seal();
            volume.sealedAtNanos = volume.forcedAtNanos;
            volume.journal = null;
            dependents.remove(volume);
        } catch (IOException | RuntimeException | Error e) {
            failed(volume, e);
        }
    }

    private void finish(Volume volume) {
        force(volume);
        forced(volume);
    }

    /** On the disk thread, or on another one while that waits. */
    private void force(List<Volume> volumes) {
        if (volumes == together) {
            forceTogether();
        } else {
            force(volumes.get(0));
        }
    }

    private void forceTogether() {
        if (killed()) {
            return;
        }
        try {
            Objects.requireNonNull(journal.current(), "the journal").force();
            long now = System.nanoTime();
            for (Volume volume : together) {
                volume.unforced = false;
                volume.forcedAtNanos = now;
            }
            journalForcedAtNanos = now;
        } catch (IOException | RuntimeException | Error e) {
            for (Volume volume : together) {
                volume.failure = e;
            }
        }
    }

    private void force(Volume volume) {
        if (volume.dead || volume.failure != null || killed()) {
            return;
        }
        try {
            write(volume);
            if (!volume.unforced) {
                return;
            }
            volume.store.force();
            volume.unforced = false;
            volume.forcedAtNanos = System.nanoTime();
            Journal entered = journal.current();
            if (volume.enters && entered != null && volume.part != null) {
                volume.journal = entered; // for whoever fails in it
                volume.part.dependOn(entered.id());
            }
        } catch (IOException | RuntimeException | Error e) {
            volume.failure = e;
        }
    }

    private void forced(Volume volume) {
        Throwable failure = volume.failure;
        if (volume.dead || killed()) {
            return;
        }
        if (failure != null) {
            failed(volume, failure);
            return;
        }
        if (!volume.unsealed && volume.forcedAtNanos != volume.sealedAtNanos) {
            volume.unsealed = true;
            unsealed.add(volume);
        }
        if (volume.enters) {
            volume.enters = false;
            dependents.remove(volume);
            if (volume.journal != null && volume.journal == journal.current()) {
                dependents.add(volume);
            }
        }
        tellPersisted(volume);
    }

    private static void tellPersisted(Volume volume) {
        if (volume.lastWriteId != 0) {
            volume.replica.postQuietly(new Event.Persisted(volume.lastWriteId));
            volume.lastWriteId = 0;
        }
        tellAfterWrites(volume, true);
    }

    private static void tellAfterWrites(Volume volume, boolean durable) {
        List<Consumer<Boolean>> told = List.copyOf(volume.afterWrites);
        volume.afterWrites.clear();
        told.forEach(then -> then.accept(durable));
    }

    /** The first failure ends everything: what is on the disk now is not known, and no retry would tell (R15). */
    private void failed(Volume volume, Throwable e) {
        volume.dead = true;
        leaveJournal(volume);
        volume.appends.clear();
        tellAfterWrites(volume, false);
        @Nullable Throwable cause = e instanceof UncheckedIOException ? e.getCause() : e;
        String told = cause instanceof IOException && cause.getMessage() != null
                ? cause.getMessage() // it names file and remedy
                : String.valueOf(cause);
        volume.replica.post(new Event.DiskFailed(told));
    }

    @Override
    void ended() {
        forces.end();
        if (dependents.isEmpty() && !killed()) {
            journal.delete();
        } else {
            journal.retire();
        }
        journal.close();
    }
}
