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

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class JournalTest {
    private static final UUID LINEAGE = new UUID(7, 8);
    private static final int BYTES = 200;
    private static final int RECORD = RecordHeader.SIZE + BYTES;
    /** Room for a lap of a few short frames; {@link Journal#lapIsOver} does not know that they are short. */
    private static final long SHORT = 128 << 10;
    /** Room for two of the longest frames, and a seal. */
    private static final long LONG = Journal.BEGIN + 2L * Journal.LONGEST_FRAME + Block.SIZE;

    @TempDir
    Path root;

    private Path data;
    private final CrashDisk disk = new CrashDisk(new Random(1));
    private Journals journals;
    private Journal journal;
    private SegmentedLog first;
    private SegmentedLog second;

    /** Both hold ten entries in their segments, and depend on the journal. */
    @BeforeEach
    void twoLogs() throws IOException {
        data = root.toRealPath().resolve("data");
        journals = new Journals(disk, data, SMALL, SHORT);
        journal = journals.create();
        first = dependent("g1");
        second = dependent("g2");
    }

    @AfterEach
    void die() throws IOException {
        first.close();
        second.close();
        journal.close();
        journals.close();
    }

    private SegmentedLog dependent(String group) throws IOException {
        return dependent(group, SMALL);
    }

    private SegmentedLog dependent(String group, StorageOptions options) throws IOException {
        SegmentedLog log = SegmentedLog.open(data.resolve(group), GROUP, NODE, options, disk, OpeningListener.NONE);
        log.append(batch(1, 10));
        log.force();
        log.dependOn(journal.id());
        return log;
    }

    /** Without the forces, which take most of the time and make no difference here. */
    private static SegmentedLog open(Path group) throws IOException {
        return LogFixture.open(group, new CrashDisk(new Random(1)));
    }

    private static List<LogEntry> batch(long from, long to) {
        return entries(from, to, 3, BYTES);
    }

    private void add(SegmentedLog log, long from, long to) throws IOException {
        assertThat(log.holdBack(batch(from, to))).isTrue();
        assertThat(journal.add(log)).isTrue();
    }

    /** Three frames of one block each: both logs up to 13, the first one up to 16, both up to 19. */
    private void threeFrames() throws IOException {
        add(first, 11, 13);
        add(second, 11, 13);
        journal.force();
        add(first, 14, 16);
        journal.force();
        add(first, 17, 19);
        add(second, 14, 19);
        journal.force();
    }

    private static long frame(int number) {
        return Journal.BEGIN + (long) number * Block.SIZE;
    }

    private Path journalIn(Path directory) {
        return Journals.file(directory.resolve(Journals.DIRECTORY), journal.id());
    }

    private Path copyOf(String name) throws IOException {
        Path to = data.resolveSibling(name);
        copy(data, to);
        return to;
    }

    private static StateFile.State state(Path group) throws IOException {
        return StateFile.read(Disk.REAL, group.resolve("log"));
    }

    /** Twice: the second time it must not depend on what the journal has. */
    private static void assertHolds(Path group, List<LogEntry> expected) throws IOException {
        for (int start = 0; start < 2; start++) {
            try (SegmentedLog log = open(group)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().lastIndex()).isEqualTo(expected.size());
                assertSame(readAll(log, expected.size()), expected);
            }
            assertThat(state(group).journal()).isNull();
        }
    }

    private static void assertDamaged(Path group, String... messages) throws IOException {
        try (SegmentedLog log = open(group)) {
            assertThat(log.damage()).isPresent();
            assertThat(log.damage().get()).contains(messages).contains("set aside as " + group.resolve("damaged-1"));
            assertThat(log.recovered().lastIndex()).isZero();
        }
        assertThat(group.resolve("damaged-1/why.txt")).content().contains(messages);
        assertThat(state(group).journal()).isNull();
    }

    private static void change(Path file, long from, long to, byte[] source) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        System.arraycopy(source, (int) from, bytes, (int) from, (int) (to - from));
        Files.write(file, bytes);
    }

    private static Map<Path, Integer> contents(Path directory) throws IOException {
        Map<Path, Integer> contents = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                contents.put(path, Files.isDirectory(path) ? 0 : Arrays.hashCode(Files.readAllBytes(path)));
            }
        }
        return contents;
    }

    private static List<Path> journalFiles(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve(Journals.DIRECTORY))) {
            return all.filter(path -> path.toString().endsWith(".journal")).toList();
        }
    }

    private static HeldBack inJournal(Path group, UUID logId, UUID journal) throws IOException {
        return new JournalReader().read(Disk.REAL, group, logId, journal);
    }

    /** Some bytes of no log. */
    private static final class Bytes implements JournalPart {
        private final UUID logId = UUID.randomUUID();
        private final byte[] bytes;

        Bytes(int length) {
            bytes = new byte[length];
            new Random(length).nextBytes(bytes);
        }

        @Override
        public void dependOn(UUID journal) {}

        @Override
        public boolean holdBack(List<LogEntry> entries) {
            return false;
        }

        @Override
        public int onlyHeldBack() {
            return bytes.length;
        }

        @Override
        public UUID logId() {
            return logId;
        }

        @Override
        public long durable() {
            return 77;
        }

        @Override
        public void copyHeldBack(ByteBuffer target) {
            target.put(bytes);
        }

        @Override
        public void durableElsewhere(long end) {}
    }

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
        assertThat(first.holdBack(batch(20, 22))).isTrue(); // and never forced
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
    void shouldReadWhatIsHeldBack() throws IOException {
        assertThat(first.holdBack(batch(11, 15))).isTrue();
        assertThat(first.onlyHeldBack()).isEqualTo(5 * RECORD);
        assertThat(first.recovered().lastIndex()).isZero();
        assertSame(readAll(first, 15), batch(1, 15));
        assertThat(first.onlyHeldBack()).isEqualTo(-1); // the segment has it now
        assertThat(first.holdBack(batch(16, 16))).isFalse();
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
        assertThat(first.holdBack(batch(14, 15))).isTrue();
        first.append(batch(16, 18));
        assertThat(first.onlyHeldBack()).isEqualTo(-1);
        assertThat(journal.add(first)).isFalse();
        assertThat(first.holdBack(batch(19, 19))).isFalse();
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
        assertThat(first.holdBack(batch(14, 16))).isTrue();
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
        assertThat(first.holdBack(batch(17, 20))).isTrue();
        first.truncate(15);
        assertSame(readAll(first, 14), batch(1, 14));
        Path left = data.resolveSibling("left");
        disk.crash(data, left);
        assertHolds(left.resolve("g1"), batch(1, 14));

        List<LogEntry> expected = new ArrayList<>(batch(1, 14));
        expected.addAll(entries(15, 18, 4, BYTES));
        assertThat(first.holdBack(entries(15, 18, 4, BYTES))).isTrue();
        assertThat(journal.add(first)).isTrue();
        journal.force();
        assertThatThrownBy(() -> first.holdBack(batch(19, 19))) // of an earlier epoch
                .isInstanceOf(IllegalArgumentException.class);
        die();
        assertHolds(data.resolve("g1"), expected);
    }

    @Test
    void shouldBeCompactedAndResetWithWhatIsHeldBack() throws IOException {
        for (int last = 10; last < 100; last += 10) {
            if (first.holdBack(batch(last + 1, last + 10))) {
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

        assertThat(first.holdBack(batch(104, 104))).isTrue();
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
        while (first.holdBack(batch(last + 1, last + 1))) {
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
                assertThat(log.holdBack(batch(index, index))).isTrue();
            }
            int last = 10 + most;
            assertThat(log.holdBack(batch(last + 1, last + 1))).isFalse();
            assertThat(log.onlyHeldBack()).isEqualTo(most * RECORD);
            assertThat(journal.add(log)).isTrue();
            journal.force();
            assertThat(log.holdBack(batch(last + 1, last + 1))).isTrue(); // what the journal has goes to the segment
            assertThat(log.onlyHeldBack()).isEqualTo(RECORD);
            assertThat(log.holdBack(entries(last + 2, last + 2, 3, 64 << 10))).isFalse();
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
            assertThat(log.holdBack(batch(1, 1))).isFalse();
            assertThat(log.onlyHeldBack()).isEqualTo(-1);
            assertThat(journal.add(log)).isFalse();
            log.append(batch(1, 1));
            log.dependOn(journal.id()); // forces it
            assertThat(log.onlyHeldBack()).isZero();
            assertThat(log.holdBack(batch(2, 2))).isTrue();
            log.seal();
            assertThat(state(data.resolve("g3")).journal()).isNull();
            assertThat(log.holdBack(batch(3, 3))).isFalse();
            assertThat(journal.add(log)).isFalse();
        }
        assertHolds(data.resolve("g3"), batch(1, 2));
    }

    @Test
    void shouldForceInTheSegmentWhatWasAppendedToIt() throws IOException {
        first.append(batch(11, 12));
        assertThat(first.onlyHeldBack()).isEqualTo(-1);
        assertThat(journal.add(first)).isFalse();
        assertThat(first.holdBack(batch(13, 13))).isFalse();
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
    void shouldFillAFrameToItsEndAndNoFurther() throws IOException {
        try (Journals others = new Journals(disk, data.resolveSibling("other"), SMALL, LONG);
                Journal large = others.create()) {
            Bytes small = new Bytes(1000);
            Bytes rest = new Bytes(Journal.LONGEST_FRAME - Journal.FRAME_HEADER - 2 * Journal.PART_HEADER - 1000);
            assertThat(large.add(small)).isTrue();
            assertThat(large.add(new Bytes(rest.bytes.length + 1))).isFalse();
            assertThat(large.add(rest)).isTrue();
            assertThat(large.add(new Bytes(0))).isFalse();
            assertThat(large.lapIsOver()).isFalse();
            large.force();
            assertThat(large.lapIsOver()).isFalse(); // just about
            assertThat(large.add(small)).isTrue();
            large.force();
            assertThat(large.lapIsOver()).isTrue();
            large.seal();
            large.seal();
            assertThat(Path.of(large.toString())).hasSize(LONG);
            Path group = data.resolveSibling("other").resolve("g");
            HeldBack found = inJournal(group, small.logId, large.id());
            assertThat(found.parts()).hasSize(2).allSatisfy(part -> {
                assertThat(part.offset()).isEqualTo(77);
                assertThat(part.bytes()).isEqualTo(small.bytes);
            });
            assertThat(inJournal(group, rest.logId, large.id()).parts())
                    .singleElement()
                    .satisfies(part -> assertThat(part.bytes()).isEqualTo(rest.bytes));
        }
    }

    /** So that the seal of a lap stays within the file, whatever the last frame takes. */
    @Test
    void shouldKeepRoomForASealAfterTheLongestFrames() throws IOException {
        try (Journals others = new Journals(disk, data.resolveSibling("other"), SMALL, LONG);
                Journal large = others.create()) {
            for (int frame = 0; frame < 2; frame++) {
                assertThat(large.lapIsOver()).isFalse();
                assertThat(large.add(new Bytes(Journal.LONGEST_FRAME - Journal.FRAME_HEADER - Journal.PART_HEADER)))
                        .isTrue();
                large.force();
            }
            large.seal();
            assertThat(large.lapIsOver()).isTrue();
            assertThat(Path.of(large.toString())).hasSize(LONG);
            large.beginLap();
            assertThat(large.lapIsOver()).isFalse();
        }
    }

    private void settleAndBeginLap() throws IOException {
        first.force();
        second.force();
        journal.beginLap();
    }

    @Test
    void shouldForgetTheFramesOfEarlierLaps() throws IOException {
        UUID logId = first.logId();
        threeFrames();
        settleAndBeginLap();
        assertThat(inJournal(data.resolve("g1"), logId, journal.id()).parts()).isEmpty();
        add(first, 20, 22);
        journal.force();
        HeldBack found = inJournal(data.resolve("g1"), logId, journal.id());
        assertThat(found.parts()).hasSize(1);
        assertThat(found.begin()).isEqualTo(Segment.HEADER + 19 * RECORD);
        settleAndBeginLap();
        settleAndBeginLap(); // a lap without a frame
        add(second, 20, 21);
        journal.force();
        add(second, 22, 22);
        journal.force(); // of the first lap, frame 2 is left
        die();
        assertHolds(data.resolve("g1"), batch(1, 22));
        assertHolds(data.resolve("g2"), batch(1, 22));
    }

    /** Also when no frame of the new lap has overwritten one of the old. */
    @Test
    void shouldOpenWhereverTheBeginningOfALapIsTorn() throws IOException {
        int last = 19;
        threeFrames();
        for (int lap = 2; lap <= 4; lap++) {
            byte[] before = Files.readAllBytes(journalIn(data));
            settleAndBeginLap();
            byte[] after = Files.readAllBytes(journalIn(data));
            long page = lap % Journal.PAGES * (long) Block.SIZE;
            assertThat(Arrays.mismatch(before, after)).isBetween((int) page, (int) page + Block.SIZE - 1);
            for (int cut : new int[] {0, 3, 4, 20, 30, 36, 40, 512, Block.SIZE}) {
                for (boolean reverse : new boolean[] {false, true}) {
                    Path left = data.resolveSibling("left");
                    disk.crash(data, left);
                    byte[] torn = reverse ? before.clone() : after.clone();
                    byte[] rest = reverse ? after : before;
                    System.arraycopy(rest, (int) page + cut, torn, (int) page + cut, Block.SIZE - cut);
                    Files.write(journalIn(left), torn);
                    assertHolds(left.resolve("g1"), batch(1, last));
                    assertHolds(left.resolve("g2"), batch(1, 19));
                    LogFixture.delete(left);
                }
            }
            add(first, last + 1, last + 2);
            journal.force();
            last += 2;
        }
    }

    @Test
    void shouldFindDamageWhenThePageOfALapWithFramesIsLost() throws IOException {
        threeFrames();
        byte[] before = Files.readAllBytes(journalIn(data));
        settleAndBeginLap();
        add(first, 20, 22);
        journal.force();
        die();
        change(journalIn(data), 0, Block.SIZE, before); // lap 2 is said in page 0
        assertDamaged(
                data.resolve("g1"),
                "the journal " + journalIn(data),
                "whose frame 0 of lap 1 at byte " + frame(0),
                "frame 0 of lap 2 at byte " + frame(0));
    }

    @Test
    void shouldNotMissThePageOfTheLapBefore() throws IOException {
        threeFrames();
        settleAndBeginLap();
        add(first, 20, 22);
        journal.force();
        die();
        flip(journalIn(data), Block.SIZE + 30);
        assertHolds(data.resolve("g1"), batch(1, 22));
        assertHolds(data.resolve("g2"), batch(1, 19));
    }

    @Test
    void shouldFindDamageInEachFrameButTheLast() throws IOException {
        SegmentedLog third = dependent("g3");
        third.seal();
        third.close();
        threeFrames();
        die();
        int header = Journal.FRAME_HEADER;
        int part = Journal.PART_HEADER;
        for (int number = 0; number < 2; number++) {
            for (int at : new int[] {0, 5, 9, 14, 20, 39, 47, 50, 60, header, header + 20, header + part + 500}) {
                Path copy = copyOf("flip" + number + "-" + at);
                flip(journalIn(copy), frame(number) + at);
                for (String group : List.of("g1", "g2")) {
                    assertDamaged(
                            copy.resolve(group),
                            "the journal " + journalIn(copy),
                            "frame " + number + " of lap 1 at byte " + frame(number) + " does not verify",
                            "frame " + (number + 1) + " of lap 1 at byte " + frame(number + 1));
                }
                assertHolds(copy.resolve("g3"), batch(1, 10));
                LogFixture.delete(copy);
            }
        }
    }

    @Test
    void shouldFindDamageInTheLastFrameOnceTheJournalWasSealed() throws IOException {
        threeFrames();
        first.close();
        second.close();
        Path unsealed = copyOf("unsealed");
        journal.seal();
        journal.seal();
        die();
        for (int at : new int[] {5, 44, Journal.FRAME_HEADER + 500}) {
            Path copy = unsealed.resolveSibling("unsealed" + at);
            copy(unsealed, copy);
            flip(journalIn(copy), frame(2) + at);
            assertHolds(copy.resolve("g1"), batch(1, 16)); // the known limit: it looks torn
            assertHolds(copy.resolve("g2"), batch(1, 13));

            Path sealed = copyOf("sealed" + at);
            flip(journalIn(sealed), frame(2) + at);
            for (String group : List.of("g1", "g2")) {
                assertDamaged(
                        sealed.resolve(group),
                        "the journal " + journalIn(sealed),
                        "frame 2 of lap 1 at byte " + frame(2),
                        "frame 3 of lap 1 at byte " + frame(3));
            }
        }
        flip(journalIn(data), frame(3) + 7); // the seal itself
        assertHolds(data.resolve("g1"), batch(1, 19));
    }

    @Test
    void shouldFindDamageWhenTheJournalIsMissingShorterOrAnotherOne() throws IOException {
        threeFrames();
        settleAndBeginLap();
        add(first, 20, 20);
        journal.force();
        die();

        Path pages = copyOf("pages");
        flip(journalIn(pages), 20);
        flip(journalIn(pages), Block.SIZE + 20);
        assertDamaged(pages.resolve("g1"), "the journal " + journalIn(pages), "first pages do not verify");

        Path missing = copyOf("missing");
        Files.delete(journalIn(missing));
        assertDamaged(missing.resolve("g1"), "the journal " + journalIn(missing), "is missing");
        assertDamaged(missing.resolve("g2"), "the journal " + journalIn(missing), "is missing");

        Path alone = data.resolveSibling("alone");
        copy(data.resolve("g1"), alone.resolve("g1"));
        assertDamaged(alone.resolve("g1"), "the journal " + journalIn(alone), "is missing", "with its journals");

        for (long length : new long[] {0, Block.SIZE, Block.SIZE + 100, Journal.BEGIN, frame(0) + 20, SHORT - 1}) {
            Path shorter = copyOf("shorter" + length);
            try (RandomAccessFile file = new RandomAccessFile(journalIn(shorter).toFile(), "rw")) {
                file.setLength(length);
            }
            assertDamaged(shorter.resolve("g1"), "the journal " + journalIn(shorter));
        }

        Path other = copyOf("other");
        try (Journals others = new Journals(Disk.REAL, other, SMALL, SHORT);
                Journal another = others.create()) {
            Files.copy(Path.of(another.toString()), data.resolveSibling("another"));
        }
        Files.delete(journalIn(other));
        Files.move(data.resolveSibling("another"), journalIn(other));
        assertDamaged(other.resolve("g1"), "the journal " + journalIn(other), "says that it is ");
    }

    @Test
    void shouldHoldWhatWasBeforeWhereverTheLastFrameIsTorn() throws IOException {
        add(first, 11, 13);
        add(second, 11, 13);
        journal.force();
        byte[] before = Files.readAllBytes(journalIn(data));
        add(first, 14, 30);
        add(second, 14, 30);
        journal.force();
        die();
        byte[] after = Files.readAllBytes(journalIn(data));
        int begin = (int) frame(1);
        int end = (int) frame(4); // three blocks
        assertThat(Arrays.copyOfRange(after, end, after.length)).containsOnly(0);
        for (int cut = begin; cut < end - Block.SIZE / 2; cut += 509) {
            for (boolean reverse : new boolean[] {false, true}) { // what arrives first is open
                Path copy = copyOf("torn" + cut + reverse);
                byte[] torn = reverse ? after.clone() : before.clone();
                System.arraycopy(reverse ? before : after, begin, torn, begin, cut - begin);
                Files.write(journalIn(copy), torn);
                int last = Arrays.equals(torn, after) ? 30 : 13;
                assertHolds(copy.resolve("g1"), batch(1, last));
                assertHolds(copy.resolve("g2"), batch(1, last));
                LogFixture.delete(copy);
            }
        }
    }

    @Test
    void shouldHoldWhatWasBeforeWhenAWriteOfTheJournalFails() throws IOException {
        FaultyDisk faulty = new FaultyDisk();
        Path other = data.resolveSibling("other");
        try (Journals others = new Journals(faulty, other, SMALL, SHORT);
                Journal failing = others.create();
                SegmentedLog log = open(other.resolve("g1"))) {
            log.append(batch(1, 10));
            log.dependOn(failing.id());
            assertThat(log.holdBack(batch(11, 15))).isTrue();
            assertThat(failing.add(log)).isTrue();
            failing.force();
            assertThat(log.holdBack(batch(16, 35))).isTrue();
            assertThat(failing.add(log)).isTrue();
            faulty.tearNextWrite();
            assertThatThrownBy(failing::force).isInstanceOf(IOException.class);
            assertThat(log.onlyHeldBack()).isEqualTo(20 * RECORD); // is not taken for durable
        }
        assertHolds(other.resolve("g1"), batch(1, 15));
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

    @Test
    void shouldRemoveJournalsThatNobodyDependsOn() throws IOException {
        threeFrames();
        first.seal();
        die();
        Path needed = journalIn(data);
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            assertThat(next.id()).isNotEqualTo(journal.id());
            assertThat(journalFiles(data)).containsExactlyInAnyOrder(needed, Path.of(next.toString()));
        }
        Files.createDirectory(data.resolve("empty"));
        Files.writeString(data.resolve("notes.txt"), "no group");
        Path unopened;
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            unopened = Path.of(next.toString());
            assertThat(journalFiles(data)).containsExactlyInAnyOrder(needed, unopened);
        }
        assertHolds(data.resolve("g2"), batch(1, 19));
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            assertThat(journalFiles(data)).containsExactly(Path.of(next.toString()));
            next.delete();
            assertThat(journalFiles(data)).isEmpty();
        }
        assertHolds(data.resolve("g1"), batch(1, 19));
        assertHolds(data.resolve("g2"), batch(1, 19));
    }

    @Test
    void shouldKeepAllJournalsWhileTheStateOfALogIsUnreadable() throws IOException {
        first.seal();
        die();
        for (int slot = 0; slot < 4; slot++) {
            flip(data.resolve("g2/log/state"), slot * 4096L + 44);
        }
        try (Journals later = new Journals(disk, data, SMALL, SHORT);
                Journal next = later.create()) {
            assertThat(journalFiles(data))
                    .containsExactlyInAnyOrder(Path.of(journal.toString()), Path.of(next.toString()));
        }
    }

    @Test
    void shouldRefuseJournalsOfTwoOwners() throws IOException {
        Map<Path, Integer> before = contents(data.resolve(Journals.DIRECTORY));
        Journals intruder = new Journals(disk, data, SMALL, SHORT);
        assertThatThrownBy(intruder::create)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("open in this process");
        intruder.close();
        assertThat(contents(data.resolve(Journals.DIRECTORY))).isEqualTo(before);
        assertThat(journals.create().id()).isNotEqualTo(journal.id()); // its owner may make another one
        die();
        try (Journals later = new Journals(disk, data, SMALL, SHORT)) {
            assertThat(Path.of(later.create().toString())).exists();
        }
    }

    @Test
    void shouldRefuseToMakeAJournalWithoutRoom() throws IOException {
        Path other = data.resolveSibling("other");
        FaultyDisk full = new FaultyDisk();
        StorageOptions options = SMALL.withReserveBytes(1000);
        full.room(SHORT + 999);
        try (Journals others = new Journals(full, other, options, SHORT)) {
            assertThatThrownBy(others::create)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(SHORT + 999 + " bytes free")
                    .hasMessageContaining("a journal of " + SHORT)
                    .hasMessageContaining("reserve of 1000");
            assertThat(journalFiles(other)).isEmpty();
            full.room(SHORT + 1000);
            others.create().close();
            assertThat(journalFiles(other)).hasSize(1);
        }
    }

    @Test
    void shouldLeaveNoFileBehindWhenAJournalCannotBeMade() throws IOException {
        Path other = data.resolveSibling("other");
        for (FaultyDisk.Operation operation : List.of(FaultyDisk.Operation.WRITE, FaultyDisk.Operation.FORCE)) {
            FaultyDisk faulty = new FaultyDisk();
            faulty.fail(".journal", "Input/output error", operation);
            try (Journals others = new Journals(faulty, other, SMALL, SHORT)) {
                assertThatThrownBy(others::create)
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("Input/output error");
                assertThat(journalFiles(other)).isEmpty();
                faulty.heal();
                others.create().delete();
            }
        }
    }

    @Test
    void shouldMakeNoJournalOnceClosed() throws IOException {
        Path other = data.resolveSibling("other");
        Journals others = new Journals(disk, other, SMALL, SHORT);
        others.create().delete();
        others.close();
        others.close();
        assertThatThrownBy(others::create).isInstanceOf(IOException.class).hasMessageContaining("closed");
        assertThat(journalFiles(other)).isEmpty();
    }

    @Test
    void shouldShowEverythingOrSayThatItIsDamagedWhicheverBitOfTheJournalRots() throws IOException {
        add(first, 11, 13);
        journal.force();
        threeFramesFrom14();
        journal.seal();
        die();
        int damaged = 0;
        int whole = 0;
        for (int position = 0; position < frame(5); position += 37) {
            Path copy = copyOf("rotten");
            flip(journalIn(copy), position);
            for (String group : List.of("g1", "g2")) {
                try (SegmentedLog log = open(copy.resolve(group))) {
                    if (log.damage().isPresent()) {
                        assertThat(log.damage().get()).contains(journalIn(copy).toString());
                        damaged++;
                    } else {
                        assertThat(log.recovered().lastIndex())
                                .as("byte %d, %s", position, group)
                                .isEqualTo(20);
                        assertSame(readAll(log, 20), batch(1, 20));
                        whole++;
                    }
                }
            }
            LogFixture.delete(copy);
        }
        assertThat(damaged).isGreaterThan(100);
        assertThat(whole).isGreaterThan(100);
    }

    private void threeFramesFrom14() throws IOException {
        add(second, 11, 15);
        journal.force();
        add(first, 14, 17);
        add(second, 16, 17);
        journal.force();
        add(first, 18, 20);
        add(second, 18, 20);
        journal.force();
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
