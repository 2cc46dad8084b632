package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.store.Decimal;
import dev.handover.examples.kv.store.KvStateMachine;
import dev.handover.examples.kv.store.Read;
import dev.handover.examples.kv.store.Write;
import dev.handover.examples.kv.store.Write.Condition;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;

/** The commands on keys. */
final class DataCommands {
    private static final String NOT_AN_INTEGER = "ERR value is not an integer or out of range";
    private static final List<String> WRITE = List.of("write", "denyoom");
    private static final List<String> READ = List.of("readonly", "fast");

    private DataCommands() {}

    static List<CommandSpec> all() {
        return List.of(
                write("set", -3, 1, "Sets a key: SET key value [NX|XX].", DataCommands::set),
                new CommandSpec(
                        "mset",
                        -3,
                        WRITE,
                        1,
                        -1,
                        2,
                        "Sets many keys at once: MSET key value [key value ...].",
                        DataCommands::mset),
                write(
                        "del",
                        -2,
                        -1,
                        "Removes keys and says how many there were.",
                        words -> keyed(words, keys -> new Request.Mutate(new Write.Remove(keys)))),
                write(
                        "append",
                        3,
                        1,
                        "Appends to a value and tells its new length.",
                        words -> keyed(words, 1, key -> new Request.Mutate(new Write.Append(key, words.get(2))))),
                write("incr", 2, 1, "Adds one.", words -> add(words.get(1), 1)),
                write("decr", 2, 1, "Subtracts one.", words -> add(words.get(1), -1)),
                write("incrby", 3, 1, "Adds a number.", words -> add(words.get(1), words.get(2), false)),
                write("decrby", 3, 1, "Subtracts a number.", words -> add(words.get(1), words.get(2), true)),
                write(
                        "cas",
                        4,
                        1,
                        "CAS key expected new: 1 if the key had the expected value, else 0.",
                        words -> keyed(
                                words,
                                1,
                                key -> new Request.Mutate(new Write.CompareAndSet(key, words.get(2), words.get(3))))),
                read(
                        "get",
                        2,
                        1,
                        "Gets a value.",
                        words -> keyed(words, 1, key -> new Request.Query(new Read.Get(key)))),
                read(
                        "strlen",
                        2,
                        1,
                        "Tells the length of a value.",
                        words -> keyed(words, 1, key -> new Request.Query(new Read.Length(key)))),
                read(
                        "exists",
                        -2,
                        -1,
                        "Counts the keys that exist.",
                        words -> keyed(words, keys -> new Request.Query(new Read.Exists(keys)))),
                read(
                        "mget",
                        -2,
                        -1,
                        "Gets many values of one moment.",
                        words -> keyed(words, keys -> new Request.Query(new Read.GetAll(keys)))),
                new CommandSpec(
                        "dbsize", 1, READ, 0, 0, 0, "Counts all keys.", words -> new Request.Query(new Read.Size())));
    }

    private static CommandSpec write(
            String name, int arity, int lastKey, String summary, Function<List<byte[]>, Request> parser) {
        return new CommandSpec(name, arity, WRITE, 1, lastKey, 1, summary, parser);
    }

    private static CommandSpec read(
            String name, int arity, int lastKey, String summary, Function<List<byte[]>, Request> parser) {
        return new CommandSpec(name, arity, READ, 1, lastKey, 1, summary, parser);
    }

    private static Request set(List<byte[]> words) {
        Condition condition = Condition.ALWAYS;
        for (byte[] option : words.subList(3, words.size())) {
            Condition wanted =
                    switch (CommandTable.lower(option)) {
                        case "nx" -> Condition.IF_ABSENT;
                        case "xx" -> Condition.IF_PRESENT;
                        default -> null;
                    };
            if (wanted == null || (condition != Condition.ALWAYS && condition != wanted)) {
                return CommandTable.refuse("ERR syntax error");
            }
            condition = wanted;
        }
        Condition chosen = condition;
        return keyed(words, 1, key -> new Request.Mutate(new Write.Put(key, words.get(2), chosen)));
    }

    private static Request mset(List<byte[]> words) {
        List<byte[]> pairs = words.subList(1, words.size());
        if (pairs.size() % 2 != 0) {
            return CommandTable.refuse("ERR wrong number of arguments for 'mset' command");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            if (pairs.get(i).length > KvStateMachine.MAX_KEY_BYTES) {
                return tooLong(pairs.get(i));
            }
        }
        return new Request.Mutate(new Write.PutAll(new ArrayList<>(pairs)));
    }

    private static Request add(byte[] key, byte[] number, boolean subtract) {
        OptionalLong parsed = Decimal.parse(number);
        if (parsed.isEmpty()) {
            return CommandTable.refuse(NOT_AN_INTEGER);
        }
        if (subtract && parsed.getAsLong() == Long.MIN_VALUE) {
            return CommandTable.refuse("ERR decrement would overflow");
        }
        return add(key, subtract ? -parsed.getAsLong() : parsed.getAsLong());
    }

    private static Request add(byte[] key, long delta) {
        return key.length > KvStateMachine.MAX_KEY_BYTES ? tooLong(key) : new Request.Mutate(new Write.Add(key, delta));
    }

    private static Request keyed(List<byte[]> words, int at, Function<byte[], Request> request) {
        byte[] key = words.get(at);
        return key.length > KvStateMachine.MAX_KEY_BYTES ? tooLong(key) : request.apply(key);
    }

    private static Request keyed(List<byte[]> words, Function<List<byte[]>, Request> request) {
        List<byte[]> keys = new ArrayList<>(words.subList(1, words.size()));
        for (byte[] key : keys) {
            if (key.length > KvStateMachine.MAX_KEY_BYTES) {
                return tooLong(key);
            }
        }
        return request.apply(keys);
    }

    private static Request tooLong(byte[] key) {
        return CommandTable.refuse(
                "ERR key of " + key.length + " bytes is too long: use at most " + KvStateMachine.MAX_KEY_BYTES);
    }
}
