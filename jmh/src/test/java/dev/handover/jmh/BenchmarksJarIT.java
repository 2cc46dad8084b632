package dev.handover.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar as a user starts it. */
class BenchmarksJarIT {
    @Test
    void shouldListAndRunInAProcessOfItsOwn(@TempDir Path directory) throws Exception {
        assertThat(java(directory, "-l")).contains("CoreBenchmark.commandAlone", "SessionsBenchmark.command");
        assertThat(java(directory, "CoreBenchmark.commandAlone", "-f", "1", "-wi", "0", "-i", "1", "-r", "50ms"))
                .containsPattern("CoreBenchmark.commandAlone +avgt +[0-9.]+ +ns/op");
    }

    @Test
    void shouldRunAClusterAndKillItsLeader(@TempDir Path directory) throws Exception {
        Files.writeString(directory.resolve("performance-notes.md"), "## Found\n\nby people\n");
        String output = java(
                directory,
                "cluster",
                "--systems",
                "handover",
                "--windows",
                "8",
                "--warm",
                "1",
                "--seconds",
                "1",
                "--take-overs",
                "1",
                "--docs",
                ".");

        assertThat(output).containsPattern("handover +3 +8 +256 .* 0\\R").contains("lost 0, doubled 0");
        assertThat(directory.resolve("target/cluster.json"))
                .content()
                .contains("\"take_overs\":[\n  {\"system\":\"handover\",\"rounds\":1");
        assertThat(directory.resolve("performance.md"))
                .content()
                .contains("| Handover | 3 | 8 | 256 |", "latency.svg", "\n\n## Found\n\nby people\n");
        assertThat(directory.resolve("latency.svg"))
                .content()
                .startsWith("<svg")
                .endsWith("</svg>\n");
    }

    @Test
    void shouldMeasureWhatSnapshotsCost(@TempDir Path directory) throws Exception {
        assertThat(java(directory, "snapshots", "install", "8", "200", "1", "1"))
                .containsPattern("without +[0-9]+ ")
                .containsPattern("during the install +[0-9]+ ")
                .containsPattern("medians of 1 rounds: [0-9]+ us / [0-9]+ us = [0-9.]+ ");
        assertThat(java(directory, "snapshots", "startup", "20000", "8"))
                .containsPattern("start-up with 20000 entries after the last snapshot: [0-9.]+ s")
                .containsPattern("start-up with a snapshot of 8 MiB: [0-9.]+ s")
                .contains("restored the snapshot at index"); // how far it is, on INFO
        assertThat(directory).isDirectoryNotContaining("glob:**/snapshots*");
    }

    private static String java(Path directory, String... arguments) throws IOException, InterruptedException {
        ProcessBuilder command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djmh.ignoreLock=true",
                "-jar",
                Path.of("target", "benchmarks.jar").toAbsolutePath().toString());
        command.command().addAll(List.of(arguments));
        Path output = directory.resolve("output");
        Process process = command.directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS))
                    .as("ends in time")
                    .isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }
}
