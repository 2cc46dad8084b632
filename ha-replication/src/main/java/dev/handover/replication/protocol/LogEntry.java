package dev.handover.replication.protocol;

import org.jspecify.annotations.Nullable;

/**
 * One entry of the replicated log. {@code (index, epoch)} fixes the entry and everything before it.
 *
 * @param index position, from 1, without gaps
 * @param sequence of a {@link Kind#COMMAND} with a session: its number in the session, from 1; else 0
 * @param head what entries that were appended together mostly have in common
 * @param payload the command; of a barrier the reason of its epoch in ASCII, from {@link FeatureLevels#BARRIER_REASON} on; else empty. Not copied: nobody may change it
 */
public record LogEntry(long index, long sequence, Head head, byte[] payload) {
    /**
     * Values that entries may share, so that each takes less memory.
     *
     * @param epoch in which its leader appended it
     * @param timestamp wall clock of that leader in milliseconds since 1970, never decreasing along the log (R19); the only time that state machines know
     * @param kind what it is
     * @param sessionId of a {@link Kind#COMMAND}: the session, which is the index of its {@link Kind#OPEN_SESSION}; 0 for other kinds and for
     *     commands without a session
     * @param answeredBelow of a {@link Kind#COMMAND} with a session: every sequence below has reached its caller, so the results may be forgotten; else 0
     */
    public record Head(long epoch, long timestamp, Kind kind, long sessionId, long answeredBelow) {}

    private static final byte[] NOTHING = {};
    private static final int OVERHEAD = 64;

    /** What an entry is. */
    public enum Kind {
        /** First entry of a leader in its own epoch. */
        BARRIER,
        /** A command for the state machine. */
        COMMAND,
        /** Opens a session, whose id is the index of this entry. */
        OPEN_SESSION
    }

    /** An entry with a head of its own. */
    public LogEntry(
            long index,
            long epoch,
            long timestamp,
            Kind kind,
            long sessionId,
            long sequence,
            long answeredBelow,
            byte[] payload) {
        this(index, sequence, new Head(epoch, timestamp, kind, sessionId, answeredBelow), payload);
    }

    /** An entry that shares the head of the one before it if that has the same values. */
    public static LogEntry after(
            @Nullable LogEntry before,
            long index,
            long epoch,
            long timestamp,
            Kind kind,
            long sessionId,
            long sequence,
            long answeredBelow,
            byte[] payload) {
        if (before != null) {
            Head head = before.head;
            if (head.epoch == epoch
                    && head.timestamp == timestamp
                    && head.kind == kind
                    && head.sessionId == sessionId
                    && head.answeredBelow == answeredBelow) {
                return new LogEntry(index, sequence, head, payload);
            }
        }
        return new LogEntry(index, epoch, timestamp, kind, sessionId, sequence, answeredBelow, payload);
    }

    /** See {@link Head}. */
    public long epoch() {
        return head.epoch;
    }

    /** See {@link Head}. */
    public long timestamp() {
        return head.timestamp;
    }

    /** See {@link Head}. */
    public Kind kind() {
        return head.kind;
    }

    /** See {@link Head}. */
    public long sessionId() {
        return head.sessionId;
    }

    /** See {@link Head}. */
    public long answeredBelow() {
        return head.answeredBelow;
    }

    /** The barrier of an epoch. */
    public static LogEntry barrier(long index, long epoch, long timestamp) {
        return barrier(index, epoch, timestamp, NOTHING);
    }

    /** The barrier of an epoch with what it says, see {@link FeatureLevels#BARRIER_REASON}. */
    public static LogEntry barrier(long index, long epoch, long timestamp, byte[] payload) {
        return new LogEntry(index, epoch, timestamp, Kind.BARRIER, 0, 0, 0, payload);
    }

    /** What it takes in memory, on the wire and on disk, roughly, in bytes. */
    public int size() {
        return OVERHEAD + payload.length;
    }

    @Override
    public String toString() {
        return index + "@" + epoch() + " " + kind() + (sessionId() == 0 ? "" : " " + sessionId() + ":" + sequence) + " "
                + payload.length + " B";
    }
}
