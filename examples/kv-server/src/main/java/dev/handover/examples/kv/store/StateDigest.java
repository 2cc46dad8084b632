package dev.handover.examples.kv.store;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;

/** Sums up pairs, in whatever order they come: SHA-256 of each, of which 128 bits are added. */
final class StateDigest {
    private final MessageDigest sha256;
    private long high;
    private long low;

    StateDigest() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** @param kind pairs of different kinds are different */
    void add(char kind, byte[] key, byte[] value) {
        sha256.update(ByteBuffer.allocate(Character.BYTES + Integer.BYTES)
                .putChar(kind)
                .putInt(key.length)
                .flip());
        sha256.update(key);
        ByteBuffer hash = ByteBuffer.wrap(sha256.digest(value));
        high += hash.getLong();
        low += hash.getLong();
    }

    String hex() {
        return String.format(Locale.ROOT, "%016x%016x", high, low);
    }
}
