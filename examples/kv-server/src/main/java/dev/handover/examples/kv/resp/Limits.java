package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.store.KvStateMachine;

/** What one client may ask of the server. */
public final class Limits {
    /** Longest argument: a value. A longer one is a protocol error, as in Redis, since skipping it would take as long as reading it. */
    static final int MAX_ARGUMENT_BYTES = KvStateMachine.MAX_VALUE_BYTES;

    /** Most arguments of a command. */
    static final int MAX_ARGUMENTS = 64 * 1024;

    /** Most bytes of all arguments of a command: enough for CAS with two of the longest values. */
    static final int MAX_COMMAND_BYTES = 2 * KvStateMachine.MAX_VALUE_BYTES + 1024 * 1024;

    /** Largest entry that the server submits: a longest command with its lengths. */
    public static final int MAX_ENTRY_BYTES = MAX_COMMAND_BYTES + 8 * MAX_ARGUMENTS;

    /** Longest inline command, as in Redis. */
    static final int MAX_INLINE_BYTES = 64 * 1024;

    /** Writes that are sent together as one entry, or reads that are answered together. */
    static final int MAX_RUN = 512;

    /** Bytes of writes that are sent together as one entry, unless one is longer by itself. */
    static final int MAX_RUN_BYTES = 1024 * 1024;

    /** Commands of one connection that wait before the server stops reading from it. */
    static final int MAX_WAITING = 2048;

    /** Bytes of one connection's commands that wait before the server stops reading from it. */
    static final int MAX_WAITING_BYTES = 1024 * 1024;

    private Limits() {}
}
