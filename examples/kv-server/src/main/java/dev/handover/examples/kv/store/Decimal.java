package dev.handover.examples.kv.store;

import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/** Numbers as Redis reads them: decimal, 64 bits, no plus sign, no spaces, no leading zeros, no {@code -0}. */
public final class Decimal {
    private static final int MAX_LENGTH = 20;

    private Decimal() {}

    /** The number, or empty if these bytes are none. */
    public static OptionalLong parse(byte[] text) {
        boolean negative = text.length > 0 && text[0] == '-';
        int first = negative ? 1 : 0;
        if (text.length == first || text.length > MAX_LENGTH) {
            return OptionalLong.empty();
        }
        if (text[first] == '0') {
            return text.length == 1 ? OptionalLong.of(0) : OptionalLong.empty();
        }
        long negated = 0; // counted downwards: there is one more negative number than positive ones
        for (int i = first; i < text.length; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                return OptionalLong.empty();
            }
            if (negated < (Long.MIN_VALUE + digit) / 10) {
                return OptionalLong.empty();
            }
            negated = negated * 10 - digit;
        }
        if (!negative && negated == Long.MIN_VALUE) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(negative ? negated : -negated);
    }

    /** As {@link #parse} reads it. */
    public static byte[] format(long value) {
        return Long.toString(value).getBytes(StandardCharsets.US_ASCII);
    }
}
