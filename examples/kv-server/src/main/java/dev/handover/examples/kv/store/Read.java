package dev.handover.examples.kv.store;

import java.util.List;

/** A question to the store. */
public sealed interface Read {
    /** A key's value: {@link Answer.Bytes}, or {@link Answer.Nil}. */
    record Get(byte[] key) implements Read {}

    /** The values of many keys, at one moment: {@link Answer.Many}. */
    record GetAll(List<byte[]> keys) implements Read {}

    /** How many of the keys exist; one that is named twice counts twice. */
    record Exists(List<byte[]> keys) implements Read {}

    /** A value's length in bytes; 0 if the key is missing. */
    record Length(byte[] key) implements Read {}

    /** How many keys there are. */
    record Size() implements Read {}
}
