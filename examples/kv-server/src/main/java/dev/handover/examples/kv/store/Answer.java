package dev.handover.examples.kv.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the store answers to one {@link Write} or {@link Read}. Arrays are the store's own: nobody may change them. */
public sealed interface Answer {
    /** It was done, and there is nothing more to say. */
    record Done() implements Answer {
        /** The only one needed. */
        public static final Done INSTANCE = new Done();
    }

    /** Nothing there, or the condition did not hold. */
    record Nil() implements Answer {
        /** The only one needed. */
        public static final Nil INSTANCE = new Nil();
    }

    /** A number. */
    record Number(long value) implements Answer {}

    /** A value. */
    record Bytes(byte[] value) implements Answer {}

    /** Values, null where a key is missing. */
    record Many(List<byte @Nullable []> values) implements Answer {}

    /** It was refused and changed nothing. */
    record Refused(Reason reason) implements Answer {}

    /** Why a write was refused. */
    enum Reason {
        /** The value is not a decimal number of 64 bits. */
        NOT_AN_INTEGER,
        /** The sum would not fit into 64 bits. */
        OVERFLOW,
        /** The value would be longer than {@link KvStateMachine#MAX_VALUE_BYTES}. */
        TOO_LONG
    }
}
