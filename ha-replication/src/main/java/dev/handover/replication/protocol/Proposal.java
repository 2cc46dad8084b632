package dev.handover.replication.protocol;

/**
 * What a leader is asked to append; see {@link LogEntry} for the fields.
 *
 * @param tag chosen by the shell, which gets it back in {@link Effect.Accepted} or {@link Effect.Rejected}; the core does not look at it
 */
public record Proposal(
        long tag, LogEntry.Kind kind, long sessionId, long sequence, long answeredBelow, byte[] payload) {}
