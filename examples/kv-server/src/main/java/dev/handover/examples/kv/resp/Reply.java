package dev.handover.examples.kv.resp;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What goes back to a client, before it is known whether it speaks RESP2 or RESP3. */
sealed interface Reply {
    /** {@code +OK}. */
    Reply OK = new Status("OK");

    /** Nothing there. */
    Reply NIL = new Nil();

    /** A short word that says how it went. */
    record Status(String text) implements Reply {}

    /** {@code -CODE text}: {@code text} begins with the code. */
    record Failure(String text) implements Reply {}

    /** A number. */
    record Number(long value) implements Reply {}

    /** Bytes. */
    record Bulk(byte[] bytes) implements Reply {}

    /** Lines for people. */
    record Text(String text) implements Reply {}

    /** Nothing there. */
    record Nil() implements Reply {}

    /** A list. */
    record Items(List<Reply> items) implements Reply {}

    /** Names and values in turn: a map in RESP3, a list in RESP2. */
    record Pairs(List<Reply> namesAndValues) implements Reply {}

    /** Bytes of a text. */
    static Reply bulk(String text) {
        return new Bulk(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A list of texts. */
    static Reply bulks(List<String> texts) {
        return new Items(texts.stream().map(Reply::bulk).toList());
    }

    /** {@code -ERR text}. */
    static Reply error(String text) {
        return new Failure("ERR " + text);
    }
}
