package dev.handover.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PrometheusFilesTest {
    @TempDir
    Path directory;

    @Test
    void shouldBeWhatTheCatalogueMakes() throws IOException {
        for (Map.Entry<Path, String> file : PrometheusFiles.files().entrySet()) {
            assertThat(Files.readString(file.getKey()))
                    .as(file.getKey() + ": run PrometheusFiles.main")
                    .isEqualTo(file.getValue());
        }
    }

    @Test
    void shouldPassPromtool() throws Exception {
        needPromtool();
        promtool(
                "check",
                "rules",
                PrometheusFiles.RULES.toAbsolutePath().normalize().toString());
    }

    /** Series as nodes give them, and the alerts that must, and must not, come of them. */
    @Test
    void shouldFireWhenItShould() throws Exception {
        needPromtool();
        String leads = PrometheusFiles.name(HandoverMeter.SERVES);
        String redundancy = PrometheusFiles.name(HandoverMeter.REDUNDANCY);
        String test = "rule_files: [" + PrometheusFiles.RULES.toAbsolutePath().normalize() + "]\n"
                + "evaluation_interval: 5s\ntests:\n  - interval: 5s\n    input_series:\n"
                + series(leads + "{group=\"g\", node=\"a\"}", "1x12 0x60")
                + series(leads + "{group=\"g\", node=\"b\"}", "0x72")
                + series(leads + "{group=\"h\", node=\"a\"}", "1x72")
                + series(redundancy + "{group=\"h\", node=\"a\"}", "3x12 1x60")
                + series(PrometheusFiles.name(HandoverMeter.FAULTED) + "{group=\"g\", node=\"a\"}", "0x12 1x60")
                + series(PrometheusFiles.name(HandoverMeter.STORE_REACHABLE) + "{group=\"h\", node=\"a\"}", "1x72")
                + "    alert_rule_test:\n"
                + none("50s", "HandoverNoLeader") + none("50s", "HandoverReplicaFaulted")
                + none("5m", "HandoverStoreUnreachable") + none("5m", "HandoverWritesRefused")
                + none("65s", "HandoverLastCopy")
                + fires(
                        "90s",
                        "HandoverNoLeader",
                        "{severity: critical, group: g}",
                        "nobody leads g",
                        "is an in-sync node up, does ZooKeeper answer? docs/operations.md")
                + fires(
                        "90s",
                        "HandoverReplicaFaulted",
                        "{severity: critical, group: g, node: a}",
                        "g on a has stopped itself",
                        "the log of the node names cause and remedy; docs/operations.md, refusals and faults")
                + fires(
                        "3m",
                        "HandoverLastCopy",
                        "{severity: critical, group: h, node: a}",
                        "h has one copy left, on a",
                        "bring a missing node back; do not restart the last one");
        Path file = Files.writeString(directory.resolve("test.yml"), test);
        promtool("test", "rules", file.toString());
    }

    private static String series(String name, String values) {
        return "      - series: '" + name + "'\n        values: '" + values + "'\n";
    }

    private static String none(String at, String alert) {
        return "      - {eval_time: " + at + ", alertname: " + alert + "}\n";
    }

    private static String fires(String at, String alert, String labels, String summary, String remedy) {
        return "      - eval_time: " + at + "\n        alertname: " + alert
                + "\n        exp_alerts:\n          - exp_labels: " + labels
                + "\n            exp_annotations: {summary: \"" + summary + "\", remedy: \"" + remedy + "\"}\n";
    }

    private static void needPromtool() {
        assumeTrue(
                Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, "promtool"))),
                "promtool is not installed: apt-get install prometheus");
    }

    private void promtool(String... arguments) throws Exception {
        Path output = directory.resolve("promtool.out");
        String[] command = new String[arguments.length + 1];
        command[0] = "promtool";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue())
                    .as(Files.readString(output, StandardCharsets.UTF_8))
                    .isZero();
        } finally {
            process.destroyForcibly();
        }
    }
}
