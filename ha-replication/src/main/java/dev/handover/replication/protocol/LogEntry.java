package dev.handover.replication.protocol;

import org.jspecify.annotations.Nullable;

/**
 * One entry of the replicated log. {@code (index, epoch)} fixes the entry and everything before it. Its payload is an array of its own, or a part of a {@link PayloadMemory} that it shares with others. Nobody may change either.
 */
public final class LogEntry {
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

    private final long index;
    private final long sequence;
    private final Head head;
    /** A byte[], or a {@link PayloadMemory}: one place for both keeps the object small. */
    private final Object source;

    /** Of a part of a memory, see {@link PayloadMemory#place}; else 0. */
    private final int place;

    private LogEntry(long index, long sequence, Head head, Object source, int place) {
        this.index = index;
        this.sequence = sequence;
        this.head = head;
        this.source = source;
        this.place = place;
    }

    /** An entry with a head of its own; see the getters. */
    public LogEntry(
            long index,
            long epoch,
            long timestamp,
            Kind kind,
            long sessionId,
            long sequence,
            long answeredBelow,
            byte[] payload) {
        this(index, sequence, new Head(epoch, timestamp, kind, sessionId, answeredBelow), payload, 0);
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
        Head head = head(before, epoch, timestamp, kind, sessionId, answeredBelow);
        return new LogEntry(index, sequence, head, payload, 0);
    }

    /** The entry of what was proposed; it shares the head of the one before it if that has the same values. */
    static LogEntry after(@Nullable LogEntry before, long index, long epoch, long timestamp, Proposed proposed) {
        Head head = head(before, epoch, timestamp, proposed.kind(), proposed.sessionId(), proposed.answeredBelow());
        PayloadMemory memory = proposed.memory();
        return memory == null
                ? new LogEntry(index, proposed.sequence(), head, proposed.payload(), 0)
                : new LogEntry(index, proposed.sequence(), head, memory, proposed.payloadPlace());
    }

    private static Head head(
            @Nullable LogEntry before, long epoch, long timestamp, Kind kind, long sessionId, long answeredBelow) {
        if (before != null) {
            Head head = before.head;
            if (head.epoch == epoch
                    && head.timestamp == timestamp
                    && head.kind == kind
                    && head.sessionId == sessionId
                    && head.answeredBelow == answeredBelow) {
                return head;
            }
        }
        return new Head(epoch, timestamp, kind, sessionId, answeredBelow);
    }

    /** Position, from 1, without gaps. */
    public long index() {
        return index;
    }

    /** Of a {@link Kind#COMMAND} with a session: its number in the session, from 1; else 0. */
    public long sequence() {
        return sequence;
    }

    /** What entries that were appended together mostly have in common. */
    public Head head() {
        return head;
    }

    /**
     * The command; of a barrier the reason of its epoch in ASCII, from {@link FeatureLevels#BARRIER_REASON} on; else empty. The array itself, not to be changed; a new one each time if the payload
     * is in a {@link #memory}.
     */
    public byte[] payload() {
        return source instanceof PayloadMemory memory ? memory.copy(place) : (byte[]) source;
    }

    /** Length of the payload in bytes. */
    public int payloadLength() {
        return source instanceof byte[] own ? own.length : PayloadMemory.length(place);
    }

    /** The array that holds the payload, from {@link #payloadOffset} on, between whatever: to copy it from. Not to be kept if it is in a {@link #memory}. */
    public byte[] payloadArray() {
        return source instanceof PayloadMemory memory ? memory.bytes() : (byte[]) source;
    }

    /** See {@link #payloadArray}. */
    public int payloadOffset() {
        return PayloadMemory.offset(place);
    }

    /** What holds the payload, if it shares its memory; null if it has an array of its own. */
    public @Nullable PayloadMemory memory() {
        return source instanceof PayloadMemory memory ? memory : null;
    }

    /** This entry, or one that is the same with an array of its own: for whoever keeps it for an unknown time. */
    public LogEntry withOwnPayload() {
        return source instanceof PayloadMemory ? new LogEntry(index, sequence, head, payload(), 0) : this;
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
        return OVERHEAD + payloadLength();
    }

    @Override
    public String toString() {
        return index + "@" + epoch() + " " + kind() + (sessionId() == 0 ? "" : " " + sessionId() + ":" + sequence) + " "
                + payloadLength() + " B";
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LogEntry that
                && index == that.index
                && sequence == that.sequence
                && head.equals(that.head)
                && source == that.source
                && place == that.place;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(index) * 31 + Long.hashCode(epoch());
    }
}
