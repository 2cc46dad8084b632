package dev.handover.replication.storage;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The durable part of one replica. Writing methods are called by one thread at a time, in the order of the core's effects; {@link #read} may be called by
 * other threads at the same time. After the first {@link IOException} of a writing method everything else fails, too (R15).
 */
public interface LogStore extends AutoCloseable {
    /** Identity of the log, created with its directory. */
    UUID logId();

    /** What was found when the store was opened; the boot counter is already raised and forced. */
    RecoveredReplica recovered();

    /**
     * Writes entries behind the end of the log. Not durable before {@link #force}; after that the memory of their payloads may hold others, so what is kept of an entry is kept as {@link
     * LogEntry#withOwnPayload}.
     */
    void append(List<LogEntry> entries) throws IOException;

    /** Cuts the log: {@code fromIndex} and everything behind it is gone, durably on return. */
    void truncate(long fromIndex) throws IOException;

    /** Replaces the small state. Durable on return, and atomic: after a crash it is the old one or the new one. */
    void saveState(UUID lineage, long highestEpoch) throws IOException;

    /** On return everything that was appended is durable. */
    void force() throws IOException;

    /**
     * To be called when nothing was written for a moment: makes it durable how far the log had been forced, so that later rot of the last batch can be told from an end that was torn in a crash.
     * Costs a force if there is anything to say, else nothing.
     */
    default void seal() throws IOException {}

    /**
     * Reads entries, checking each: at least one, at most up to {@code toIndex}, stopping after about {@code maxBytes}. Only indexes that were appended (forced or not).
     * Of a log that holds back entries ({@link JournalPart}): by the thread that writes it.
     *
     * @throws IOException also when what is read does not verify; the message names file and position
     */
    List<LogEntry> read(long fromIndex, long toIndex, int maxBytes) throws IOException;

    /**
     * Why the log cannot grow much further, because the disk is nearly full for instance; empty normally. New commands are refused then, while what is on its way
     * still finds room (R15). Any thread; cheap.
     */
    default Optional<String> spaceProblem() {
        return Optional.empty();
    }

    /** For a log that may be forced together with others; null if it may not. */
    default @Nullable JournalPart journalPart() {
        return null;
    }

    /** The snapshots beside the log. */
    SnapshotStore snapshots();

    /** First index that the log still holds; the one behind its end if it holds none. Any thread. */
    long firstIndex();

    /**
     * The first index from which the entries up to and with {@code toIndex} take about {@code bytes} at most; {@link #firstIndex} if all do. Exact to some 64 KiB and one entry. Any thread; cheap.
     */
    long firstWithin(long toIndex, long bytes);

    /**
     * Drops the oldest part of the log, as far as whole files hold nothing but entries below {@code beforeIndex}; may drop less, or nothing. Durable on return, and after a crash it has happened or
     * not. Those dropped can no longer be read.
     *
     * @throws IllegalArgumentException if no complete snapshot holds everything below {@code beforeIndex}
     */
    void compact(long beforeIndex) throws IOException;

    /**
     * Empties the log in favour of a snapshot: it goes on behind the snapshot's position. Log id, boot counter, lineage and highest epoch stay. Durable on return,
     * and after a crash it has happened or not.
     *
     * @throws IllegalArgumentException if the snapshot is not in {@link SnapshotStore#list}
     */
    void reset(SnapshotInfo installed) throws IOException;

    /** Releases files and the lock. Forces nothing. Closing twice is fine. */
    @Override
    void close();
}
