package dev.handover.replication.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/** Names, entries and directories for the tests of the log. */
final class LogFixture {
    static final GroupId GROUP = GroupId.of("orders");
    static final NodeId NODE = NodeId.of("a");
    static final StorageOptions SMALL =
            StorageOptions.defaults().withSegmentBytes(16 << 10).withReserveBytes(0);

    private LogFixture() {}

    static SegmentedLog open(Path directory) throws IOException {
        return SegmentedLog.open(directory, GROUP, NODE, SMALL);
    }

    static SegmentedLog open(Path directory, Disk disk) throws IOException {
        return SegmentedLog.open(directory, GROUP, NODE, SMALL, disk, OpeningListener.NONE);
    }

    static LogEntry entry(long index, long epoch, int bytes) {
        byte[] payload = new byte[bytes];
        new Random(index * 31 + epoch).nextBytes(payload);
        LogEntry.Kind kind = LogEntry.Kind.values()[(int) (index % LogEntry.Kind.values().length)];
        return new LogEntry(index, epoch, 1_000_000 + index, kind, index / 2, index * 7, index * 3, payload);
    }

    static List<LogEntry> entries(long from, long to, long epoch, int bytes) {
        List<LogEntry> entries = new ArrayList<>();
        for (long i = from; i <= to; i++) {
            entries.add(entry(i, epoch, bytes));
        }
        return entries;
    }

    static List<LogEntry> readAll(SegmentedLog log, long lastIndex) throws IOException {
        List<LogEntry> all = new ArrayList<>();
        while (all.size() < lastIndex) {
            List<LogEntry> some = log.read(all.size() + 1L, lastIndex, 5000);
            assertThat(some).isNotEmpty();
            all.addAll(some);
        }
        return all;
    }

    static void assertSame(List<LogEntry> actual, List<LogEntry> expected) {
        assertThat(actual).usingElementComparator((a, b) -> same(a, b) ? 0 : 1).containsExactlyElementsOf(expected);
    }

    static boolean same(LogEntry a, LogEntry b) {
        return a.index() == b.index()
                && a.epoch() == b.epoch()
                && a.timestamp() == b.timestamp()
                && a.kind() == b.kind()
                && a.sessionId() == b.sessionId()
                && a.sequence() == b.sequence()
                && a.answeredBelow() == b.answeredBelow()
                && Arrays.equals(a.payload(), b.payload());
    }

    static List<Path> segments(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve("log"))) {
            return all.filter(path -> path.toString().endsWith(".segment"))
                    .sorted()
                    .toList();
        }
    }

    static void flip(Path file, long position) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) position] ^= 0x10;
        Files.write(file, bytes);
    }

    static void copy(Path source, Path target) throws IOException {
        // a segment in the making gets its name at any moment
        try (Stream<Path> all = Files.walk(source).filter(path -> !path.endsWith(SegmentAllocator.TEMPORARY))) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Path to = target.resolve(source.relativize(path));
                if (Files.isDirectory(path)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(path, to);
                }
            }
        }
    }

    static void delete(Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
