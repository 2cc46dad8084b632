package dev.handover.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.prometheusmetrics.PrometheusNamingConvention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Alert rules and board, made of the catalogue of meters: run {@link #main} in ha-replication after a change of either.
 */
final class PrometheusFiles {
    static final Path RULES = Path.of("../docs/prometheus/handover-rules.yml");
    static final Path BOARD = Path.of("../docs/grafana/handover.json");

    private record Alert(
            String name, String expression, String lasting, String severity, String summary, String remedy) {}

    private PrometheusFiles() {}

    /** Writes both files. */
    public static void main(String[] arguments) throws IOException {
        for (Map.Entry<Path, String> file : files().entrySet()) {
            Files.createDirectories(file.getKey().getParent());
            Files.writeString(file.getKey(), file.getValue());
        }
    }

    static Map<Path, String> files() {
        return new TreeMap<>(Map.of(RULES, rules(), BOARD, board()));
    }

    /** The name under which Prometheus sees it; of a timer without _count and _sum. */
    static String name(HandoverMeter meter) {
        Meter.Type type =
                switch (meter) {
                    case TAKE_OVER, TRANSFER_PAUSE -> Meter.Type.TIMER;
                    case FAILED_TRANSFERS,
                            CONFIGURATIONS,
                            SNAPSHOTS,
                            LOST_CONNECTIONS,
                            DROPPED_EVENTS,
                            SWITCH_STEPS,
                            PARTITION_MOVES -> Meter.Type.COUNTER;
                    default -> Meter.Type.GAUGE;
                };
        String name = new PrometheusNamingConvention()
                .name(meter.id(), type, meter.unit().isEmpty() ? null : meter.unit());
        return type == Meter.Type.COUNTER && !name.endsWith("_total") ? name + "_total" : name;
    }

    private static List<Alert> alerts() {
        String leads = name(HandoverMeter.SERVES);
        String redundancy = name(HandoverMeter.REDUNDANCY) + " and on (group, node) " + leads + " == 1";
        return List.of(
                new Alert(
                        "HandoverReplicaFaulted",
                        name(HandoverMeter.FAULTED) + " == 1",
                        "0s",
                        "critical",
                        "{{ $labels.group }} on {{ $labels.node }} has stopped itself",
                        "the log of the node names cause and remedy; docs/operations.md, refusals and faults"),
                new Alert(
                        "HandoverNoLeader",
                        "sum by (group) (" + leads + ") == 0",
                        "10s",
                        "critical",
                        "nobody leads {{ $labels.group }}",
                        "is an in-sync node up, does ZooKeeper answer? docs/operations.md"),
                new Alert(
                        "HandoverWritesRefused",
                        "(" + redundancy + ") == 0",
                        "10s",
                        "critical",
                        "{{ $labels.group }} has fewer copies than minInSync: writes are refused",
                        "bring a missing node back"),
                new Alert(
                        "HandoverLastCopy",
                        "(" + redundancy + ") == 1",
                        "1m",
                        "critical",
                        "{{ $labels.group }} has one copy left, on {{ $labels.node }}",
                        "bring a missing node back; do not restart the last one"),
                new Alert(
                        "HandoverReducedRedundancy",
                        "(" + redundancy + ") == 2",
                        "5m",
                        "warning",
                        "a node is missing in {{ $labels.group }}",
                        "bring it back, or remove it for good; docs/membership.md"),
                new Alert(
                        "HandoverFollowerLags",
                        "min_over_time(" + name(HandoverMeter.FOLLOWER_LAG) + "[5m]) > 10000",
                        "0s",
                        "warning",
                        "a follower of {{ $labels.group }} has been 10,000 entries behind for five minutes",
                        "look at its disk and its network"),
                new Alert(
                        "HandoverStoreUnreachable",
                        name(HandoverMeter.STORE_REACHABLE) + " == 0",
                        "30s",
                        "warning",
                        "{{ $labels.node }} does not reach the configuration store",
                        "writes go on; bring ZooKeeper back before something else fails, and restart nothing"),
                new Alert(
                        "HandoverFlapping",
                        "increase(" + name(HandoverMeter.CONFIGURATIONS) + "[10m]) > 20",
                        "0s",
                        "warning",
                        "{{ $labels.group }} changes leader or in-sync set again and again",
                        "docs/operations.md, flapping"),
                new Alert(
                        "HandoverPartitionsUnsettled",
                        "max_over_time(" + name(HandoverMeter.PARTITIONS_SETTLED) + "[15m]) == 0",
                        "0s",
                        "warning",
                        "partitions {{ $labels.partitions }} have not come to rest for a quarter of an hour, as {{ $labels.node }} sees it",
                        "the PartitionBalance events tell who is awaited, what is refused and what goes to and fro; docs/active-active.md"),
                new Alert(
                        "HandoverEventsDropped",
                        "increase(" + name(HandoverMeter.DROPPED_EVENTS) + "[10m]) > 0",
                        "0s",
                        "warning",
                        "listeners on {{ $labels.node }} are too slow, events were dropped",
                        "look at what listens to HaNode.events()"));
    }

    static String rules() {
        StringBuilder out = new StringBuilder(
                "# Made by PrometheusFiles of the catalogue of meters (docs/metrics.md): change it there.\n"
                        + "groups:\n  - name: handover\n    rules:\n");
        for (Alert alert : alerts()) {
            out.append("      - alert: ").append(alert.name).append('\n');
            out.append("        expr: ").append(alert.expression).append('\n');
            out.append("        for: ").append(alert.lasting).append('\n');
            out.append("        labels:\n          severity: ")
                    .append(alert.severity)
                    .append('\n');
            out.append("        annotations:\n");
            out.append("          summary: ").append(quoted(alert.summary)).append('\n');
            out.append("          remedy: ").append(quoted(alert.remedy)).append('\n');
        }
        return out.toString();
    }

    /** One panel for each meter, of a board for Grafana 9 or later. */
    static String board() {
        List<String> panels = new ArrayList<>();
        for (HandoverMeter meter : HandoverMeter.values()) {
            String name = name(meter);
            String expression =
                    switch (meter) {
                        case TAKE_OVER, TRANSFER_PAUSE -> name + "_max{group=~\\\"$group\\\"}";
                        case DROPPED_EVENTS, SWITCH_STEPS, PARTITION_MOVES -> "increase(" + name + "[5m])";
                        case FAILED_TRANSFERS, CONFIGURATIONS, SNAPSHOTS, LOST_CONNECTIONS ->
                            "increase(" + name + "{group=~\\\"$group\\\"}[5m])";
                        case COMMIT_INDEX, APPLIED_INDEX, LAST_INDEX -> "rate(" + name + "{group=~\\\"$group\\\"}[1m])";
                        default -> name + (meter.tags().contains("group") ? "{group=~\\\"$group\\\"}" : "");
                    };
            String legend = String.join(
                    " ", meter.tags().stream().map(tag -> "{{" + tag + "}}").toList());
            int i = panels.size();
            panels.add("    {\"id\": " + (i + 1) + ", \"type\": \"timeseries\", \"title\": \"" + meter.id()
                    + "\", \"description\": \"" + meter.help() + "\",\n     \"gridPos\": {\"h\": 7, \"w\": 8, \"x\": "
                    + i % 3 * 8 + ", \"y\": " + i / 3 * 7
                    + "},\n     \"datasource\": {\"type\": \"prometheus\", \"uid\": \"$source\"},\n"
                    + "     \"targets\": [{\"refId\": \"A\", \"expr\": \"" + expression + "\", \"legendFormat\": \""
                    + legend + "\"}]}");
        }
        return "{\n  \"title\": \"Handover\",\n  \"uid\": \"handover\",\n  \"schemaVersion\": 37,\n  \"refresh\": \"10s\",\n"
                + "  \"time\": {\"from\": \"now-30m\", \"to\": \"now\"},\n  \"tags\": [\"handover\"],\n"
                + "  \"templating\": {\"list\": [\n"
                + "    {\"name\": \"source\", \"type\": \"datasource\", \"query\": \"prometheus\"},\n"
                + "    {\"name\": \"group\", \"type\": \"query\", \"datasource\": {\"type\": \"prometheus\", \"uid\": \"$source\"}, \"includeAll\": true, \"multi\": true,"
                + " \"query\": {\"query\": \"label_values(" + name(HandoverMeter.SERVES) + ", group)\"}}\n  ]},\n"
                + "  \"panels\": [\n" + String.join(",\n", panels) + "\n  ]\n}\n";
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\"", "\\\"") + "\"";
    }
}
