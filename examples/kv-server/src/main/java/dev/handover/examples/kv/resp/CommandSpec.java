package dev.handover.examples.kv.resp;

import java.util.List;
import java.util.function.Function;

/**
 * A command, as {@code COMMAND} describes it.
 *
 * @param name in lower case
 * @param arity number of words, the name included; negative: at least so many
 * @param flags as Redis has them
 * @param firstKey position of the first key; 0 if there is none
 * @param lastKey position of the last key; -1: the last word
 * @param step from key to key
 * @param summary one line
 * @param parser makes a request of the words; never called with a wrong number of them
 */
record CommandSpec(
        String name,
        int arity,
        List<String> flags,
        int firstKey,
        int lastKey,
        int step,
        String summary,
        Function<List<byte[]>, Request> parser) {
    /** Whether so many words, the name included, are right. */
    boolean accepts(int words) {
        return arity >= 0 ? words == arity : words >= -arity;
    }

    /** As {@code COMMAND INFO} lists it. */
    Reply describe() {
        return new Reply.Items(List.of(
                Reply.bulk(name),
                new Reply.Number(arity),
                new Reply.Items(flags.stream().<Reply>map(Reply.Status::new).toList()),
                new Reply.Number(firstKey),
                new Reply.Number(lastKey),
                new Reply.Number(step)));
    }

    /** As {@code COMMAND DOCS} tells it. */
    Reply document() {
        return new Reply.Pairs(List.of(
                Reply.bulk("summary"), Reply.bulk(summary),
                Reply.bulk("since"), Reply.bulk("1.0.0"),
                Reply.bulk("group"), Reply.bulk(firstKey > 0 ? "string" : "server")));
    }
}
