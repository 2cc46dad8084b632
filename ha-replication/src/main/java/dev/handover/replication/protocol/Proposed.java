package dev.handover.replication.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What a leader is asked to append, as the core looks at it: it reads each value once and keeps none of these objects, so the shell may give what it has anyway
 * and use it again afterwards. See {@link LogEntry} for the values.
 */
public interface Proposed {
    /** Chosen by the shell, which gets the object back in {@link Effect.Accepted} or {@link Effect.Rejected}; the core does not look at it. */
    long tag();

    /** What the entry will be. */
    LogEntry.Kind kind();

    /** Of a command: its session; 0 if none. */
    long sessionId();

    /** Of a command with a session: its number there; else 0. */
    long sequence();

    /** Of a command with a session: every sequence below has reached its caller; else 0. */
    long answeredBelow();

    /** The command. Not copied: nobody may change it. */
    byte[] payload();

    /** Where the command is, if it shares its memory with others; null if {@link #payload} has it. Held for the entry that comes of it, as long as that may be read. */
    default @Nullable PayloadMemory memory() {
        return null;
    }

    /** With a {@link #memory}: where in it the command is, see {@link PayloadMemory#place}. */
    default int payloadPlace() {
        return 0;
    }
}
