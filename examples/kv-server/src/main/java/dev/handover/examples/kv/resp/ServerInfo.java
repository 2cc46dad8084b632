package dev.handover.examples.kv.resp;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.examples.kv.store.KvStateMachine;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.protocol.FollowerStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the server can tell about itself: {@code INFO}, {@code ROLE}, {@code CONFIG GET}, and the counters behind them. Any thread. */
final class ServerInfo {
    static final String VERSION = "7.0.0"; // of the Redis whose commands these are; clients look at it
    private static final Set<String> ALL = Set.of("all", "everything", "default");

    private final ReplicatedLog log;
    private final KvStateMachine store;
    private final ServerSettings settings;
    private final MemoryBudget budget;
    private final long startNanos = System.nanoTime();

    final Map<Long, ClientState> clients = new ConcurrentSkipListMap<>();
    final LongAdder connections = new LongAdder();
    final LongAdder rejectedConnections = new LongAdder();
    final LongAdder commands = new LongAdder();
    final LongAdder protocolErrors = new LongAdder();
    final LongAdder tryAgain = new LongAdder();
    final LongAdder overloaded = new LongAdder();
    final LongAdder uncertain = new LongAdder();
    private volatile int port;
    private volatile String lastTransfer = "";

    ServerInfo(ReplicatedLog log, KvStateMachine store, ServerSettings settings, MemoryBudget budget) {
        this.log = log;
        this.store = store;
        this.settings = settings;
        this.budget = budget;
        this.port = settings.address().getPort();
    }

    /** How the last transfer that was asked for here ended. */
    void transferEnded(String how) {
        lastTransfer = how;
    }

    void port(int actual) {
        port = actual;
    }

    /** Whether this node leads at the moment. */
    boolean leads() {
        return log.status().role().leads();
    }

    /** {@code INFO} with these sections, all if there are none. */
    String info(List<String> wanted) {
        boolean all = wanted.isEmpty() || wanted.stream().anyMatch(ALL::contains);
        StringBuilder out = new StringBuilder();
        GroupStatus status = log.status();
        for (String section :
                List.of("server", "clients", "memory", "persistence", "stats", "replication", "keyspace")) {
            if (all || wanted.contains(section)) {
                if (!out.isEmpty()) {
                    out.append("\r\n");
                }
                out.append("# ")
                        .append(section.substring(0, 1).toUpperCase(Locale.ROOT))
                        .append(section.substring(1))
                        .append("\r\n");
                section(section, status)
                        .forEach((name, value) ->
                                out.append(name).append(':').append(value).append("\r\n"));
            }
        }
        return out.toString();
    }

    /** {@code ROLE} as Redis has it. */
    Reply role() {
        GroupStatus status = log.status();
        Reply offset = new Reply.Number(status.commitIndex());
        if (status.role().leads()) {
            List<Reply> replicas = new ArrayList<>();
            for (NodeId node : others(status)) {
                Address address = address(node);
                replicas.add(new Reply.Items(List.of(
                        Reply.bulk(address.host()),
                        Reply.bulk(address.port()),
                        Reply.bulk(Long.toString(status.commitIndex())))));
            }
            return new Reply.Items(List.of(Reply.bulk("master"), offset, new Reply.Items(replicas)));
        }
        Address leader = address(status.leader());
        return new Reply.Items(List.of(
                Reply.bulk("slave"),
                Reply.bulk(leader.host()),
                new Reply.Number(Long.parseLong(leader.port())),
                Reply.bulk(link(status)),
                new Reply.Number(status.appliedIndex())));
    }

    /** {@code CONFIG GET}: what clients and redis-benchmark ask for. */
    Map<String, String> configuration() {
        Map<String, String> values = new TreeMap<>();
        values.put("appendonly", "yes");
        values.put("databases", "1");
        values.put("maxclients", Integer.toString(settings.maxClients()));
        values.put("maxmemory", Long.toString(Runtime.getRuntime().maxMemory()));
        values.put("port", Integer.toString(port));
        values.put("proto-max-bulk-len", Integer.toString(Limits.MAX_ARGUMENT_BYTES));
        values.put("save", "");
        values.put("timeout", "0");
        return values;
    }

    private Map<String, Object> section(String section, GroupStatus status) {
        Map<String, Object> fields = new LinkedHashMap<>();
        switch (section) {
            case "server" -> server(fields, status);
            case "clients" -> {
                fields.put("connected_clients", clients.size());
                fields.put("maxclients", settings.maxClients());
            }
            case "memory" -> {
                fields.put("used_memory_dataset", store.dataBytes());
                fields.put("waiting_commands_bytes", budget.used());
                fields.put("waiting_commands_max_bytes", budget.limit());
                fields.put("maxmemory", Runtime.getRuntime().maxMemory());
            }
            case "stats" -> {
                fields.put("total_connections_received", connections.sum());
                fields.put("rejected_connections", rejectedConnections.sum());
                fields.put("total_commands_processed", commands.sum());
                fields.put("protocol_errors", protocolErrors.sum());
                fields.put("errors_tryagain", tryAgain.sum());
                fields.put("errors_overloaded", overloaded.sum());
                fields.put("errors_uncertain", uncertain.sum());
            }
            case "persistence" -> SnapshotFields.put(status.snapshots(), fields);
            case "replication" -> replication(fields, status);
            default -> {
                if (store.size() > 0) {
                    fields.put("db0", "keys=" + store.size() + ",expires=0,avg_ttl=0");
                }
            }
        }
        return fields;
    }

    private void server(Map<String, Object> fields, GroupStatus status) {
        fields.put("redis_version", VERSION);
        fields.put("redis_mode", "standalone");
        fields.put("server_name", "handover-kv");
        fields.put("node", status.self().node());
        fields.put("group", log.group());
        fields.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        fields.put("java_version", Runtime.version());
        fields.put("process_id", ProcessHandle.current().pid());
        fields.put("tcp_port", port);
        fields.put("uptime_in_seconds", (System.nanoTime() - startNanos) / 1_000_000_000L);
    }

    private void replication(Map<String, Object> fields, GroupStatus status) {
        boolean leads = status.role().leads();
        fields.put("role", leads ? "master" : "slave");
        List<FollowerStatus> followers = status.followers();
        fields.put(
                "connected_slaves",
                followers.stream().filter(FollowerStatus::reachable).count());
        if (leads) {
            for (int i = 0; i < followers.size(); i++) {
                FollowerStatus follower = followers.get(i);
                Address address = address(follower.id().node());
                fields.put(
                        "slave" + i,
                        "ip=" + address.host() + ",port=" + address.port() + ",state="
                                + (follower.inSync() ? "online" : "wait_bgsave") + ",offset="
                                + follower.durableIndex() + ",lag=" + follower.silentNanos() / 1_000_000_000L
                                + ",node=" + follower.id().node());
            }
        } else {
            Address leader = address(status.leader());
            fields.put("master_host", leader.host());
            fields.put("master_port", leader.port());
            fields.put("master_link_status", status.leader() == null ? "down" : "up");
        }
        Configuration configuration = status.configuration();
        fields.put("master_replid", configuration == null ? "" : configuration.lineage());
        fields.put("master_repl_offset", status.commitIndex());
        fields.put("node", status.self().node());
        fields.put("replica", status.self());
        fields.put("state", status.role());
        fields.put("epoch", status.epoch());
        fields.put("leader", status.leader() == null ? "" : status.leader());
        fields.put("in_sync", inSync(configuration));
        fields.put(
                "in_sync_count",
                configuration == null ? 0 : configuration.inSync().size());
        fields.put("self_in_sync", configuration != null && configuration.isInSync(status.self()) ? 1 : 0);
        fields.put("min_in_sync", configuration == null ? "" : configuration.minInSync());
        Redundancy redundancy = status.redundancy();
        fields.put(
                "redundancy",
                redundancy == null ? "" : redundancy.level().name().toLowerCase(Locale.ROOT));
        fields.put(
                "missing",
                redundancy == null
                        ? ""
                        : redundancy.missing().stream().map(NodeId::value).collect(Collectors.joining(",")));
        fields.put("last_index", status.lastIndex());
        fields.put("commit_index", status.commitIndex());
        fields.put("applied_index", status.appliedIndex());
        fields.put("lag", Math.max(0, status.commitIndex() - status.appliedIndex()));
        fields.put("last_transfer", lastTransfer);
        fields.put("fault", status.fault() == null ? "" : status.fault().replaceAll("[\\r\\n]+", " "));
    }

    private static String inSync(@Nullable Configuration configuration) {
        return configuration == null
                ? ""
                : configuration.inSync().stream()
                        .map(replica -> replica.node().value())
                        .collect(Collectors.joining(","));
    }

    private static List<NodeId> others(GroupStatus status) {
        Configuration configuration = status.configuration();
        return configuration == null
                ? List.of()
                : configuration.inSync().stream()
                        .map(ReplicaId::node)
                        .filter(node -> !node.equals(status.self().node()))
                        .toList();
    }

    private static String link(GroupStatus status) {
        if (status.leader() == null) {
            return "connect";
        }
        return status.role() == Role.FOLLOWER ? "connected" : "sync";
    }

    private record Address(String host, String port) {}

    private Address address(@Nullable NodeId node) {
        String text = node == null ? null : store.addressOf(node.value());
        if (text == null) {
            return new Address(node == null ? "" : node.value(), "0");
        }
        int colon = text.lastIndexOf(':');
        return new Address(text.substring(0, colon), text.substring(colon + 1));
    }

    /** Counts what an error says. */
    void count(Reply reply) {
        if (reply instanceof Reply.Failure failure) {
            if (failure.text().startsWith("TRYAGAIN")) {
                tryAgain.increment();
            } else if (failure.text().startsWith("OVERLOADED")) {
                overloaded.increment();
            } else if (failure.text().startsWith("UNCERTAIN")) {
                uncertain.increment();
            }
        }
    }
}
