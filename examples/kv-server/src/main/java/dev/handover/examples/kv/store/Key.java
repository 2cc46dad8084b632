package dev.handover.examples.kv.store;

import java.util.Arrays;

/** A key, compared by its bytes. Comparable, so that a map stays fast when somebody chooses keys that collide. */
final class Key implements Comparable<Key> {
    private final byte[] bytes;
    private final int hash;

    /** Keeps the array: it must not be changed afterwards. */
    Key(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    /** Not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return bytes.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Key key && hash == key.hash && Arrays.equals(bytes, key.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public int compareTo(Key other) {
        return Arrays.compare(bytes, other.bytes);
    }
}
