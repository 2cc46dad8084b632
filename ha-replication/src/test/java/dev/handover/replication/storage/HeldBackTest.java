package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.GROUP;
import static dev.handover.replication.storage.LogFixture.NODE;
import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.copy;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.readAll;
import static dev.handover.replication.storage.LogFixture.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What logs hold back from their segments, and find in the journal. */
@Timeout(120)
class HeldBackTest extends JournalFixture {
    @Test
    void shouldFindInTheJournalWhatTheSegmentsLack() throws IOException {
        UUID logId = first.logId();
        add(first, 11, 13);
        add(second, 11, 12);
        journal.force();
        add(first, 14, 16);
        journal.force();
        assertSame(readAll(second, 12), batch(1, 12));
        add(first, 17, 19);
        add(second, 13, 20);
        journal.force();
        assertSame(readAll(second, 20), batch(1, 20));
        assertThat(first.holdBack(batch(20, 22), HELD_BACK)).isTrue(); // and never forced
        add(second, 21, 21);
        die();

        assertThat(state(data.resolve("g1")).journal()).isEqualTo(journal.id());
        byte[] segment = Files.readAllBytes(segments(data.resolve("g1")).get(0));
        assertThat(Arrays.copyOfRange(segment, Segment.HEADER + 10 * RECORD, segment.length))
                .containsOnly(0);

        JournalReader reader = new JournalReader();
        Path copy = copyOf("copy");
        for (String group : List.of("g1", "g2")) {
            List<LogEntry> expected = batch(1, group.equals("g1") ? 19 : 20);
            try (SegmentedLog log =
                    SegmentedLog.open(copy.resolve(group), GROUP, NODE, SMALL, reader, OpeningListener.NONE)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().lastIndex()).isEqualTo(expected.size());
                assertSame(readAll(log, expected.size()), expected);
                assertThat(log.recovered().bootCounter()).isEqualTo(2);
            }
            assertThat(state(copy.resolve(group)).journal()).isNull();
        }
        Files.delete(journalIn(copy));
        try (SegmentedLog log = open(copy.resolve("g1"))) {
            assertThat(log.logId()).isEqualTo(logId);
            log.append(batch(20, 25));
            log.force();
        }
        assertHolds(copy.resolve("g1"), batch(1, 25));
        assertHolds(copy.resolve("g2"), batch(1, 20));
    }

    @Test
    void shouldWriteToTheSegmentBeforeMoreIsHeldBackThanMayBe() throws IOException {
        int most = 10 * RECORD;
        assertThat(first.holdBack(batch(11, 15), HELD_BACK)).isTrue();
        assertThat(first.holdBack(batch(16, 21), most)).isFalse(); // nothing of it is durable yet
        assertThat(journal.add(first)).isTrue();
        journal.force();
        assertThat(first.holdBack(batch(16, 26), most)).isFalse();
        assertThat(first.holdBack(batch(16, 20), most)).isTrue();
        assertThat(journal.add(first)).isTrue();
        journal.force();
        assertThat(inSegment(15 * RECORD)).isEqualTo(0);
        assertThat(first.holdBack(batch(21, 21), most)).isTrue();
        assertThat(first.onlyHeldBack()).isEqualTo(RECORD);
        assertThat(inSegment(10 * RECORD)).isNotEqualTo(0);
        assertThat(inSegment(19 * RECORD)).isNotEqualTo(0);
        assertThat(inSegment(20 * RECORD)).isEqualTo(0);
        assertSame(readAll(first, 21), batch(1, 21));
    }

    @Test
    void shouldHoldBackMuchInSmallPortionsOnly() throws IOException {
        try (SegmentedLog log = dependent("g3", SMALL.withSegmentBytes(1 << 20))) {
            int fits = (64 << 10) - RecordHeader.SIZE - 8; // a payload of that length needs no padding
            assertThat(log.holdBack(entries(11, 11, 3, fits + 16), 128 << 10)).isFalse();
            for (int index = 11; index <= 12; index++) {
                assertThat(log.holdBack(entries(index, index, 3, fits), 128 << 10))
                        .isTrue();
            }
            assertThat(log.holdBack(batch(13, 13), 128 << 10)).isFalse();
            assertThat(log.onlyHeldBack()).isEqualTo(2 * (RecordHeader.SIZE + fits));
        }
    }

    private int inSegment(int at) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(segments(data.resolve("g1")).get(0)))
                .getInt(Segment.HEADER + at);
    }

    @Test
    void shouldReadWhatIsHeldBack() throws IOException {
        assertThat(first.holdBack(batch(11, 15), HELD_BACK)).isTrue();
        assertThat(first.onlyHeldBack()).isEqualTo(5 * RECORD);
        assertThat(first.recovered().lastIndex()).isZero();
        assertSame(readAll(first, 15), batch(1, 15));
        assertThat(first.onlyHeldBack()).isEqualTo(-1); // the segment has it now
        assertThat(first.holdBack(batch(16, 16), HELD_BACK)).isFalse();
        assertThat(journal.add(first)).isFalse();
        first.force();
        assertThat(first.onlyHeldBack()).isZero();

        add(first, 16, 18);
        journal.force();
        assertThat(first.onlyHeldBack()).isZero();
        assertSame(readAll(first, 18), batch(1, 18)); // written, and durable in the journal
        add(first, 19, 20);
        assertThat(first.onlyHeldBack()).isEqualTo(2 * RECORD);
        journal.force();
        die();
        assertThat(inJournal(data.resolve("g1"), first.logId(), journal.id()).parts())
                .extracting(part -> part.bytes().length)
                .containsExactly(3 * RECORD, 2 * RECORD);
        assertHolds(data.resolve("g1"), batch(1, 20));
    }

    @Test
    void shouldAppendBehindWhatIsHeldBack() throws IOException {
        add(first, 11, 13);
        journal.force();
        assertThat(first.holdBack(batch(14, 15), HELD_BACK)).isTrue();
        first.append(batch(16, 18));
        assertThat(first.onlyHeldBack()).isEqualTo(-1);
        assertThat(journal.add(first)).isFalse();
        assertThat(first.holdBack(batch(19, 19), HELD_BACK)).isFalse();
        assertSame(readAll(first, 18), batch(1, 18));
        for (int crash = 0; crash < 30; crash++) {
            Path left = data.resolveSibling("left" + crash);
            disk.crash(data, left);
            try (SegmentedLog log = open(left.resolve("g1"))) {
                assertThat(log.damage()).isEmpty();
                int last = (int) log.recovered().lastIndex();
                assertThat(last).isBetween(13, 18);
                assertSame(readAll(log, last), batch(1, last));
            }
        }
        first.force();
        add(first, 19, 20);
        journal.force();
        die();
        assertHolds(data.resolve("g1"), batch(1, 20));
    }

    @Test
    void shouldForceWhatIsHeldBackWhetherTheJournalHasItOrNot() throws IOException {
        add(first, 11, 13);
        journal.force();
        first.force(); // nothing but what the journal has
        assertThat(first.holdBack(batch(14, 16), HELD_BACK)).isTrue();
        first.force();
        first.force();
        assertThat(first.onlyHeldBack()).isZero();
        assertThat(state(data.resolve("g1")).journal()).isEqualTo(journal.id());
        Path left = data.resolveSibling("left");
        disk.crash(data, left);
        assertHolds(left.resolve("g1"), batch(1, 16));
        add(first, 17, 18);
        journal.force();
        die();
        assertHolds(data.resolve("g1"), batch(1, 18));
    }

    @Test
    void shouldCutWhatIsHeldBack() throws IOException {
        add(first, 11, 16);
        journal.force();
        assertThat(first.holdBack(batch(17, 20), HELD_BACK)).isTrue();
        first.truncate(15);
        assertSame(readAll(first, 14), batch(1, 14));
        Path left = data.resolveSibling("left");
        disk.crash(data, left);
        assertHolds(left.resolve("g1"), batch(1, 14));

        List<LogEntry> expected = new ArrayList<>(batch(1, 14));
        expected.addAll(entries(15, 18, 4, BYTES));
        assertThat(first.holdBack(entries(15, 18, 4, BYTES), HELD_BACK)).isTrue();
        assertThat(journal.add(first)).isTrue();
        journal.force();
        assertThatThrownBy(() -> first.holdBack(batch(19, 19), HELD_BACK)) // of an earlier epoch
                .isInstanceOf(IllegalArgumentException.class);
        die();
        assertHolds(data.resolve("g1"), expected);
    }

    @Test
    void shouldBeCompactedAndResetWithWhatIsHeldBack() throws IOException {
        for (int last = 10; last < 100; last += 10) {
            if (first.holdBack(batch(last + 1, last + 10), HELD_BACK)) {
                assertThat(journal.add(first)).isTrue();
                journal.force();
            } else {
                first.append(batch(last + 1, last + 10));
                first.force();
            }
        }
        SnapshotPosition position = new SnapshotPosition(95, 3, 1_000_095);
        SnapshotInfo info;
        try (SnapshotSink sink = first.snapshots().create(position, LINEAGE, null, 1)) {
            sink.write(ByteBuffer.wrap(new byte[100]));
            info = sink.commit();
        }
        first.compact(90);
        long from = first.firstIndex();
        assertThat(from).isBetween(2L, 90L);
        add(first, 101, 103);
        journal.force();
        Path compacted = data.resolveSibling("compacted");
        disk.crash(data, compacted);
        try (SegmentedLog log = open(compacted.resolve("g1"))) {
            assertThat(log.damage()).isEmpty();
            assertThat(log.firstIndex()).isEqualTo(from);
            assertThat(log.recovered().lastIndex()).isEqualTo(103);
            assertSame(log.read(from, 103, 1 << 20), batch(from, 103));
        }

        assertThat(first.holdBack(batch(104, 104), HELD_BACK)).isTrue();
        first.reset(info);
        add(first, 96, 98);
        journal.force();
        Path reset = data.resolveSibling("reset");
        disk.crash(data, reset);
        try (SegmentedLog log = open(reset.resolve("g1"))) {
            assertThat(log.damage()).isEmpty();
            assertThat(log.firstIndex()).isEqualTo(96);
            assertThat(log.recovered().lastIndex()).isEqualTo(98);
            assertSame(log.read(96, 98, 1 << 20), batch(96, 98));
        }
    }

    @Test
    void shouldHoldNothingBackBehindTheEndOfTheSegment() throws IOException {
        int last = 10;
        while (first.holdBack(batch(last + 1, last + 1), HELD_BACK)) {
            last++;
            assertThat(last).isLessThan(100);
        }
        assertThat(journal.add(first)).isTrue();
        journal.force();
        assertThat(segments(data.resolve("g1")).get(0)).hasSize(16 << 10);
        // behind the last record there is room for an END, and not for a record and an END
        assertThat(last).isEqualTo(((16 << 10) - Segment.HEADER - RecordHeader.SIZE) / RECORD);
        first.append(batch(last + 1, last + 5));
        first.force();
        add(first, last + 6, last + 8); // in the next segment
        journal.force();
        die();
        assertHolds(data.resolve("g1"), batch(1, last + 8));
    }

    @Test
    void shouldHoldBackSixtyFourKilobytesAtMost() throws IOException {
        StorageOptions large = SMALL.withSegmentBytes(256 << 10);
        int most = (64 << 10) / RECORD;
        try (SegmentedLog log = dependent("large", large)) {
            for (int index = 11; index <= 10 + most; index++) {
                assertThat(log.holdBack(batch(index, index), HELD_BACK)).isTrue();
            }
            int last = 10 + most;
            assertThat(log.holdBack(batch(last + 1, last + 1), HELD_BACK)).isFalse();
            assertThat(log.onlyHeldBack()).isEqualTo(most * RECORD);
            assertThat(journal.add(log)).isTrue();
            journal.force();
            assertThat(log.holdBack(batch(last + 1, last + 1), HELD_BACK))
                    .isTrue(); // what the journal has goes to the segment
            assertThat(log.onlyHeldBack()).isEqualTo(RECORD);
            assertThat(log.holdBack(entries(last + 2, last + 2, 3, 64 << 10), HELD_BACK))
                    .isFalse();
            assertSame(readAll(log, last + 1), batch(1, last + 1));
        }
    }

    @Test
    void shouldLoseNothingOfWhatWentToTheSegmentWithoutAForce() throws IOException {
        StorageOptions large = SMALL.withSegmentBytes(256 << 10);
        int count = (30 << 10) / RECORD;
        int last = 10;
        try (SegmentedLog log = dependent("large", large)) {
            for (int frame = 0; frame < 3; frame++) { // together more than is held back
                add(log, last + 1, last + count);
                journal.force();
                last += count;
            }
            Path lost = data.resolveSibling("power-lost");
            Files.createDirectory(lost);
            disk.crash(data, lost);
            assertHolds(lost.resolve("large"), batch(1, last));
        }
    }

    @Test
    void shouldHoldNothingBackWithoutAJournal() throws IOException {
        try (SegmentedLog log = LogFixture.open(data.resolve("g3"), disk)) {
            assertThat(log.holdBack(batch(1, 1), HELD_BACK)).isFalse();
            assertThat(log.onlyHeldBack()).isEqualTo(-1);
            assertThat(journal.add(log)).isFalse();
            log.append(batch(1, 1));
            log.dependOn(journal.id()); // forces it
            assertThat(log.onlyHeldBack()).isZero();
            assertThat(log.holdBack(batch(2, 2), HELD_BACK)).isTrue();
            log.seal();
            assertThat(state(data.resolve("g3")).journal()).isNull();
            assertThat(log.holdBack(batch(3, 3), HELD_BACK)).isFalse();
            assertThat(journal.add(log)).isFalse();
        }
        assertHolds(data.resolve("g3"), batch(1, 2));
    }

    @Test
    void shouldForceInTheSegmentWhatWasAppendedToIt() throws IOException {
        first.append(batch(11, 12));
        assertThat(first.onlyHeldBack()).isEqualTo(-1);
        assertThat(journal.add(first)).isFalse();
        assertThat(first.holdBack(batch(13, 13), HELD_BACK)).isFalse();
        add(second, 11, 13);
        journal.force();
        assertThat(first.onlyHeldBack()).isEqualTo(-1); // nothing of it was in that frame
        first.force();
        add(first, 13, 14);
        journal.force();
        die();
        assertHolds(data.resolve("g1"), batch(1, 14));
        assertHolds(data.resolve("g2"), batch(1, 13));
    }

    @Test
    void shouldShowOfflineWhatIsHeldBackAndChangeNoByte() throws IOException {
        threeFrames();
        die();
        Map<Path, Integer> before = contents(data);
        for (String group : List.of("g1", "g2")) {
            try (OfflineLog log = OfflineLog.read(data.resolve(group))) {
                assertThat(log.lastIndex()).isEqualTo(19);
                assertSame(log.entries(1, 19, 1 << 20), batch(1, 19));
            }
        }
        assertThat(contents(data)).isEqualTo(before);
        Path missing = copyOf("missing");
        Files.delete(journalIn(missing));
        assertThatThrownBy(() -> OfflineLog.read(missing.resolve("g1")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("the journal " + journalIn(missing))
                .hasMessageContaining("is missing");
    }

    @Test
    void shouldKeepWhatIsHeldBackWhenTheLineageIsChanged() throws IOException {
        threeFrames();
        die();
        try (OfflineLog log = OfflineLog.own(data.resolve("g1"))) {
            log.changeLineage(LINEAGE, 5);
        }
        assertThat(state(data.resolve("g1")).journal()).isEqualTo(journal.id());
        try (OfflineLog log = OfflineLog.read(data.resolve("g1"))) {
            assertThat(log.lineage()).isEqualTo(LINEAGE);
            assertThat(log.lastIndex()).isEqualTo(19);
        }
        try (SegmentedLog log = open(data.resolve("g1"))) {
            assertThat(log.damage()).isEmpty();
            assertThat(log.recovered().lineage()).isEqualTo(LINEAGE);
            assertThat(log.recovered().highestEpoch()).isEqualTo(5);
            assertSame(readAll(log, log.recovered().lastIndex()), batch(1, 19));
        }
    }

    @Test
    void shouldKeepTheJournalInTheStateThatIsSaved() throws IOException {
        add(first, 11, 13);
        journal.force();
        first.saveState(LINEAGE, 4);
        add(first, 14, 15);
        journal.force();
        first.saveState(LINEAGE, 5);
        die();
        assertThat(state(data.resolve("g1")).mark()).isEqualTo(Segment.HEADER + 15 * RECORD);
        assertHolds(data.resolve("g1"), batch(1, 15));
    }

    private static List<Integer> versionsOfState(Path group) throws IOException {
        List<Integer> versions = new ArrayList<>();
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(group.resolve("log/state")));
        for (int page = 0; page < 4; page++) {
            versions.add(bytes.getInt(page * Block.SIZE + 8));
        }
        return versions;
    }

    private static int versionOfNewestState(Path group) throws IOException {
        long pair = state(group).sequence() % 2 * 2;
        List<Integer> versions = versionsOfState(group);
        assertThat(versions.get((int) pair)).isEqualTo(versions.get((int) pair + 1));
        return versions.get((int) pair);
    }

    @Test
    void shouldWriteALaterVersionOfTheStateOnlyWhileItDependsOnAJournal() throws IOException {
        Path group = data.resolve("g1");
        assertThat(versionOfNewestState(group)).isEqualTo(3);
        first.saveState(LINEAGE, 4);
        assertThat(versionOfNewestState(group)).isEqualTo(3);
        first.seal();
        assertThat(versionOfNewestState(group)).isEqualTo(2);
        first.dependOn(journal.id());
        assertThat(versionOfNewestState(group)).isEqualTo(3);
        die();
        open(group).close();
        assertThat(versionOfNewestState(group)).isEqualTo(2);
        assertThat(state(group).highestEpoch()).isEqualTo(4);
    }

    /** It looks at the version of each page, not only at that of the newest. */
    @Test
    void shouldLeaveNothingThatAnOlderReleaseRefusesOnceItIsIndependent() throws IOException {
        first.saveState(LINEAGE, 4);
        first.seal();
        assertThat(versionsOfState(data.resolve("g1"))).containsOnly(2);
        die();
        open(data.resolve("g2")).close();
        assertThat(versionsOfState(data.resolve("g2"))).containsOnly(2);
    }

    /** Each save goes to the pages that the one before it has left: so a save that is torn leaves that one. */
    @Test
    void shouldSaveTheStateStepByStepWhenItIsOpened() throws IOException {
        Path group = data.resolve("g1");
        first.saveState(LINEAGE, 4);
        die();
        long sequence = state(group).sequence();
        open(group).close();
        assertThat(state(group).sequence()).as("it was dependent").isEqualTo(sequence + 2);
        open(group).close();
        assertThat(state(group).sequence()).as("it was independent").isEqualTo(sequence + 3);
    }
}
