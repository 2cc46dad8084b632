package dev.handover.replication;

import static dev.handover.replication.TestCluster.GROUP;
import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static dev.handover.replication.TestCluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** With real files. */
@Timeout(90)
class OnDiskTest {
    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private void onDisk() {
        cluster.onDisk = directory;
        cluster.settings = builder -> builder.storage(
                StorageOptions.defaults().withSegmentBytes(1 << 20).withReserveBytes(0));
    }

    @Test
    void shouldKeepEverythingOverCrashesOfBoth() throws Exception {
        onDisk();
        cluster.startInSync("a", "b");
        List<String> sent = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            for (String victim : List.of("a", "b")) {
                Running survivor = cluster.running.get(victim.equals("a") ? "b" : "a");
                List<CompletableFuture<byte[]>> answers = new ArrayList<>();
                for (int i = 0; i < 500; i++) {
                    String command = "c" + sent.size();
                    sent.add(command);
                    answers.add(survivor.log().submit(bytes(command)));
                    if (i == 250) {
                        cluster.crash(victim);
                    }
                }
                for (CompletableFuture<byte[]> answer : answers) {
                    answer.get(20, TimeUnit.SECONDS);
                }
                cluster.start(victim).log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
            }
        }
        for (Running node : cluster.running.values()) {
            node.log().query(bytes("")).get(10, TimeUnit.SECONDS);
            assertThat(List.copyOf(node.journal().commands)).containsExactlyInAnyOrderElementsOf(sent);
        }
        assertThat(List.copyOf(cluster.running.get("a").journal().commands))
                .isEqualTo(List.copyOf(cluster.running.get("b").journal().commands));
    }

    @Test
    void shouldKeepEverythingWhenAllStop() throws Exception {
        onDisk();
        Running a = cluster.startInSync("a", "b").get(0);
        assertThat(text(a.log().submit(bytes("x")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
        cluster.crash("b");
        cluster.crash("a");
        cluster.start("a");
        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(text(b.log().query(bytes("x")).get(10, TimeUnit.SECONDS))).isEqualTo("true");
        assertThat(text(b.log().submit(bytes("y")).get(10, TimeUnit.SECONDS))).isEqualTo("2");
    }

    @Test
    void shouldRebuildADamagedFollowerThatIsRottenInItsLastEntries() throws Exception {
        onDisk();
        List<Running> both = cluster.startInSync("a", "b");
        for (int i = 0; i < 50; i++) {
            both.get(0).log().submit(bytes("c" + i)).get(10, TimeUnit.SECONDS);
        }
        ReplicaId before = both.get(1).log().status().self();
        Path segment = directory.resolve("b/g/log/0000000000000000.segment");
        byte[] clean = Files.readAllBytes(segment);
        int end = clean.length;
        while (clean[end - 1] == 0) {
            end--;
        }
        long needed = end;
        TestCluster.await("b seals its log", () -> mark(directory.resolve("b/g/log/state")) >= needed);
        cluster.crash("b");
        clean[end - 1] ^= 0x10; // in the very last entry, which was acknowledged
        Files.write(segment, clean);

        Running b = cluster.start("b");
        b.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        assertThat(directory.resolve("b/g/damaged-1/why.txt")).content().contains("had been forced");
        assertThat(b.log().status().self()).isNotEqualTo(before);
        assertThat(text(b.log().query(bytes("")).get(10, TimeUnit.SECONDS))).isEqualTo("50");
        assertThat(b.journal().leadership).isEmpty(); // it never led
    }

    /** The greatest durable mark in the state file, whose pages hold it at byte 60. */
    private static long mark(Path state) {
        try {
            ByteBuffer pages = ByteBuffer.wrap(Files.readAllBytes(state));
            return Math.max(pages.getLong(60), pages.getLong(2 * 4096 + 60));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldRefuseADirectoryThatIsInUse() throws Exception {
        onDisk();
        Running a = cluster.startInSync("a").get(0);
        HaNode second = HaNode.builder(NodeId.of("a"))
                .configurationStore(cluster.store.connect())
                .transport(cluster.network.transport())
                .dataDirectory(directory.resolve("a"))
                .start();
        assertThatThrownBy(() -> second.join(GROUP, new TestCluster.Journal()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("[g a]");
        second.close();
        assertThat(text(a.log().submit(bytes("x")).get(10, TimeUnit.SECONDS))).isEqualTo("1");
    }
}
