package dev.handover.examples.kv.resp;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The commands that a server answers out of its own head. */
final class ServerCommands {
    private static final List<String> FLAGS = List.of("loading", "stale", "fast");

    private final ServerInfo server;

    ServerCommands(ServerInfo server) {
        this.server = server;
    }

    List<CommandSpec> all() {
        return List.of(
                spec("ping", -1, "Answers PONG, or its argument.", ServerCommands::ping),
                spec("echo", 2, "Answers its argument.", words -> Request.Immediate.of(new Reply.Bulk(words.get(1)))),
                spec("info", -1, "Tells about the server: INFO [section ...].", this::info),
                spec(
                        "role",
                        1,
                        "Tells whether this node leads.",
                        words -> new Request.Immediate(client -> server.role())),
                spec("config", -2, "CONFIG GET pattern [pattern ...].", this::config),
                spec("client", -2, "CLIENT ID, INFO, LIST, GETNAME, SETNAME or SETINFO.", this::client),
                spec("hello", -1, "HELLO [2|3 [SETNAME name]]: chooses the protocol.", this::hello),
                spec("select", 2, "SELECT 0: there is one database.", ServerCommands::select),
                spec("quit", -1, "Closes the connection.", words -> new Request.Final(Reply.OK)),
                spec(
                        "readonly",
                        1,
                        "Reads on this connection may be old, and need no leader.",
                        words -> readOnly(true)),
                spec(
                        "readwrite",
                        1,
                        "Reads on this connection are linearizable: the default.",
                        words -> readOnly(false)));
    }

    private static CommandSpec spec(String name, int arity, String summary, Function<List<byte[]>, Request> parser) {
        return new CommandSpec(name, arity, FLAGS, 0, 0, 0, summary, parser);
    }

    private static Request ping(List<byte[]> words) {
        if (words.size() > 2) {
            return CommandTable.refuse("ERR wrong number of arguments for 'ping' command");
        }
        return Request.Immediate.of(words.size() == 1 ? new Reply.Status("PONG") : new Reply.Bulk(words.get(1)));
    }

    private Request info(List<byte[]> words) {
        List<String> sections = words.stream().skip(1).map(CommandTable::lower).toList();
        return new Request.Immediate(client -> new Reply.Text(server.info(sections)));
    }

    private Request config(List<byte[]> words) {
        String sub = CommandTable.lower(words.get(1));
        if (sub.equals("resetstat") && words.size() == 2) {
            return CommandTable.refuse("ERR CONFIG RESETSTAT is not supported: counters only grow");
        }
        if (!sub.equals("get")) {
            return CommandTable.refuse("ERR unknown subcommand '" + sub + "'. Try CONFIG GET; settings are changed by"
                    + " options at the start.");
        }
        if (words.size() < 3) {
            return CommandTable.refuse("ERR wrong number of arguments for 'config|get' command");
        }
        List<String> patterns = words.stream().skip(2).map(CommandTable::lower).toList();
        return new Request.Immediate(client -> {
            List<Reply> found = new ArrayList<>();
            for (Map.Entry<String, String> entry : server.configuration().entrySet()) {
                if (patterns.stream().anyMatch(pattern -> matches(pattern, entry.getKey()))) {
                    found.add(Reply.bulk(entry.getKey()));
                    found.add(Reply.bulk(entry.getValue()));
                }
            }
            return new Reply.Pairs(found);
        });
    }

    /** Stars match anything; a star too many costs no time. */
    static boolean matches(String pattern, String name) {
        int p = 0;
        int n = 0;
        int star = -1;
        int retry = 0;
        while (n < name.length()) {
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = p++;
                retry = n;
            } else if (p < pattern.length() && (pattern.charAt(p) == '?' || pattern.charAt(p) == name.charAt(n))) {
                p++;
                n++;
            } else if (star >= 0) {
                p = star + 1;
                n = ++retry;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }

    private Request client(List<byte[]> words) {
        String sub = CommandTable.lower(words.get(1));
        int arity =
                switch (sub) {
                    case "setname" -> 3;
                    case "setinfo" -> 4;
                    case "id", "getname", "info", "list" -> 2;
                    default -> 0;
                };
        if (arity == 0) {
            return CommandTable.refuse(
                    "ERR unknown subcommand '" + sub + "'. Try CLIENT ID, INFO, LIST, GETNAME, SETNAME or SETINFO.");
        }
        if (words.size() != arity) {
            return CommandTable.refuse("ERR wrong number of arguments for 'client|" + sub + "' command");
        }
        return new Request.Immediate(
                switch (sub) {
                    case "id" -> client -> new Reply.Number(client.id());
                    case "getname" -> client -> client.name().isEmpty() ? Reply.NIL : Reply.bulk(client.name());
                    case "info" -> client -> new Reply.Text(client.describe());
                    case "list" ->
                        client -> new Reply.Text(server.clients.values().stream()
                                .map(ClientState::describe)
                                .collect(Collectors.joining()));
                    case "setname" -> client -> setName(client, words.get(2));
                    default -> client -> setInfo(client, words.get(2), words.get(3));
                });
    }

    private static Reply setName(ClientState client, byte[] name) {
        if (!isPlain(name)) {
            return Reply.error("Client names cannot contain spaces, newlines or special characters.");
        }
        client.name(new String(name, StandardCharsets.US_ASCII));
        return Reply.OK;
    }

    private static Reply setInfo(ClientState client, byte[] attribute, byte[] value) {
        String name = CommandTable.lower(attribute);
        if (!name.equals("lib-name") && !name.equals("lib-ver")) {
            return Reply.error("Unrecognized option '" + name + "'");
        }
        if (!isPlain(value)) {
            return Reply.error(name + " cannot contain spaces, newlines or special characters.");
        }
        String text = new String(value, StandardCharsets.US_ASCII);
        if (name.equals("lib-name")) {
            client.library(text);
        } else {
            client.libraryVersion(text);
        }
        return Reply.OK;
    }

    private static boolean isPlain(byte[] text) {
        if (text.length > 256) {
            return false;
        }
        for (byte b : text) {
            if (b < '!' || b > '~') {
                return false;
            }
        }
        return true;
    }

    private Request hello(List<byte[]> words) {
        return new Request.Immediate(client -> {
            int protocol = client.protocol();
            if (words.size() > 1) {
                String version = CommandTable.lower(words.get(1));
                if (!version.equals("2") && !version.equals("3")) {
                    return new Reply.Failure("NOPROTO unsupported protocol version");
                }
                protocol = version.charAt(0) - '0';
            }
            for (int i = 2; i < words.size(); i += 2) {
                String option = CommandTable.lower(words.get(i));
                if (option.equals("auth") && i + 2 < words.size()) {
                    return Reply.error("AUTH <password> called without any password configured for the default user."
                            + " Are you sure your configuration is correct?");
                }
                if (!option.equals("setname") || i + 1 >= words.size()) {
                    return Reply.error("Syntax error in HELLO option '" + option + "'");
                }
                Reply named = setName(client, words.get(i + 1));
                if (named != Reply.OK) {
                    return named;
                }
            }
            client.protocol(protocol);
            return greeting(client);
        });
    }

    private Reply greeting(ClientState client) {
        return new Reply.Pairs(List.of(
                Reply.bulk("server"),
                Reply.bulk("redis"),
                Reply.bulk("version"),
                Reply.bulk(ServerInfo.VERSION),
                Reply.bulk("proto"),
                new Reply.Number(client.protocol()),
                Reply.bulk("id"),
                new Reply.Number(client.id()),
                Reply.bulk("mode"),
                Reply.bulk("standalone"),
                Reply.bulk("role"),
                Reply.bulk(server.leads() ? "master" : "replica"),
                Reply.bulk("modules"),
                new Reply.Items(List.of())));
    }

    private static Request select(List<byte[]> words) {
        String index = CommandTable.lower(words.get(1));
        if (index.equals("0")) {
            return Request.Immediate.of(Reply.OK);
        }
        return CommandTable.refuse(
                index.matches("-?\\d{1,9}") ? "ERR DB index is out of range" : "ERR invalid DB index");
    }

    private static Request readOnly(boolean wanted) {
        return new Request.Immediate(client -> {
            client.readOnly(wanted);
            return Reply.OK;
        });
    }
}
