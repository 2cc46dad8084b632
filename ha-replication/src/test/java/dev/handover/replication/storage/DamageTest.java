package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.GROUP;
import static dev.handover.replication.storage.LogFixture.NODE;
import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.copy;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.flip;
import static dev.handover.replication.storage.LogFixture.readAll;
import static dev.handover.replication.storage.LogFixture.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is taken for a torn end, and what for damage. */
class DamageTest {
    private static final UUID LINEAGE = new UUID(7, 8);
    private static final int RECORD = RecordHeader.SIZE + 200;

    @TempDir
    Path root;

    private Path directory;
    private UUID logId;

    /** Ten entries forced, then ten appended and not forced; their headers hold the mark behind the first ten. */
    @BeforeEach
    void twoBatches() throws IOException {
        directory = root.resolve("original");
        try (SegmentedLog log = open(directory)) {
            logId = log.logId();
            log.saveState(LINEAGE, 3);
            log.append(entries(1, 10, 3, 200));
            log.force();
            log.append(entries(11, 20, 3, 200));
        }
    }

    /** Without the forces, which take most of the time and make no difference here. */
    private static SegmentedLog open(Path path) throws IOException {
        return LogFixture.open(path, new CrashDisk(new Random(1)));
    }

    private Path copyOf(String name) throws IOException {
        Path to = root.resolve(name);
        copy(directory, to);
        return to;
    }

    private static int positionOf(int index) {
        return Segment.HEADER + (index - 1) * RECORD;
    }

    @Test
    void shouldFindDamageWhereverAByteBelowTheMarkIsFlipped() throws IOException {
        for (int position = Segment.HEADER; position < positionOf(11); position += 37) {
            Path copy = copyOf("flip" + position);
            Path segment = segments(copy).get(0);
            flip(segment, position);
            long index = (position - Segment.HEADER) / RECORD + 1;
            assertDamaged(copy, "entry " + index + " ", segment.toRealPath() + ", byte " + positionOf((int) index));
            LogFixture.delete(copy);
        }
    }

    @Test
    void shouldCutTheEndWhereverAByteAboveTheMarkIsFlipped() throws IOException {
        List<LogEntry> all = entries(1, 20, 3, 200);
        for (int position = positionOf(11); position < positionOf(21); position += 37) {
            Path copy = copyOf("flip" + position);
            Path segment = segments(copy).get(0);
            flip(segment, position);
            int good = (position - Segment.HEADER) / RECORD;
            assertHoldsAfterTwoStarts(copy, all.subList(0, good));
            byte[] behind = Files.readAllBytes(segment);
            assertThat(Arrays.copyOfRange(behind, positionOf(good + 1), behind.length))
                    .containsOnly(0);
            LogFixture.delete(copy);
        }
    }

    @Test
    void shouldCutTheEndWhereverTheLastWriteIsTorn() throws IOException {
        List<LogEntry> all = entries(1, 20, 3, 200);
        for (int position = positionOf(11); position < positionOf(21); position += 41) {
            for (int sector : new int[] {Integer.MAX_VALUE, 512}) {
                Path copy = copyOf("torn" + position + "-" + sector);
                Path segment = segments(copy).get(0);
                byte[] bytes = Files.readAllBytes(segment);
                // nothing behind has arrived, or one sector has not
                Arrays.fill(bytes, position, (int) Math.min(bytes.length, (long) position + sector), (byte) 0);
                Files.write(segment, bytes);
                assertHoldsAfterTwoStarts(copy, all.subList(0, (position - Segment.HEADER) / RECORD));
                LogFixture.delete(copy);
            }
        }
    }

    @Test
    void shouldFindDamageInTheLastBatchOnceTheLogWasSealed() throws IOException {
        try (SegmentedLog log = open(directory)) {
            log.append(entries(21, 30, 3, 200));
            log.force();
            while (segments(directory).size() < 2) {
                Thread.onSpinWait(); // the spare is being made, and a copy of what is being renamed fails
            }
            Path unsealed = copyOf("unsealed");
            flip(segments(unsealed).get(0), positionOf(25));
            assertHoldsAfterTwoStarts(unsealed, entries(1, 24, 3, 200)); // the known limit: it looks torn
            log.seal();
            log.seal();
        }
        for (int position = positionOf(21); position < positionOf(31); position += 37) {
            Path copy = copyOf("sealed" + position);
            flip(segments(copy).get(0), position);
            assertDamaged(copy, "entry " + ((position - Segment.HEADER) / RECORD + 1) + " ", "the state file shows");
            LogFixture.delete(copy);
        }
    }

    @Test
    void shouldNeverReviveWhatWasCut() throws IOException {
        Path segment = segments(directory).get(0);
        flip(segment, positionOf(12) + 100);
        try (SegmentedLog log = open(directory)) {
            assertThat(log.recovered().lastIndex()).isEqualTo(11);
            // exactly as long as the one that was torn, and what follows fitted behind it before
            log.append(entries(12, 12, 4, 200));
        }
        List<LogEntry> expected = new ArrayList<>(entries(1, 11, 3, 200));
        expected.addAll(entries(12, 12, 4, 200));
        assertHoldsAfterTwoStarts(directory, expected);
    }

    @Test
    void shouldSetADamagedLogAsideWholeAndStartANewOne() throws IOException {
        Path segment = segments(directory).get(0);
        flip(segment, positionOf(5));
        byte[] before = Files.readAllBytes(segment);
        assertDamaged(directory, "entry 5 ");
        Path aside = directory.resolve("damaged-1");
        assertThat(aside.resolve(segment.getFileName())).hasBinaryContent(before);
        assertThat(aside.resolve("why.txt")).content().contains("entry 5 ");

        Files.delete(directory.resolve("log").resolve(StateFile.FILE));
        assertDamaged(directory, "state is missing");
        assertThat(aside.resolve(segment.getFileName())).hasBinaryContent(before);
        assertThat(directory.resolve("damaged-2")).isDirectory();
    }

    @Test
    void shouldFindDamageWhenFilesAreMissingCutOrOfAnotherLog() throws IOException {
        try (SegmentedLog log = open(directory)) {
            log.append(entries(21, 200, 3, 200));
            log.force();
        }
        assertThat(segments(directory)).hasSizeGreaterThan(3);

        for (int i = 0; i < segments(directory).size() - 1; i++) {
            Path copy = copyOf("missing" + i);
            Path gone = segments(copy).get(i);
            Files.delete(gone);
            assertDamaged(copy, gone.getFileName() + " is missing");
        }
        Path tail = copyOf("tail"); // all from the second one on
        List<Path> behind = segments(tail);
        for (Path path : behind.subList(1, behind.size())) {
            Files.delete(path);
        }
        assertDamaged(tail, behind.get(1).getFileName() + " is missing", "the log goes on there");

        Path shorter = copyOf("shorter");
        try (RandomAccessFile file =
                new RandomAccessFile(segments(shorter).get(1).toFile(), "rw")) {
            file.setLength(10_000);
        }
        assertDamaged(shorter, "has 10000 bytes and should have 16384");

        Path header = copyOf("header");
        flip(segments(header).get(1), 3000);
        assertDamaged(
                header,
                "the header of ",
                segments(directory).get(1).getFileName().toString());

        Path swapped = copyOf("swapped");
        Files.copy(segments(directory).get(0), segments(swapped).get(1), StandardCopyOption.REPLACE_EXISTING);
        assertDamaged(swapped, "was written as");

        Path other = root.resolve("other");
        open(other).close();
        Files.copy(segments(other).get(0), segments(directory).get(0), StandardCopyOption.REPLACE_EXISTING);
        assertDamaged(directory, "belongs to log");
    }

    @Test
    void shouldFindDamageWhenTheLogIsEmptyThoughAMarkSaysOtherwise() throws IOException {
        open(directory).close(); // the state now holds a mark behind entry 20
        Path segment = segments(directory).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        Arrays.fill(bytes, Segment.HEADER, bytes.length, (byte) 0);
        Files.write(segment, bytes);
        assertDamaged(directory, "entry 1 ", "the state file shows");
    }

    @Test
    void shouldFindDamageWhenAnEntryVanishedBelowAMarkInALaterSegment() throws IOException {
        try (SegmentedLog log = open(directory)) {
            log.append(entries(21, 58, 3, 200));
            log.force();
            log.append(entries(59, 59, 3, 200)); // in the second segment
        }
        Path segment = segments(directory).get(0);
        byte[] bytes = Files.readAllBytes(segment);
        Arrays.fill(bytes, positionOf(25), bytes.length, (byte) 0);
        Files.write(segment, bytes);
        assertDamaged(
                directory, "entry 25 ", segments(directory).get(1).getFileName().toString());
    }

    @Test
    void shouldFindDamageInIdentityAndState() throws IOException {
        Path identity = copyOf("identity");
        flip(identity.resolve("log/identity"), 30);
        assertDamaged(identity, "identity does not verify");

        Path noIdentity = copyOf("noIdentity");
        Files.delete(noIdentity.resolve("log/identity"));
        assertDamaged(noIdentity, "identity is missing");

        Path state = copyOf("state");
        for (int slot = 0; slot < 4; slot++) {
            flip(state.resolve("log/state"), slot * 4096L + 44);
        }
        assertDamaged(state, "state does not verify");

        Path cut = copyOf("cut");
        Files.write(cut.resolve("log/state"), new byte[0]);
        assertDamaged(cut, "state does not verify");
    }

    @Test
    void shouldSurviveOneRottenPageOfTheStateAndNoticeALostSave() throws IOException {
        for (int slot = 0; slot < 4; slot++) {
            Path copy = copyOf("slot" + slot);
            flip(copy.resolve("log/state"), slot * 4096L + 44);
            try (SegmentedLog log = open(copy)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().highestEpoch()).isEqualTo(3);
                assertThat(log.recovered().lineage()).isEqualTo(LINEAGE);
                assertThat(log.recovered().bootCounter()).isEqualTo(2);
            }
        }
        // Saves: 1 and 2 at creation, 3 the first start, 4 epoch 3. Without the pages of save 4 the epoch would go
        // back.
        flip(directory.resolve("log/state"), 44);
        flip(directory.resolve("log/state"), 4096 + 44);
        assertDamaged(directory, "state holds save 3, though the log shows that save 4 had been forced");
    }

    @Test
    void shouldKeepTheOldOrTheNewStateWhereverASaveIsTorn() throws IOException {
        Path path = directory.resolve("log/state");
        byte[] old = Files.readAllBytes(path);
        try (StateFile file = StateFile.open(Disk.REAL, path.getParent())) {
            file.save(file.state().next(LINEAGE, 4, file.state().mark()));
        }
        byte[] saved = Files.readAllBytes(path);
        int first = Arrays.mismatch(old, saved);
        int changed = 0;
        for (int cut = first; cut <= 4 * 4096; cut = cut % 4096 < 80 ? cut + 1 : cut + 512 - cut % 512) {
            for (boolean reverse : new boolean[] {false, true}) { // which of the two pages arrives first is open
                byte[] torn = reverse ? saved.clone() : old.clone();
                System.arraycopy(reverse ? old : saved, 0, torn, 0, cut);
                Files.write(path, torn);
                try (StateFile file = StateFile.open(Disk.REAL, path.getParent())) {
                    assertThat(file.state().highestEpoch()).isIn(3L, 4L);
                    assertThat(file.state().lineage()).isEqualTo(LINEAGE);
                    changed += file.state().highestEpoch() == 4 ? 1 : 0;
                }
            }
        }
        assertThat(changed).isPositive();
    }

    @Test
    void shouldRefuseTheDirectoryOfAnotherGroupOrNode() {
        assertThatThrownBy(() -> SegmentedLog.open(directory, GroupId.of("bills"), NODE, SMALL))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("group orders on node a, not of group bills on node a")
                .hasMessageContaining("data directory of its own");
        assertThatThrownBy(() -> SegmentedLog.open(directory, GROUP, NodeId.of("b"), SMALL))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("not of group orders on node b");
        assertThat(directory.resolve("log")).isDirectory();
    }

    @Test
    void shouldRefuseAndKeepWhatALaterReleaseWrote() throws IOException {
        Path identity = directory.resolve("log/identity");
        byte[] bytes = Files.readAllBytes(identity);
        ByteBuffer.wrap(bytes).putInt(8, 2);
        CRC32C crc = new CRC32C();
        crc.update(bytes, 4, bytes.length - 4);
        ByteBuffer.wrap(bytes).putInt(0, (int) crc.getValue());
        Files.write(identity, bytes);
        assertThatThrownBy(() -> open(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("format version 2")
                .hasMessageContaining("start the release that wrote it");
        assertThat(identity).hasBinaryContent(bytes);
    }

    @Test
    void shouldBeAnotherReplicaWhenTheDirectoryWasWiped() throws IOException {
        LogFixture.delete(directory.resolve("log"));
        try (SegmentedLog log = open(directory)) {
            assertThat(log.damage()).isEmpty();
            assertThat(log.logId()).isNotEqualTo(logId);
            assertThat(log.recovered()).isEqualTo(RecoveredReplica.empty());
        }
    }

    private void assertDamaged(Path damaged, String... messages) throws IOException {
        UUID newId;
        try (SegmentedLog log = open(damaged)) {
            assertThat(log.damage()).isPresent();
            assertThat(log.damage().get()).contains(messages).contains("set aside as " + damaged.toRealPath());
            assertThat(log.recovered()).isEqualTo(RecoveredReplica.empty());
            newId = log.logId();
            assertThat(newId).isNotEqualTo(logId);
            log.append(entries(1, 3, 9, 10));
            log.force();
        }
        try (SegmentedLog log = open(damaged)) {
            assertThat(log.damage()).isEmpty();
            assertThat(log.logId()).isEqualTo(newId);
            assertSame(readAll(log, log.recovered().lastIndex()), entries(1, 3, 9, 10));
        }
    }

    private void assertHoldsAfterTwoStarts(Path path, List<LogEntry> expected) throws IOException {
        for (int start = 0; start < 2; start++) {
            try (SegmentedLog log = open(path)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.logId()).isEqualTo(logId);
                assertSame(readAll(log, log.recovered().lastIndex()), expected);
            }
        }
    }
}
