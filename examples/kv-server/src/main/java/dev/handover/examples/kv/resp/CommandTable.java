package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.store.KvStateMachine;
import dev.handover.replication.ReplicatedLog;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All commands by name. Immutable after construction; any thread. */
final class CommandTable {
    private static final int MAX_NAME = 32;
    private static final int SHOWN_BYTES = 64;
    private static final int SHOWN_ARGUMENTS = 20;

    private final Map<String, CommandSpec> specs = new TreeMap<>();

    CommandTable(ServerInfo server, ReplicatedLog log, KvStateMachine store) {
        DataCommands.all().forEach(this::add);
        new ServerCommands(server).all().forEach(this::add);
        add(new HandoverCommand(server, log, store).spec());
        add(new CommandSpec(
                "command", -1, List.of("loading", "stale"), 0, 0, 0, "Describes the commands.", this::command));
    }

    /** Understands a command, or says in Redis' words why not. */
    Request parse(List<byte[]> words) {
        CommandSpec spec = find(words.get(0));
        if (spec == null) {
            return refuse("ERR unknown command '" + show(words.get(0)) + "', with args beginning with: "
                    + beginningOf(words));
        }
        if (!spec.accepts(words.size())) {
            return refuse("ERR wrong number of arguments for '" + spec.name() + "' command");
        }
        return spec.parser().apply(words);
    }

    /** A request that only fails. */
    static Request refuse(String text) {
        return Request.Immediate.of(new Reply.Failure(text));
    }

    private void add(CommandSpec spec) {
        specs.put(spec.name(), spec);
    }

    private @Nullable CommandSpec find(byte[] name) {
        return name.length > MAX_NAME ? null : specs.get(lower(name));
    }

    private Request command(List<byte[]> words) {
        if (words.size() == 1) {
            return Request.Immediate.of(new Reply.Items(
                    specs.values().stream().map(CommandSpec::describe).toList()));
        }
        String sub = lower(words.get(1));
        List<byte[]> names = words.subList(2, words.size());
        return switch (sub) {
            case "count" -> Request.Immediate.of(new Reply.Number(specs.size()));
            case "list" -> Request.Immediate.of(Reply.bulks(List.copyOf(specs.keySet())));
            case "info" -> Request.Immediate.of(info(names));
            case "docs" -> Request.Immediate.of(docs(names));
            default ->
                refuse("ERR unknown subcommand '" + show(words.get(1)) + "'. Try COMMAND COUNT, DOCS, INFO or LIST.");
        };
    }

    private Reply info(List<byte[]> names) {
        if (names.isEmpty()) {
            return new Reply.Items(
                    specs.values().stream().map(CommandSpec::describe).toList());
        }
        List<Reply> replies = new ArrayList<>();
        for (byte[] name : names) {
            CommandSpec spec = find(name);
            replies.add(spec == null ? Reply.NIL : spec.describe());
        }
        return new Reply.Items(replies);
    }

    private Reply docs(List<byte[]> names) {
        List<Reply> replies = new ArrayList<>();
        for (CommandSpec spec : specs.values()) {
            if (names.isEmpty() || names.stream().anyMatch(name -> lower(name).equals(spec.name()))) {
                replies.add(Reply.bulk(spec.name()));
                replies.add(spec.document());
            }
        }
        return new Reply.Pairs(replies);
    }

    /** Names and options, which are compared without regard to case. */
    static String lower(byte[] word) {
        return new String(word, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    }

    private static String beginningOf(List<byte[]> words) {
        StringBuilder shown = new StringBuilder();
        for (int i = 1; i < Math.min(words.size(), SHOWN_ARGUMENTS); i++) {
            shown.append('\'').append(show(words.get(i))).append("' ");
        }
        return shown.toString();
    }

    private static String show(byte[] word) {
        return new String(word, 0, Math.min(word.length, SHOWN_BYTES), StandardCharsets.ISO_8859_1);
    }
}
