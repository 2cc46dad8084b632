package dev.handover.replication.storage;

import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;

/**
 * A log that may hold back what is appended, and have it forced in a {@link Journal} together with that of other logs. By the thread that writes the log; entries that
 * are held back may be read by that thread only.
 */
public interface JournalPart {
    /**
     * From now on a loss of power, or the end of the process, leaves what is durable in this journal and perhaps in the segments. Durable on return. Everything that was appended has to be forced before.
     */
    void dependOn(UUID journal) throws IOException;

    /**
     * As {@link LogStore#append}, only into memory; false, and nothing is done, where it has to be appended to the segment.
     *
     * @param most bytes that may be held back at a time
     */
    boolean holdBack(List<LogEntry> entries, int most) throws IOException;

    /** Bytes that are held back and not durable; -1 if {@link LogStore#force} has to be called. */
    int onlyHeldBack();

    /** Whose they are. */
    UUID logId();

    /** Offset in the log at which they begin. */
    long durable();

    /** Puts them there. */
    void copyHeldBack(ByteBuffer target);

    /** What is before that offset is durable, here or in the journal that the log depends on. */
    void durableElsewhere(long end);
}
