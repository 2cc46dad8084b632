package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.examples.kv.SideState;
import dev.handover.replication.Command;
import dev.handover.replication.StateSnapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The soak sees what it is there to see, and does what it says. */
class SoakPartsTest {
    @TempDir
    Path directory;

    @Test
    void shouldSeeTwoLeadersOfOneEpoch() {
        NodeLogs logs = new NodeLogs();
        logs.look("10:00:00.000 INFO  replication - [kv a] LEADER in epoch 5 (was RECONCILING): silent");
        logs.look("10:00:00.000 INFO  replication - [kv b] FOLLOWER in epoch 5 (was CANDIDATE): silent");
        logs.look("10:00:00.000 INFO  replication - [kv b] RECONCILING in epoch 6 (was CANDIDATE): silent");
        assertThat(logs.findings()).isEmpty();
        assertThat(logs.epochs()).isEqualTo(2);
        logs.look("10:00:00.000 INFO  replication - [kv b] RECONCILING in epoch 5 (was CANDIDATE): silent");
        assertThat(logs.findings()).containsExactly("epoch 5 of kv has two leaders, a and b");
        logs.look("10:00:00.000 INFO  replication - [side1 c] LEADER in epoch 5 (was RECONCILING): silent");
        assertThat(logs.findings()).hasSize(1);
    }

    @Test
    void shouldKnowWhatNoNodeMaySay() {
        NodeLogs logs = new NodeLogs();
        logs.look("10:00:00.000 WARN  replication - [kv a] FAULTED: Disk failed: No space left on device");
        logs.look("10:00:00.000 ERROR KvMain - kv/a has stopped itself and ends with 3: Disk failed: No space left");
        logs.look(
                "10:00:00.000 ERROR ClientCnxn - Timeout error occurred for the packet 'clientPath:null finished:false header:: 65,-11  replyHeader:: 0,0,0'.");
        assertThat(logs.findings()).isEmpty();
        logs.look("10:00:00.000 ERROR KvMain - kv/a has stopped itself and ends with 3: Invariant broken: R3");
        logs.look("10:00:00.000 ERROR Worker - Defect: thread loop ends");
        logs.look("10:00:00.000 WARN  replication - [kv a] FAULTED: Invariant broken: R3");
        assertThat(logs.findings()).hasSize(3);
    }

    @Test
    void shouldDamageOneFileOfTheLogAndNothingElse() throws IOException {
        byte[] content = new byte[5000];
        new Random(1).nextBytes(content);
        Set<String> done = new TreeSet<>();
        for (int seed = 0; seed < 100; seed++) {
            Damage.wipe(directory);
            for (String name : List.of("kv/log/0.segment", "kv/log/state", "kv/lock", "filler")) {
                Path file = directory.resolve(name);
                Files.createDirectories(file.getParent());
                Files.write(file, content);
            }
            done.add(Damage.spoilLog(directory, new Random(seed)).split(" ")[0]);
            assertThat(directory.resolve("kv/lock")).hasBinaryContent(content);
            assertThat(directory.resolve("filler")).hasBinaryContent(content);
            assertThat(Stream.of("kv/log/0.segment", "kv/log/state").filter(name -> isSpoilt(name, content)))
                    .as("seed %d", seed)
                    .hasSize(1);
        }
        assertThat(done).containsExactly("cut", "deleted", "flipped");
    }

    private boolean isSpoilt(String name, byte[] content) {
        try {
            Path file = directory.resolve(name);
            return !Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), content);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldDamageTheLogOfClientsAsOftenAsThoseOfAllSideGroups() throws IOException {
        Random random = new Random(1);
        int ofClients = 0;
        for (int i = 0; i < 300; i++) {
            Damage.wipe(directory);
            for (String name : List.of("kv", "side0", "side1", "side2")) {
                Files.createDirectories(directory.resolve(name).resolve("log"));
                Files.writeString(directory.resolve(name).resolve("log/state"), name);
            }
            ofClients += Damage.spoilLog(directory, random).contains("kv/log") ? 1 : 0;
        }
        assertThat(ofClients).isBetween(100, 200);
    }

    @Test
    void shouldDamageAJournalThatIsInUse() throws IOException {
        Path journal = directory.resolve("_journal/1.journal");
        Files.createDirectories(journal.getParent());
        Files.write(journal, new byte[1 << 16]);
        assertThat(Damage.hasJournal(directory)).isFalse();
        assertThat(Damage.spoilJournal(directory, new Random(1))).startsWith("nothing to damage");
        byte[] content = new byte[1 << 16];
        new Random(1).nextBytes(content);
        Files.write(journal, content);
        assertThat(Damage.hasJournal(directory)).isTrue();
        assertThat(Damage.spoilJournal(directory, new Random(1))).contains("_journal/1.journal");
        assertThat(isSpoilt("_journal/1.journal", content)).isTrue();
    }

    @Test
    void shouldSeeWhatSideGroupsLostOrDoubled() {
        SideState state = new SideState();
        for (String write : List.of("a1 1", "a1 2", "b2 1", "a1 3", "c3 1")) {
            apply(state, write);
        }
        String text = state.text();
        SideLoad.check(0, text, Map.of("a1", 3L, "b2", 1L)); // that of c3 had an unknown outcome
        assertThatThrownBy(() -> SideLoad.check(0, text, Map.of("a1", 4L, "b2", 1L)))
                .hasMessageContaining("last number of a1 in side group 0, of which 4 was acknowledged");
        assertThatThrownBy(() -> SideLoad.check(0, text, Map.of("a1", 3L, "b2", 1L, "d4", 1L)))
                .hasMessageContaining("last number of d4");
        assertThatThrownBy(() -> SideLoad.check(0, text, Map.of("a1", 1L, "b2", 1L)))
                .hasMessageContaining("last number of a1");
        apply(state, "a1 3");
        assertThatThrownBy(() -> SideLoad.check(0, state.text(), Map.of("a1", 3L, "b2", 1L)))
                .hasMessageContaining("applied twice");
    }

    @Test
    void shouldRestoreSideGroups() throws IOException {
        SideState state = new SideState();
        apply(state, "a1 1");
        apply(state, "a1 1");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ((StateSnapshot.Handle) state.snapshot()).write(out);
        SideState other = new SideState();
        apply(other, "b1 1");
        other.restore(new ByteArrayInputStream(out.toByteArray()));
        assertThat(other.text()).isEqualTo(state.text()).isEqualTo("1 a1=1");
    }

    private static void apply(SideState state, String write) {
        state.apply(new Command(1, 1, 0, write.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void shouldThrowDamagedLogsAwayAndKeepTheRest() throws IOException {
        for (String name : List.of("kv/damaged-1/why.txt", "kv/log/state", "lost+found/damaged-1")) {
            Files.createDirectories(directory.resolve(name).getParent());
            Files.writeString(directory.resolve(name), name);
        }
        Damage.removeDamagedLogs(directory);
        assertThat(directory.resolve("kv/damaged-1")).doesNotExist();
        assertThat(directory.resolve("kv/log/state")).exists();
        assertThat(directory.resolve("lost+found/damaged-1")).exists();
    }

    @Test
    void shouldSumUp() {
        SoakSummary summary = new SoakSummary();
        summary.begin(2, 7, "tmpfs", List.of("no link is cut: not permitted"));
        Mischief.Ongoing kill = new Mischief.Ongoing(SoakFault.KILL, Set.of(), true, 0, () -> {});
        Mischief.Ongoing full = new Mischief.Ongoing(SoakFault.DISK_FULL, Set.of(), false, 0, () -> {});
        summary.add(List.of(kill), Duration.ofMillis(300), Duration.ofMillis(2000));
        summary.add(List.of(kill), Duration.ofMillis(100), Duration.ofMillis(1000));
        summary.add(List.of(kill, full), Duration.ofMillis(5000), Duration.ofMillis(1500));
        summary.finding("lost\na write");
        summary.end(3, Duration.ofSeconds(60), new NodeLogs());
        assertThat(summary.toString())
                .contains(
                        "## 2 nodes",
                        "seed 7",
                        "**Not done here**: no link is cut",
                        "| process killed | 3 | 3 | 300, 300 |  | 2000, 2000 |",
                        "| disk full | 1 | 0 |  |  |  |",
                        "longest time without an acknowledged write: 5000 ms",
                        "**findings: 1**\n  - lost a write");
    }
}
