package dev.handover.replication.protocol;

/** {@link Proposed} as values of its own, as they travel between nodes. */
public record Proposal(long tag, LogEntry.Kind kind, long sessionId, long sequence, long answeredBelow, byte[] payload)
        implements Proposed {}
