package dev.handover.replication;

/**
 * A committed command, as a state machine gets it.
 *
 * @param index of its entry in the log
 * @param epoch in which it was appended
 * @param timestampMillis wall clock of the leader that appended it, milliseconds since 1970, never decreasing: the only time a state machine may look at
 * @param payload what was submitted. Shared with the log: it must not be changed, and may be kept
 */
public record Command(long index, long epoch, long timestampMillis, byte[] payload) {}
