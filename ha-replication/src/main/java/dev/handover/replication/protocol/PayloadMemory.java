package dev.handover.replication.protocol;

import java.util.Arrays;

/**
 * Memory that the payloads of many entries share, as the core knows it: it passes it on with its entries, and neither reads it nor knows when it is free. Parts of it are told by one number, because
 * every entry has one.
 */
public abstract class PayloadMemory {
    /** Most bytes of one, so that the place of a part fits into an int. */
    public static final int MAX_BYTES = 256 << 10;

    /** Longest part, in bytes. */
    public static final int MAX_PART = 32 << 10;

    /** Parts begin at multiples of this. */
    public static final int ALIGNMENT = 8;

    private static final int LENGTH_BITS = 16;

    /** Nothing is kept here. */
    protected PayloadMemory() {}

    /** The array, to be read only; by whoever is known to be a reader. */
    public abstract byte[] bytes();

    /** Where a part is. */
    public static int place(int offset, int length) {
        if (offset < 0 || offset >= MAX_BYTES || offset % ALIGNMENT != 0 || length < 0 || length > MAX_PART) {
            throw new IllegalArgumentException("no part: " + length + " bytes from " + offset + " on");
        }
        return offset / ALIGNMENT << LENGTH_BITS | length;
    }

    /** Where a part begins in {@link #bytes}. */
    public static int offset(int place) {
        return (place >>> LENGTH_BITS) * ALIGNMENT;
    }

    /** Length of a part in bytes. */
    public static int length(int place) {
        return place & (1 << LENGTH_BITS) - 1;
    }

    /** A copy of a part. */
    public final byte[] copy(int place) {
        return Arrays.copyOfRange(bytes(), offset(place), offset(place) + length(place));
    }
}
