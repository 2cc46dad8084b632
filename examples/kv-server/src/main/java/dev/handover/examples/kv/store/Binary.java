package dev.handover.examples.kv.store;

import java.nio.ByteBuffer;

/** Lengths and numbers in as few bytes as they need: seven bits per byte, least first, the eighth says that more follow. */
final class Binary {
    private static final int MAX_INT_BYTES = 5;
    private static final int MAX_LONG_BYTES = 10;

    private Binary() {}

    static int sizeOf(long value) {
        int size = 1;
        for (long rest = value >>> 7; rest != 0; rest >>>= 7) {
            size++;
        }
        return size;
    }

    static int sizeOf(byte[] bytes) {
        return sizeOf(bytes.length) + bytes.length;
    }

    static void putNumber(ByteBuffer out, long value) {
        long rest = value;
        while ((rest & ~0x7FL) != 0) {
            out.put((byte) (rest | 0x80));
            rest >>>= 7;
        }
        out.put((byte) rest);
    }

    static void putBytes(ByteBuffer out, byte[] bytes) {
        putNumber(out, bytes.length);
        out.put(bytes);
    }

    static long number(ByteBuffer in) {
        return number(in, MAX_LONG_BYTES);
    }

    /** A length or count: no more than there are bytes left, so that nothing is allocated for what is not there. */
    static int length(ByteBuffer in) {
        long length = number(in, MAX_INT_BYTES);
        if (length > in.remaining()) {
            throw new IllegalArgumentException("length " + length + " with " + in.remaining() + " bytes left");
        }
        return (int) length;
    }

    static byte[] bytes(ByteBuffer in) {
        byte[] bytes = new byte[length(in)];
        in.get(bytes);
        return bytes;
    }

    /** Small numbers of either sign become small positive ones. */
    static long zigzag(long value) {
        return (value << 1) ^ (value >> 63);
    }

    static long unzigzag(long value) {
        return (value >>> 1) ^ -(value & 1);
    }

    private static long number(ByteBuffer in, int maxBytes) {
        long value = 0;
        for (int i = 0; i < maxBytes; i++) {
            if (!in.hasRemaining()) {
                throw new IllegalArgumentException("ends within a number");
            }
            byte b = in.get();
            value |= (long) (b & 0x7F) << (7 * i);
            if (b >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("number of more than " + maxBytes + " bytes");
    }
}
