package dev.handover.replication;

import org.jspecify.annotations.Nullable;

/** From positive numbers to objects, without a box for every number: open addressing, linear probing, at most half full. One thread. */
final class LongMap<V> {
    private static final int INITIAL = 64;

    private long[] keys = new long[INITIAL];
    private @Nullable Object[] values = new Object[INITIAL];
    private int size;

    int size() {
        return size;
    }

    void put(long key, V value) {
        if (key <= 0) {
            throw new IllegalArgumentException("key " + key + " is below 1");
        }
        if (size * 2 >= keys.length) {
            grow();
        }
        int at = find(key);
        if (keys[at] == 0) {
            keys[at] = key;
            size++;
        }
        values[at] = value;
    }

    @SuppressWarnings("unchecked")
    @Nullable
    V get(long key) {
        return key <= 0 ? null : (V) values[find(key)];
    }

    @SuppressWarnings("unchecked")
    @Nullable
    V remove(long key) {
        if (key <= 0) {
            return null;
        }
        int at = find(key);
        if (keys[at] == 0) {
            return null;
        }
        V value = (V) values[at];
        int mask = keys.length - 1;
        int hole = at;
        // What follows in the same run moves up if its own place is not between the hole and where it stands.
        for (int i = hole + 1 & mask; keys[i] != 0; i = i + 1 & mask) {
            int home = slot(keys[i], mask);
            if ((i - home & mask) >= (i - hole & mask)) {
                keys[hole] = keys[i];
                values[hole] = values[i];
                hole = i;
            }
        }
        keys[hole] = 0;
        values[hole] = null;
        size--;
        return value;
    }

    private int find(long key) {
        int mask = keys.length - 1;
        int at = slot(key, mask);
        while (keys[at] != 0 && keys[at] != key) {
            at = at + 1 & mask;
        }
        return at;
    }

    private static int slot(long key, int mask) {
        return (int) (key * 0x9E3779B97F4A7C15L >>> 40) & mask;
    }

    private void grow() {
        long[] oldKeys = keys;
        @Nullable Object[] oldValues = values;
        keys = new long[oldKeys.length * 2];
        values = new Object[oldKeys.length * 2];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldKeys[i] != 0) {
                int at = find(oldKeys[i]);
                keys[at] = oldKeys[i];
                values[at] = oldValues[i];
            }
        }
    }
}
