package dev.handover.jmh.cluster;

import java.util.BitSet;

/**
 * The trivial state machine that all systems apply: it counts commands and remembers the numbers of those that have one, so that what was lost or applied twice
 * can be told. A command begins with its number, eight bytes, big-endian; a negative one is only counted.
 */
final class Ledger {
    private final BitSet seen = new BitSet();
    private long applied;
    private long doubled;

    /** The state machine; returns how many commands were applied. */
    synchronized long apply(long number) {
        if (number >= 0) {
            int bit = Math.toIntExact(number);
            if (seen.get(bit)) {
                doubled++;
            } else {
                seen.set(bit);
            }
        }
        return ++applied;
    }

    synchronized long applied() {
        return applied;
    }

    synchronized long doubled() {
        return doubled;
    }

    /** How many of these numbers were not applied. */
    synchronized long missing(BitSet acknowledged) {
        BitSet lost = (BitSet) acknowledged.clone();
        lost.andNot(seen);
        return lost.cardinality();
    }

    /** Starts anew: a log that is replayed. */
    synchronized void clear() {
        seen.clear();
        applied = 0;
        doubled = 0;
    }

    static long number(byte[] payload, int offset) {
        long number = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            number = number << 8 | (payload[offset + i] & 0xff);
        }
        return number;
    }

    static void putNumber(byte[] payload, long number) {
        for (int i = 0; i < Long.BYTES; i++) {
            payload[i] = (byte) (number >>> (56 - 8 * i));
        }
    }
}
