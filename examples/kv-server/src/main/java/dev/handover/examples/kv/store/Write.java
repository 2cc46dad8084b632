package dev.handover.examples.kv.store;

import java.util.List;

/** A change of the store. Arrays are shared, never copied: nobody may change them. */
public sealed interface Write {
    /** When a {@link Put} does what it says. */
    enum Condition {
        /** Always. */
        ALWAYS,
        /** Only if the key is missing. */
        IF_ABSENT,
        /** Only if the key exists. */
        IF_PRESENT
    }

    /** Sets a key: {@link Answer.Done}, or {@link Answer.Nil} if the condition did not hold. */
    record Put(byte[] key, byte[] value, Condition condition) implements Write {}

    /** Removes keys: how many there were. */
    record Remove(List<byte[]> keys) implements Write {}

    /** Adds to a decimal number, a missing one being 0: the sum, or why not. */
    record Add(byte[] key, long delta) implements Write {}

    /** Appends to a value, a missing one being empty: its new length, or why not. */
    record Append(byte[] key, byte[] suffix) implements Write {}

    /** Sets many keys at once, all or none: key, value, key, value and so on. */
    record PutAll(List<byte[]> keysAndValues) implements Write {}

    /** Sets the key if it has the expected value: 1, or 0 if it is missing or has another one. */
    record CompareAndSet(byte[] key, byte[] expected, byte[] value) implements Write {}

    /** Tells all replicas at which address this node answers clients; no key of any client. */
    record Announce(String node, String address) implements Write {}
}
