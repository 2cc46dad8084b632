package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.GROUP;
import static dev.handover.replication.storage.LogFixture.NODE;
import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.copy;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A journal, and two logs that depend on it. */
abstract class JournalFixture {
    static final UUID LINEAGE = new UUID(7, 8);
    static final int BYTES = 200;
    static final int RECORD = RecordHeader.SIZE + BYTES;
    /** Room for a lap of a few short frames; {@link Journal#lapIsOver} does not know that they are short. */
    static final long SHORT = 128 << 10;
    /** Room for two of the longest frames, and a seal. */
    static final long LONG = Journal.BEGIN + 2L * Journal.LONGEST_FRAME + Block.SIZE;

    /** By one log. */
    static final int HELD_BACK = 64 << 10;

    @TempDir
    Path root;

    Path data;
    final CrashDisk disk = new CrashDisk(new Random(1));
    Journals journals;
    Journal journal;
    SegmentedLog first;
    SegmentedLog second;

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

    SegmentedLog dependent(String group) throws IOException {
        return dependent(group, SMALL);
    }

    SegmentedLog dependent(String group, StorageOptions options) throws IOException {
        SegmentedLog log = SegmentedLog.open(data.resolve(group), GROUP, NODE, options, disk, OpeningListener.NONE);
        log.append(batch(1, 10));
        log.force();
        log.dependOn(journal.id());
        return log;
    }

    /** Without the forces, which take most of the time and make no difference here. */
    static SegmentedLog open(Path group) throws IOException {
        return LogFixture.open(group, new CrashDisk(new Random(1)));
    }

    static List<LogEntry> batch(long from, long to) {
        return entries(from, to, 3, BYTES);
    }

    void add(SegmentedLog log, long from, long to) throws IOException {
        assertThat(log.holdBack(batch(from, to), HELD_BACK)).isTrue();
        assertThat(journal.add(log)).isTrue();
    }

    /** Three frames of one block each: both logs up to 13, the first one up to 16, both up to 19. */
    void threeFrames() throws IOException {
        add(first, 11, 13);
        add(second, 11, 13);
        journal.force();
        add(first, 14, 16);
        journal.force();
        add(first, 17, 19);
        add(second, 14, 19);
        journal.force();
    }

    void settleAndBeginLap() throws IOException {
        first.force();
        second.force();
        journal.beginLap();
    }

    static long frame(int number) {
        return Journal.BEGIN + (long) number * Block.SIZE;
    }

    Path journalIn(Path directory) {
        return Journals.file(directory.resolve(Journals.DIRECTORY), journal.id());
    }

    Path copyOf(String name) throws IOException {
        Path to = data.resolveSibling(name);
        copy(data, to);
        return to;
    }

    static StateFile.State state(Path group) throws IOException {
        return StateFile.read(Disk.REAL, group.resolve("log"));
    }

    /** Twice: the second time it must not depend on what the journal has. */
    static void assertHolds(Path group, List<LogEntry> expected) throws IOException {
        for (int start = 0; start < 2; start++) {
            try (SegmentedLog log = open(group)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().lastIndex()).isEqualTo(expected.size());
                assertSame(readAll(log, expected.size()), expected);
            }
            assertThat(state(group).journal()).isNull();
        }
    }

    static void assertDamaged(Path group, String... messages) throws IOException {
        try (SegmentedLog log = open(group)) {
            assertThat(log.damage()).isPresent();
            assertThat(log.damage().get()).contains(messages).contains("set aside as " + group.resolve("damaged-1"));
            assertThat(log.recovered().lastIndex()).isZero();
        }
        assertThat(group.resolve("damaged-1/why.txt")).content().contains(messages);
        assertThat(state(group).journal()).isNull();
    }

    static void change(Path file, long from, long to, byte[] source) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        System.arraycopy(source, (int) from, bytes, (int) from, (int) (to - from));
        Files.write(file, bytes);
    }

    static Map<Path, Integer> contents(Path directory) throws IOException {
        Map<Path, Integer> contents = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                contents.put(path, Files.isDirectory(path) ? 0 : Arrays.hashCode(Files.readAllBytes(path)));
            }
        }
        return contents;
    }

    static List<Path> journalFiles(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve(Journals.DIRECTORY))) {
            return all.filter(path -> path.toString().endsWith(".journal")).toList();
        }
    }

    static HeldBack inJournal(Path group, UUID logId, UUID journal) throws IOException {
        return new JournalReader().read(Disk.REAL, group, logId, journal);
    }
}
