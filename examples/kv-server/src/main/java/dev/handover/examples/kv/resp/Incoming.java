package dev.handover.examples.kv.resp;

import java.util.List;

/** What the decoder has made of a client's bytes. */
sealed interface Incoming {
    /** A command and its arguments; {@code charge} bytes of the {@link MemoryBudget} are held for it until it is answered. */
    record CommandLine(List<byte[]> arguments, long charge) implements Incoming {}

    /** A well-formed command that was read and thrown away: the server holds too many bytes of commands already. */
    record Dropped() implements Incoming {}

    /** Not the protocol; nothing follows. The message says what was wrong. */
    record Malformed(String message) implements Incoming {}
}
