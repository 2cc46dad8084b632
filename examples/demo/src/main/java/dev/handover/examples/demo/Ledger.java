package dev.handover.examples.demo;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What one writer has sent and what became of it. The writer numbers its tokens 0, 1, 2 … and appends each one to a key of its own, a
 * few hundred to a key. A token is sent again only if the server promised that it was not executed. So an acknowledged
 * token must be found exactly once at the end, and one whose outcome stayed unknown at most once.
 *
 * <p>One thread writes; the others look only after it has ended.
 */
final class Ledger {
    /** Keeps values near 3 kB: an append copies its value. */
    static final int TOKENS_PER_KEY = 500;

    private final String writer;
    private final BitSet acknowledged = new BitSet();
    private final BitSet unknown = new BitSet();
    private int next;

    /** For the writer of that name; no other writer uses keys that begin with it. */
    Ledger(String writer) {
        this.writer = writer;
    }

    /** Takes the next token. */
    int take() {
        return next++;
    }

    /** The key that the token goes to. */
    String key(int token) {
        return "demo:" + writer + ":" + token / TOKENS_PER_KEY;
    }

    /** The token as it is appended. */
    static String text(int token) {
        return token + ",";
    }

    /** The server has answered, or the token was read back. */
    void acknowledged(int token) {
        acknowledged.set(token);
    }

    /** The connection broke, and the token was not there when it was read back: it may still arrive, once. */
    void unknown(int token) {
        unknown.set(token);
    }

    int acknowledgedCount() {
        return acknowledged.cardinality();
    }

    int unknownCount() {
        return unknown.cardinality();
    }

    boolean isAcknowledged(int token) {
        return acknowledged.get(token);
    }

    boolean wasSent(int token) {
        return token < next;
    }

    /** Tokens that belong to the key with this number, whatever became of them: from here… */
    static int firstOf(int keyNumber) {
        return keyNumber * TOKENS_PER_KEY;
    }

    /** …to before here. */
    int endOf(int keyNumber) {
        return Math.min(next, (keyNumber + 1) * TOKENS_PER_KEY);
    }

    /** All keys that it has written to, in order. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (int token = 0; token < next; token += TOKENS_PER_KEY) {
            keys.add(key(token));
        }
        return keys;
    }
}
