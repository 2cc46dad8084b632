package dev.handover.examples.admin;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.Member;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.recovery.ForcedRecovery;
import dev.handover.replication.recovery.RecoveryRefusedException;
import dev.handover.replication.storage.OfflineLog;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The commands. Nothing here decides anything: that is done by the libraries. */
final class Admin {
    static final int OK = 0;
    static final int FAILED = 1;
    static final int WRONG_ARGUMENTS = 2;
    static final int REFUSED = 3;

    static final String HELP =
            """
            usage: java -jar ha-admin.jar COMMAND [--json]

              status        --group NAME ZOOKEEPER   who leads, who is in sync, which nodes are announced and where
              config show   --group NAME ZOOKEEPER   the group's configuration as it is stored
              log verify DIRECTORY                   reads a stopped node's log and checks every record; changes nothing
              log dump DIRECTORY [--from N] [--to N] [--payload]
                                                     lists entries, with --payload their bytes in hexadecimal; changes nothing
              force-recover DIRECTORY ZOOKEEPER [--dial HOST:PORT,...] [--yes-i-lose-data=GROUP] [--store-was-lost]
                                                     begins a new history with this stopped node's log, when every in-sync
                                                     replica is lost for good. Says what may be lost and asks for the group's
                                                     name. --dial: where the group's other nodes listened; it is refused if
                                                     one of them still does. --store-was-lost: ZooKeeper's data is gone

            DIRECTORY is that of one group on one node (the one with 'log' in it).
            ZOOKEEPER is --zookeeper HOST:PORT[,...] [--cluster NAME], the cluster by default 'handover'.
            Answers go to stdout, the rest to stderr.
            Exit codes: 0 done, 1 failed (a damaged log, a store that does not answer), 2 wrong arguments, 3 refused.""";

    private static final Set<String> VALUED =
            Set.of("--group", "--zookeeper", "--cluster", "--from", "--to", "--dial", "--yes-i-lose-data");
    private static final Set<String> SWITCHES = Set.of("--json", "--payload", "--store-was-lost", "--help");
    private static final Duration PATIENCE = Duration.ofSeconds(10);
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
                out.println(HELP);
                return OK;
            }
            command(arguments);
            return OK;
        } catch (IllegalArgumentException e) {
            err.println("ha-admin: " + e.getMessage());
            err.println("'--help' lists the commands");
            return WRONG_ARGUMENTS;
        } catch (RecoveryRefusedException e) {
            err.println("ha-admin: refused: " + e.getMessage());
            return REFUSED;
        } catch (IOException e) {
            err.println("ha-admin: " + e.getMessage());
            return FAILED;
        }
    }

    private void command(Arguments arguments) throws IOException, RecoveryRefusedException {
        List<String> words = arguments.words();
        String name = String.join(" ", words.subList(0, Math.min(2, words.size())));
        if (name.equals("status")) {
            status(arguments);
        } else if (name.equals("config show")) {
            config(arguments);
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

    // ---- the store

    private static ZooKeeperConfigurationStore connect(Arguments arguments) {
        ZooKeeperConfigurationStore.Builder builder =
                ZooKeeperConfigurationStore.builder(arguments.required("--zookeeper"));
        String cluster = arguments.get("--cluster");
        return cluster == null ? builder.build() : builder.cluster(cluster).build();
    }

    private static Configuration configuration(ConfigurationStore store, GroupId group) throws IOException {
        Optional<VersionedConfiguration> found = answer(store.read(group));
        return found.orElseThrow(() -> new IOException(
                        "no group " + group + " is stored there; check the name, --zookeeper and --cluster"))
                .configuration();
    }

    private static <T> T answer(CompletableFuture<T> future) throws IOException {
        try {
            return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException("ZooKeeper did not answer: " + Objects.requireNonNullElse(e.getCause(), e), e);
        } catch (TimeoutException e) {
            throw new IOException("ZooKeeper did not answer within " + PATIENCE, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Answer describe(GroupId group, Configuration configuration) {
        return new Answer()
                .with("group", group)
                .with("lineage", configuration.lineage())
                .with("epoch", configuration.epoch())
                .with("leader", configuration.leader())
                .with("inSync", configuration.inSync())
                .with("redundancy", configuration.inSync().size())
                .with("minInSync", configuration.minInSync())
                .with("featureLevel", configuration.featureLevel())
                .with("reason", configuration.reason());
    }

    private void config(Arguments arguments) throws IOException {
        GroupId group = GroupId.of(arguments.required("--group"));
        try (ConfigurationStore store = connect(arguments)) {
            print(describe(group, configuration(store, group)), arguments);
        }
    }

    private void status(Arguments arguments) throws IOException {
        GroupId group = GroupId.of(arguments.required("--group"));
        try (ConfigurationStore store = connect(arguments)) {
            Answer answer = describe(group, configuration(store, group));
            CompletableFuture<List<Member>> members = new CompletableFuture<>();
            Registration watch = store.membership().watch(members::complete);
            try {
                answer.with(
                        "announced",
                        answer(members).stream()
                                .filter(member -> member.logs().containsKey(group))
                                .map(member -> member.node() + "/"
                                        + member.logs().get(group) + " at " + member.host() + ":" + member.port()
                                        + ", supports level " + member.featureLevel())
                                .toList());
            } finally {
                watch.close();
            }
            print(answer, arguments);
        }
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
                    out.println(
                            arguments.has("--json")
                                    ? answer.json()
                                    : answer.text().replace("\n", ", "));
                    next = entry.index() + 1;
                }
            }
        }
    }

    // ---- last resorts

    private void forceRecover(Arguments arguments) throws IOException, RecoveryRefusedException {
        Path directory = directory(arguments, 1);
        try (ConfigurationStore store = connect(arguments);
                ForcedRecovery recovery = ForcedRecovery.plan(
                        directory, store, arguments.has("--store-was-lost"), dialled(arguments), PATIENCE)) {
            err.println("This begins a new history of group " + recovery.group() + ". " + recovery.loss()
                    + ". It cannot be undone, and every other copy of the old history is refused from then on.");
            String confirmation = arguments.get("--yes-i-lose-data");
            if (confirmation == null) {
                err.println("Type the group's name to go on:");
                confirmation = Objects.requireNonNullElse(in.readLine(), "").strip();
            }
            Configuration made = recovery.carryOut(confirmation);
            print(describe(recovery.group(), made), arguments);
            err.println("Done. Start this node; start all others with empty data directories.");
        }
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

    private void print(Answer answer, Arguments arguments) {
        out.println(arguments.has("--json") ? answer.json() : answer.text());
    }
}
