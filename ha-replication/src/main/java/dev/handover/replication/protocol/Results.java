package dev.handover.replication.protocol;

import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Results of a session's commands by sequence, ascending, in a ring. Sequences come nearly in order and go from the front, so that neither a search nor an object per
 * command is needed; whatever order they come in, they are found.
 */
final class Results {
    private static final int INITIAL = 8;

    private long[] sequences = new long[INITIAL];
    private byte[] @Nullable [] results = new byte[INITIAL][];
    /** Place of the first; places count on beyond the end and are cut to the ring. */
    private int first;

    private int size;

    int size() {
        return size;
    }

    byte @Nullable [] get(long sequence) {
        int at = firstNotBelow(sequence);
        return at < size && sequences[place(at)] == sequence ? results[place(at)] : null;
    }

    /** Puts what is not there yet. */
    void put(long sequence, byte[] result) {
        if (size == sequences.length) {
            grow();
        }
        int at = firstNotBelow(sequence);
        for (int i = size; i > at; i--) {
            sequences[place(i)] = sequences[place(i - 1)];
            results[place(i)] = results[place(i - 1)];
        }
        sequences[place(at)] = sequence;
        results[place(at)] = result;
        size++;
    }

    /** Forgets all that are below. */
    void forgetBelow(long sequence) {
        while (size > 0 && sequences[first] < sequence) {
            results[first] = null;
            first = place(1);
            size--;
        }
    }

    SortedMap<Long, byte[]> copy() {
        TreeMap<Long, byte[]> copy = new TreeMap<>();
        for (int i = 0; i < size; i++) {
            byte[] result = results[place(i)];
            if (result != null) {
                copy.put(sequences[place(i)], result);
            }
        }
        return copy;
    }

    /** How many are below. */
    private int firstNotBelow(long sequence) {
        if (size == 0 || sequences[place(size - 1)] < sequence) {
            return size;
        }
        int low = 0;
        int high = size - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sequences[place(middle)] < sequence) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private int place(int at) {
        return first + at & sequences.length - 1;
    }

    private void grow() {
        long[] moreSequences = new long[2 * size];
        byte[] @Nullable [] moreResults = new byte[2 * size][];
        for (int i = 0; i < size; i++) {
            moreSequences[i] = sequences[place(i)];
            moreResults[i] = results[place(i)];
        }
        sequences = moreSequences;
        results = moreResults;
        first = 0;
    }
}
