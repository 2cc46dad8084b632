package dev.handover.examples.demo;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An answer in RESP2. */
sealed interface Reply {
    /** {@code +OK} and the like. */
    record Status(String text) implements Reply {}

    /** {@code -ERR ...}; the first word says what kind. */
    record Failure(String text) implements Reply {
        /** The server promises that the command was not executed: send it again. */
        boolean notExecuted() {
            return text.startsWith("TRYAGAIN") || text.startsWith("OVERLOADED");
        }

        /** The server is going, in order, and wants to be left; the command was not executed. */
        boolean elsewhere() {
            return notExecuted() && text.contains("use another node");
        }

        /** The command may have been executed. */
        boolean uncertain() {
            return text.startsWith("UNCERTAIN");
        }
    }

    /** {@code :1}. */
    record Number(long value) implements Reply {}

    /** {@code $3 abc}; null stands for "no such key". */
    @SuppressWarnings("ArrayRecordComponent")
    record Bulk(byte @Nullable [] bytes) implements Reply {
        /** Empty if there is nothing. */
        String text() {
            return bytes == null ? "" : new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** {@code *2 ...}. */
    record Items(List<Reply> items) implements Reply {}
}
