package dev.handover.examples.admin;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.netty.TlsOptions;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.recovery.ForcedRecovery;
import dev.handover.replication.recovery.RecoveryRefusedException;
import dev.handover.replication.storage.OfflineLog;
import dev.handover.replication.storage.SnapshotInfo;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The commands. Nothing here decides anything: that is done by the libraries. */
final class Admin {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int WRONG_ARGUMENTS = 2;
    static final int REFUSED = 3;

    private static final Set<String> VALUED = Set.of(
            "--group",
            "--zookeeper",
            "--cluster",
            "--node-cluster",
            "--node",
            "--from",
            "--to",
            "--other",
            "--dial",
            "--tls-certificate",
            "--tls-key",
            "--tls-trust",
            "--yes-i-lose-data");
    private static final Set<String> SWITCHES = Set.of("--json", "--payload", "--store-was-lost", "--help");
    private static final int BATCH_BYTES = 1 << 20;

    private final BufferedReader in;
    private final PrintStream out;
    private final PrintStream err;

    Admin(BufferedReader in, PrintStream out, PrintStream err) {
        this.in = in;
        this.out = out;
        this.err = err;
    }

    /** Runs one command; gives the exit code. */
    int run(List<String> commandLine) {
        try {
            Arguments arguments = new Arguments(commandLine, VALUED, SWITCHES);
            if (arguments.has("--help")) {
                String help = Help.of(arguments.words());
                if (help == null) {
                    throw new IllegalArgumentException("unknown command '" + String.join(" ", arguments.words()) + "'");
                }
                out.println(help);
                return OK;
            }
            command(arguments);
            return OK;
        } catch (IllegalArgumentException e) {
            err.println("ha-admin: " + e.getMessage());
            err.println("'--help' lists the commands");
            return WRONG_ARGUMENTS;
        } catch (RecoveryRefusedException | RefusedException e) {
            err.println("ha-admin: refused: " + e.getMessage());
            return REFUSED;
        } catch (IOException e) {
            err.println("ha-admin: " + e.getMessage());
            return FAILED;
        }
    }

    private void command(Arguments arguments) throws IOException, RecoveryRefusedException, RefusedException {
        List<String> words = arguments.words();
        String name = String.join(" ", words.subList(0, Math.min(2, words.size())));
        if (name.equals("status")) {
            status(arguments);
        } else if (name.equals("config show")) {
            config(arguments);
        } else if (name.equals("transfer")) {
            live(arguments, (commands, group) -> List.of(commands.transfer(group, to(arguments))));
        } else if (name.equals("snapshot")) {
            live(
                    arguments,
                    (commands, group) -> List.of(commands.snapshot(group, NodeId.of(arguments.required("--node")))));
        } else if (name.equals("member remove")) {
            live(arguments, (commands, group) -> List.of(commands.remove(group, member(arguments))));
        } else if (name.equals("member admit")) {
            live(arguments, (commands, group) -> List.of(commands.admit(group, member(arguments))));
        } else if (name.equals("log verify")) {
            verify(arguments);
        } else if (name.equals("log dump")) {
            dump(arguments);
        } else if (name.startsWith("force-recover")) {
            forceRecover(arguments);
        } else {
            throw new IllegalArgumentException(name.isEmpty() ? "no command" : "unknown command '" + name + "'");
        }
    }

    // ---- the store and the nodes

    private interface Live {
        List<Answer> ask(LiveCommands commands, GroupId group) throws IOException, RefusedException;
    }

    private void config(Arguments arguments) throws IOException {
        GroupId group = GroupId.of(arguments.required("--group"));
        try (ConfigurationStore store = Store.connect(arguments)) {
            print(Store.describe(group, Store.configuration(store, group)), arguments);
        }
    }

    /** Of one group, or of all. */
    private void status(Arguments arguments) throws IOException, RefusedException {
        if (arguments.has("--group")) {
            live(arguments, (commands, group) -> commands.status(List.of(group)));
            return;
        }
        try (ZooKeeperConfigurationStore store = Store.connect(arguments)) {
            List<GroupId> groups = Store.answer(store.groups());
            if (groups.isEmpty()) {
                err.println("no group is stored there; check --zookeeper and --cluster");
            }
            print(new LiveCommands(store, nodeCluster(arguments), tls(arguments)).status(groups), arguments);
        }
    }

    private void live(Arguments arguments, Live what) throws IOException, RefusedException {
        GroupId group = GroupId.of(arguments.required("--group"));
        try (ZooKeeperConfigurationStore store = Store.connect(arguments)) {
            print(what.ask(new LiveCommands(store, nodeCluster(arguments), tls(arguments)), group), arguments);
        }
    }

    private static @Nullable TlsOptions tls(Arguments arguments) throws IOException {
        if (!arguments.has("--tls-certificate") && !arguments.has("--tls-key") && !arguments.has("--tls-trust")) {
            return null;
        }
        return TlsOptions.pem(
                Path.of(arguments.required("--tls-certificate")),
                Path.of(arguments.required("--tls-key")),
                Path.of(arguments.required("--tls-trust")));
    }

    private static NodeId member(Arguments arguments) {
        return NodeId.of(arguments.required("--node"));
    }

    private static String nodeCluster(Arguments arguments) {
        return Objects.requireNonNullElse(arguments.get("--node-cluster"), "default");
    }

    /** The name of a node; empty for the best. */
    private static String to(Arguments arguments) {
        String target = arguments.get("--to");
        return target == null ? "" : NodeId.of(target).value();
    }

    // ---- logs

    private static Path directory(Arguments arguments, int place) throws IOException {
        if (arguments.words().size() != place + 1) {
            throw new IllegalArgumentException("expected one DIRECTORY after '"
                    + String.join(" ", arguments.words().subList(0, place)) + "'");
        }
        Path directory = Path.of(arguments.words().get(place));
        if (!directory.toFile().isDirectory()) {
            throw new IOException(directory + " is no directory");
        }
        return directory;
    }

    private void verify(Arguments arguments) throws IOException {
        try (OfflineLog log = OfflineLog.read(directory(arguments, 2))) {
            print(
                    new Answer()
                            .with("directory", log.directory())
                            .with("group", log.group())
                            .with("replica", log.replica())
                            .with("lineage", Objects.requireNonNullElse(log.lineage(), "none yet"))
                            .with("highestEpoch", log.highestEpoch())
                            .with("starts", log.bootCounter())
                            .with("firstIndex", log.firstIndex())
                            .with("snapshotIndex", log.snapshotIndex())
                            .with("lastIndex", log.lastIndex())
                            .with("lastEpoch", log.lastEpoch())
                            .with("warnings", log.warnings())
                            .with("verified", true),
                    arguments);
        }
    }

    private void dump(Arguments arguments) throws IOException {
        try (OfflineLog log = OfflineLog.read(directory(arguments, 2))) {
            long next = arguments.number("--from", log.firstIndex());
            long last = Math.min(log.lastIndex(), arguments.number("--to", Long.MAX_VALUE));
            if (next < log.firstIndex()) {
                throw new IllegalArgumentException(
                        "--from " + next + " is below " + log.firstIndex() + ", where this log begins");
            }
            for (SnapshotInfo snapshot : log.snapshots()) {
                line(
                        new Answer()
                                .with("snapshot", snapshot.position().index())
                                .with("epoch", snapshot.position().epoch())
                                .with("id", snapshot.id())
                                .with("lineage", snapshot.lineage())
                                .with("taken", Instant.ofEpochMilli(snapshot.createdAtMillis()))
                                .with("bytes", snapshot.bytes()),
                        arguments);
            }
            while (next <= last) {
                for (LogEntry entry : log.entries(next, last, BATCH_BYTES)) {
                    Answer answer = new Answer()
                            .with("index", entry.index())
                            .with("epoch", entry.epoch())
                            .with("timestamp", entry.timestamp())
                            .with("kind", entry.kind())
                            .with("session", entry.sessionId())
                            .with("sequence", entry.sequence())
                            .with("bytes", entry.payload().length);
                    if (arguments.has("--payload")) {
                        answer.with("payload", HexFormat.of().formatHex(entry.payload()));
                    }
                    line(answer, arguments);
                    next = entry.index() + 1;
                }
            }
        }
    }

    // ---- last resorts

    private void forceRecover(Arguments arguments) throws IOException, RecoveryRefusedException {
        Path directory = directory(arguments, 1);
        try (ConfigurationStore store = Store.connect(arguments);
                ForcedRecovery recovery = ForcedRecovery.plan(
                        directory,
                        store,
                        arguments.has("--store-was-lost"),
                        others(arguments),
                        dialled(arguments),
                        Store.PATIENCE)) {
            err.println("This begins a new history of group " + recovery.group() + ". " + recovery.loss()
                    + ". It cannot be undone, and every other copy of the old history is refused from then on.");
            String confirmation = arguments.get("--yes-i-lose-data");
            if (confirmation == null) {
                err.println("Type the group's name to go on:");
                confirmation = Objects.requireNonNullElse(in.readLine(), "").strip();
            }
            Configuration made = recovery.carryOut(confirmation);
            print(Store.describe(recovery.group(), made), arguments);
            err.println("Done. Start this node; start all others with empty data directories.");
        }
    }

    private static List<Path> others(Arguments arguments) throws IOException {
        List<Path> others = new ArrayList<>();
        String given = arguments.get("--other");
        for (String other : given == null ? new String[0] : given.split(",", -1)) {
            Path directory = Path.of(other);
            if (!directory.toFile().isDirectory()) {
                throw new IOException("--other " + directory + " is no directory");
            }
            others.add(directory);
        }
        return others;
    }

    private static List<InetSocketAddress> dialled(Arguments arguments) {
        List<InetSocketAddress> addresses = new ArrayList<>();
        String given = arguments.get("--dial");
        for (String address : given == null ? new String[0] : given.split(",", -1)) {
            int colon = address.lastIndexOf(':');
            try {
                addresses.add(new InetSocketAddress(
                        address.substring(0, Math.max(0, colon)), Integer.parseInt(address.substring(colon + 1))));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("--dial '" + address + "': expected HOST:PORT", e);
            }
        }
        return addresses;
    }

    /** One line each, for what is many. */
    private void line(Answer answer, Arguments arguments) {
        out.println(arguments.has("--json") ? answer.json() : answer.text().replace("\n", ", "));
    }

    private void print(List<Answer> answers, Arguments arguments) {
        for (int i = 0; i < answers.size(); i++) {
            if (i > 0 && !arguments.has("--json")) {
                out.println();
            }
            print(answers.get(i), arguments);
        }
    }

    private void print(Answer answer, Arguments arguments) {
        out.println(arguments.has("--json") ? answer.json() : answer.text());
    }
}
