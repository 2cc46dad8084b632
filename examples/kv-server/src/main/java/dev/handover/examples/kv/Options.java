package dev.handover.examples.kv;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.netty.TlsOptions;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the command line says.
 *
 * @param id this node
 * @param group the replicated log
 * @param data directory of this node alone
 * @param resp where Redis clients connect; port 0 takes a free one
 * @param peer where the other nodes connect; port 0 takes a free one
 * @param zooKeeper connect string; null if embedded
 * @param embeddedPort port of the embedded ZooKeeper; 0 takes a free one
 * @param timeout no command takes longer
 * @param maxClients connections of clients at a time
 * @param failureTimeout a silent leader is given up after it
 * @param minInSync writes are refused while fewer replicas are in sync
 * @param learner it follows, is never in sync and never leads
 * @param priority how much this node should lead
 * @param snapshotInterval a snapshot is taken so often if something has changed
 * @param snapshotMargin entries before the newest snapshot that stay in the log
 * @param ops where load balancers, Prometheus and people ask; null for nowhere
 * @param opsToken who knows it may act there; null: nobody
 * @param opsTls whether they ask there over TLS, with the certificate of {@code tls}
 * @param storage sizes of the log's files and of what stays free on the disk
 * @param tls between the nodes; null: none
 */
record Options(
        NodeId id,
        GroupId group,
        Path data,
        InetSocketAddress resp,
        InetSocketAddress peer,
        @Nullable String zooKeeper,
        int embeddedPort,
        Duration timeout,
        int maxClients,
        Duration failureTimeout,
        int minInSync,
        boolean learner,
        int priority,
        Duration snapshotInterval,
        int snapshotMargin,
        @Nullable InetSocketAddress ops,
        @Nullable String opsToken,
        boolean opsTls,
        StorageOptions storage,
        @Nullable TlsOptions tls) {
    static final String USAGE =
            "usage: java -jar kv-server.jar --id NAME --group NAME --data DIRECTORY --resp HOST:PORT"
                    + " --peer HOST:PORT --zookeeper HOST:PORT[,...]|embedded[:PORT]"
                    + " [--timeout 5s] [--max-clients 10000] [--failure-timeout 500ms] [--min-in-sync 1] [--learner no]"
                    + " [--priority 0] [--snapshot-interval 60m] [--snapshot-margin 65536] [--segment-size 64m] [--disk-reserve 64m]"
                    + " [--ops HOST:PORT] [--ops-token FILE] [--ops-tls no] [--tls-certificate FILE --tls-key FILE --tls-trust FILE]";

    static final String HELP = USAGE
            + """


            A replicated key-value server that Redis clients can use.

              --id NAME               this node; unique in the group and kept over restarts
              --group NAME            the replicated log; the same on all nodes
              --data DIRECTORY        this node's log; of no other process
              --resp HOST:PORT        where Redis clients connect
              --peer HOST:PORT        where the other nodes connect; not a wildcard address
              --zookeeper SERVERS     connect string, or 'embedded' for a ZooKeeper within this process (port 2181 of
                                      127.0.0.1, or embedded:PORT; its data below --data): for development
              --timeout TIME          no command takes longer; default 5s
              --max-clients N         connections of clients; default 10000
              --failure-timeout TIME  a leader that is silent for so long is replaced; default 500ms. A dead process is
                                      noticed at once. Too short: pauses cost take-overs
              --min-in-sync N         writes are refused while fewer replicas are in sync; default 1
              --learner yes|no        yes: this node follows and answers clients that have said READONLY, but is never in sync
                                      and never leads; default no
              --priority N            how much this node should lead, compared with the others, -1000 to 1000; default 0
              --snapshot-interval TIME  a snapshot is taken so often if something was written, and after 256 MiB of log;
                                      default 60m
              --snapshot-margin N     entries before the newest snapshot that stay in the log for nodes that were away;
                                      default 65536
              --segment-size SIZE     of the log's files, two of which exist from the beginning; default 64m
              --disk-reserve SIZE     writes are refused when less would stay free on the disk; default 64m
              --ops HOST:PORT         where load balancers ask who leads, Prometheus scrapes, and a browser shows a page
              --ops-token FILE        whoever knows the one line in it may transfer the leadership by that page
              --ops-tls yes|no        yes: they do so over TLS, with the certificate below, which then names this host as well; default no
              --tls-certificate FILE  this node's certificate in PEM format, which names it: mutual TLS between the nodes, on all of
                                      them or on none. Redis clients are not part of it
              --tls-key FILE          its private key, PKCS #8 without a password
              --tls-trust FILE        certificates of the authorities that have signed the nodes' certificates
              --help                  this text

            Times are numbers with ms, s or m, sizes numbers with k, m or g. stdout gets one line when the server serves; logs go to stderr.
            Exit codes: 0 stopped in order, 1 could not start or stop, 2 wrong options, 3 the replica has stopped itself.""";

    private static final String ZOOKEEPER_PORT = "2181";
    private static final Set<String> NAMES = Set.of(
            "--id",
            "--group",
            "--data",
            "--resp",
            "--peer",
            "--zookeeper",
            "--timeout",
            "--max-clients",
            "--failure-timeout",
            "--min-in-sync",
            "--learner",
            "--priority",
            "--snapshot-interval",
            "--snapshot-margin",
            "--segment-size",
            "--disk-reserve",
            "--ops",
            "--ops-token",
            "--ops-tls",
            "--tls-certificate",
            "--tls-key",
            "--tls-trust");

    /**
     * Understands the command line.
     *
     * @throws IllegalArgumentException naming the option, its value and what is expected
     */
    static Options parse(List<String> arguments) {
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < arguments.size(); i += 2) {
            String name = arguments.get(i);
            if (!NAMES.contains(name)) {
                throw new IllegalArgumentException("unknown option '" + name + "'");
            }
            if (i + 1 == arguments.size()) {
                throw new IllegalArgumentException(name + " has no value");
            }
            if (values.put(name, arguments.get(i + 1)) != null) {
                throw new IllegalArgumentException(name + " is given twice");
            }
        }
        String zooKeeper = required(values, "--zookeeper", Options::servers);
        boolean embedded = isEmbedded(zooKeeper);
        boolean opsTls = optional(values, "--ops-tls", "no", Options::yes);
        if (opsTls && !(values.containsKey("--ops") && values.containsKey("--tls-certificate"))) {
            throw new IllegalArgumentException("--ops-tls 'yes': needs --ops, and a certificate: --tls-certificate");
        }
        return new Options(
                required(values, "--id", NodeId::of),
                required(values, "--group", GroupId::of),
                required(values, "--data", Options::path),
                required(values, "--resp", Options::address),
                required(values, "--peer", Options::address),
                embedded ? null : zooKeeper,
                embedded ? port(zooKeeper.contains(":") ? zooKeeper.substring(9) : ZOOKEEPER_PORT) : 0,
                optional(values, "--timeout", "5s", value -> time(value, Duration.ofMillis(50), Duration.ofMinutes(5))),
                optional(values, "--max-clients", "10000", value -> number(value, 1, 1_000_000)),
                optional(
                        values,
                        "--failure-timeout",
                        "500ms",
                        value -> time(value, Duration.ofMillis(50), Duration.ofMinutes(1))),
                optional(values, "--min-in-sync", "1", value -> number(value, 1, 100)),
                optional(values, "--learner", "no", Options::yes),
                optional(values, "--priority", "0", value -> number(value, -1000, 1000)),
                optional(
                        values,
                        "--snapshot-interval",
                        "60m",
                        value -> time(value, Duration.ofMillis(100), Duration.ofDays(30))),
                optional(values, "--snapshot-margin", "65536", value -> number(value, 0, Integer.MAX_VALUE)),
                values.containsKey("--ops") ? required(values, "--ops", Options::address) : null,
                values.containsKey("--ops-token") ? required(values, "--ops-token", Options::line) : null,
                opsTls,
                new StorageOptions(
                        optional(values, "--segment-size", "64m", value -> size(value, 64 << 10, 1 << 30)),
                        optional(values, "--disk-reserve", "64m", value -> size(value, 0, 1L << 40))),
                tls(values));
    }

    private static @Nullable TlsOptions tls(Map<String, String> values) {
        if (values.keySet().stream().noneMatch(name -> name.startsWith("--tls-"))) {
            return null;
        }
        Path certificate = required(values, "--tls-certificate", Options::path);
        Path key = required(values, "--tls-key", Options::path);
        Path trust = required(values, "--tls-trust", Options::path);
        try {
            return TlsOptions.pem(certificate, key, trust);
        } catch (IOException e) {
            throw new IllegalArgumentException("--tls-certificate, --tls-key, --tls-trust: " + e.getMessage(), e);
        }
    }

    private static <T> T required(Map<String, String> values, String name, Function<String, T> parser) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return parsed(name, value, parser);
    }

    private static <T> T optional(Map<String, String> values, String name, String usual, Function<String, T> parser) {
        return parsed(name, values.getOrDefault(name, usual), parser);
    }

    private static <T> T parsed(String name, String value, Function<String, T> parser) {
        try {
            return parser.apply(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(name + " '" + value + "': " + e.getMessage(), e);
        }
    }

    private static Path path(String value) {
        try {
            if (value.isEmpty()) {
                throw new IllegalArgumentException("expected a directory");
            }
            return Path.of(value);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("not a path: " + e.getReason(), e);
        }
    }

    private static String line(String value) {
        try {
            return Files.readString(path(value)).strip();
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot be read: " + e, e);
        }
    }

    private static InetSocketAddress address(String value) {
        int colon = value.lastIndexOf(':');
        if (colon < 1) {
            throw new IllegalArgumentException("expected HOST:PORT, such as 127.0.0.1:7001");
        }
        String host = value.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        InetSocketAddress address = new InetSocketAddress(host, port(value.substring(colon + 1)));
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("host '" + host + "' is not known");
        }
        return address;
    }

    private static boolean isEmbedded(String value) {
        return value.equals("embedded") || value.startsWith("embedded:");
    }

    private static String servers(String value) {
        if (isEmbedded(value)) {
            if (value.contains(":")) {
                port(value.substring("embedded:".length()));
            }
        } else {
            for (String server : value.split(",", -1)) {
                int colon = server.lastIndexOf(':');
                if (colon < 1) {
                    throw new IllegalArgumentException(
                            "expected HOST:PORT[,HOST:PORT...] or embedded[:PORT], such as 127.0.0.1:2181");
                }
                port(server.substring(colon + 1));
            }
        }
        return value;
    }

    private static int port(String value) {
        return number(value, 0, 65535);
    }

    private static int number(String value, int least, int most) {
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + value + "' is not a number", e);
        }
        throw new IllegalArgumentException("expected " + least + " to " + most);
    }

    private static boolean yes(String value) {
        if (value.equals("yes") || value.equals("no")) {
            return value.equals("yes");
        }
        throw new IllegalArgumentException("expected yes or no");
    }

    private static Duration time(String value, Duration least, Duration most) {
        int digits = 0;
        while (digits < value.length() && Character.isDigit(value.charAt(digits))) {
            digits++;
        }
        long millisPerUnit =
                switch (value.substring(digits)) {
                    case "ms" -> 1;
                    case "s" -> 1000;
                    case "m" -> 60_000;
                    default -> 0;
                };
        if (digits == 0 || digits > 9 || millisPerUnit == 0) {
            throw new IllegalArgumentException("expected a number with ms, s or m, such as 500ms");
        }
        Duration time = Duration.ofMillis(Long.parseLong(value.substring(0, digits)) * millisPerUnit);
        if (time.compareTo(least) < 0 || time.compareTo(most) > 0) {
            throw new IllegalArgumentException("expected " + least.toMillis() + "ms to " + most.toMillis() + "ms");
        }
        return time;
    }

    private static long size(String value, long least, long most) {
        int digits = 0;
        while (digits < value.length() && Character.isDigit(value.charAt(digits))) {
            digits++;
        }
        int shift =
                switch (value.substring(digits)) {
                    case "k" -> 10;
                    case "m" -> 20;
                    case "g" -> 30;
                    default -> 0;
                };
        if (digits == 0 || digits > 9 || shift == 0) {
            throw new IllegalArgumentException("expected a number with k, m or g, such as 64m");
        }
        long size = Long.parseLong(value.substring(0, digits)) << shift;
        if (size < least || size > most) {
            throw new IllegalArgumentException("expected " + (least >> 10) + "k to " + (most >> 10) + "k");
        }
        return size;
    }
}
