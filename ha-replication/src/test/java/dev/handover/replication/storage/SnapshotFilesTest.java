package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.flip;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SnapshotFilesTest {
    private static final UUID LINEAGE = new UUID(7, 8);
    private static final int LARGE = 5 * SnapshotBlock.CAPACITY + 1000;

    @TempDir
    Path root;

    private final List<String> warnings = new ArrayList<>();
    private final CrashDisk disk = new CrashDisk(new Random(1));

    private SegmentedLog start(Path directory) throws IOException {
        OpeningListener listener = new OpeningListener() {
            @Override
            public void snapshotUnusable(String message) {
                warnings.add(message);
            }
        };
        return SegmentedLog.open(directory, LogFixture.GROUP, LogFixture.NODE, LogFixture.SMALL, Disk.REAL, listener);
    }

    private static byte[] content(long seed, int bytes) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    private static SnapshotInfo take(SegmentedLog log, long index, int bytes) throws IOException {
        SnapshotPosition position = new SnapshotPosition(index, 3, 1_000_000 + index);
        try (SnapshotSink sink = log.snapshots().create(position, LINEAGE, null, 1)) {
            sink.write(ByteBuffer.wrap(content(index, bytes)));
            return sink.commit();
        }
    }

    private static byte[] read(SnapshotSource source) throws IOException {
        ByteBuffer all = ByteBuffer.allocate((int) source.info().bytes());
        while (all.hasRemaining()) {
            assertThat(source.read(all.position(), all)).isPositive();
        }
        return all.array();
    }

    private static List<Path> files(Path directory, String ending) throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve("log/snapshots"))) {
            return all.filter(path -> path.toString().endsWith(ending)).sorted().toList();
        }
    }

    /** 200 entries of epoch 3 in many segments, snapshots at 80 and 150, compacted as far as the older one allows. */
    private Path compacted(String name) throws IOException {
        Path directory = root.resolve(name);
        try (SegmentedLog log = open(directory, new CrashDisk(new Random(1)))) {
            log.saveState(LINEAGE, 3);
            log.append(entries(1, 200, 3, 500));
            log.force();
            take(log, 80, LARGE);
            take(log, 150, LARGE);
            log.compact(81);
            assertThat(log.firstIndex()).isBetween(50L, 81L);
        }
        return directory;
    }

    @Test
    void shouldKeepHeaderAndContentOfEverySize() throws IOException {
        ReplicaId a = new ReplicaId(NodeId.of("a"), new UUID(1, 2));
        ReplicaId b = new ReplicaId(NodeId.of("b"), new UUID(3, 4));
        Configuration configuration =
                new Configuration(LINEAGE, 9, b, List.of(a, b), 2, 1, new UUID(5, 6), "x".repeat(5000));
        int capacity = SnapshotBlock.CAPACITY;
        int[] sizes = {0, 1, capacity - 1, capacity, capacity + 1, 3 * capacity, LARGE};
        List<SnapshotInfo> taken = new ArrayList<>();
        try (SegmentedLog log = open(root, disk)) {
            log.saveState(LINEAGE, 3);
            log.append(entries(1, 20, 3, 10));
            for (int i = 0; i < sizes.length; i++) {
                byte[] content = content(i, sizes[i]);
                SnapshotPosition position = new SnapshotPosition(i + 1L, 3, 5);
                try (SnapshotSink sink = log.snapshots().create(position, LINEAGE, configuration, 1)) {
                    for (int at = 0; at < content.length; at += 10_001) {
                        assertThat(sink.position()).isEqualTo(at);
                        sink.write(ByteBuffer.wrap(content, at, Math.min(10_001, content.length - at)));
                    }
                    taken.add(0, sink.commit());
                }
            }
        }
        try (SegmentedLog log = open(root, disk)) {
            assertThat(log.snapshots().list()).isEqualTo(taken);
            SnapshotInfo newest = taken.get(0);
            assertThat(newest.configuration()).isNotNull();
            assertThat(newest.configuration().inSync()).isEqualTo(List.of(a, b));
            assertThat(newest.configuration().leader()).isEqualTo(b);
            assertThat(newest.configuration().reason()).isEqualTo("x".repeat(256));
            for (int i = 0; i < sizes.length; i++) {
                try (SnapshotSource source = log.snapshots().open(taken.get(sizes.length - 1 - i))) {
                    assertThat(read(source)).isEqualTo(content(i, sizes[i]));
                    assertThat(source.read(sizes[i], ByteBuffer.allocate(1))).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void shouldReadOnWhenItIsPrunedMeanwhile() throws IOException {
        try (SegmentedLog log = open(root, disk)) {
            log.append(entries(1, 20, 3, 10));
            SnapshotInfo first = take(log, 5, LARGE);
            try (SnapshotSource source = log.snapshots().open(first)) {
                take(log, 6, 10);
                take(log, 7, 10);
                log.snapshots().prune(2);
                assertThat(files(root, ".snapshot")).hasSize(2);
                assertThat(read(source)).isEqualTo(content(5, LARGE));
            }
            assertThatThrownBy(() -> log.snapshots().open(first)).hasMessageContaining("there is no snapshot");
            assertThat(log.snapshots().list())
                    .extracting(info -> info.position().index())
                    .containsExactly(7L, 6L);
        }
    }

    @Test
    void shouldLeaveNothingOfASnapshotThatWasGivenUp() throws IOException {
        try (SegmentedLog log = open(root, disk)) {
            SnapshotPosition position = new SnapshotPosition(5, 3, 0);
            try (SnapshotSink sink = log.snapshots().create(position, LINEAGE, null, 1)) {
                sink.write(ByteBuffer.wrap(content(1, LARGE)));
            }
            SnapshotSink left = log.snapshots().create(position, LINEAGE, null, 1);
            left.write(ByteBuffer.wrap(content(1, LARGE)));
            assertThat(files(root, ".taking")).hasSize(1); // of the second: the process dies here
        }
        try (SegmentedLog log = open(root, disk)) {
            assertThat(files(root, "")).isEmpty();
            assertThat(log.snapshots().list()).isEmpty();
        }
    }

    @Test
    void shouldResumeWhatVerifiesOfAPartialFileAndCheckTheWhole() throws IOException {
        byte[] content = content(5, LARGE);
        SnapshotInfo remote;
        try (SegmentedLog other = open(root.resolve("other"), disk)) {
            remote = take(other, 5, LARGE);
        }
        Path directory = root.resolve("own");
        try (SegmentedLog log = open(directory, disk)) {
            SnapshotSink sink = log.snapshots().receive(remote);
            sink.write(ByteBuffer.wrap(content, 0, 4 * SnapshotBlock.CAPACITY + 10)); // the process dies here
        }
        try (RandomAccessFile partial =
                new RandomAccessFile(files(directory, ".receiving").get(0).toFile(), "rw")) {
            partial.setLength(SnapshotBlock.at(4) + 77); // torn
        }
        try (SegmentedLog log = open(directory, disk)) {
            try (SnapshotSink sink = log.snapshots().receive(remote)) {
                assertThat(sink.position()).isEqualTo(4L * SnapshotBlock.CAPACITY);
            }
            flip(files(directory, ".receiving").get(0), SnapshotBlock.at(2) + 1000);
            try (SnapshotSink sink = log.snapshots().receive(remote)) {
                assertThat(sink.position()).isEqualTo(2L * SnapshotBlock.CAPACITY);
                int from = (int) sink.position();
                sink.write(ByteBuffer.wrap(content, from, LARGE - from));
                assertThat(sink.commit()).isEqualTo(remote);
            }
            assertThat(log.snapshots().list()).containsExactly(remote);
            try (SnapshotSink again = log.snapshots().receive(remote)) {
                assertThat(again.position()).isEqualTo(LARGE);
                assertThat(again.commit()).isEqualTo(remote);
            }
        }
        try (SegmentedLog log = open(root.resolve("wrong"), disk)) {
            SnapshotSink sink = log.snapshots().receive(remote);
            content[LARGE / 2] ^= 1;
            sink.write(ByteBuffer.wrap(content));
            assertThatThrownBy(sink::commit)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("at index 5 was announced with " + LARGE + " bytes")
                    .hasMessageContaining("must be sent again");
            assertThat(files(root.resolve("wrong"), "")).isEmpty();
            SnapshotSink more = log.snapshots().receive(remote);
            assertThatThrownBy(() -> more.write(ByteBuffer.allocate(LARGE + 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("was announced with");
        }
    }

    @Test
    void shouldFallBackToTheOlderSnapshotWhereverAByteOfTheNewerIsFlipped() throws IOException {
        Path original = compacted("original");
        List<Integer> positions = new ArrayList<>(List.of(0, 5, 12, 30, 44, 60, 80, 100, 106, 4095, 4096, 4101));
        Random random = new Random(3);
        for (int i = 0; i < 25; i++) {
            positions.add(4096 + random.nextInt((int) SnapshotBlock.fileSize(LARGE) - 4096));
        }
        for (int position : positions) {
            Path copy = root.resolve("flip" + position);
            LogFixture.copy(original, copy);
            Path newer = files(copy, ".snapshot").get(1);
            flip(newer, position);
            warnings.clear();
            try (SegmentedLog log = start(copy)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().snapshot().index()).isEqualTo(80);
                assertThat(log.recovered().lastIndex()).isEqualTo(200);
                assertThat(log.read(81, 200, 1 << 20)).hasSize(120);
                try (SnapshotSource older =
                        log.snapshots().open(log.snapshots().list().get(0))) {
                    assertThat(read(older)).isEqualTo(content(80, LARGE));
                }
            }
            assertThat(warnings).hasSize(1);
            assertThat(warnings.get(0)).contains(newer.getFileName().toString(), "is damaged", "set aside as");
            assertThat(files(copy, ".damaged")).hasSize(1);
            LogFixture.delete(copy);
        }
    }

    @Test
    void shouldFallBackWhenTheNewerSnapshotIsShorterOrGone() throws IOException {
        Path original = compacted("original");
        for (String fault : List.of("shorter", "gone")) {
            Path copy = root.resolve(fault);
            LogFixture.copy(original, copy);
            Path newer = files(copy, ".snapshot").get(1);
            if (fault.equals("gone")) {
                Files.delete(newer);
            } else {
                try (RandomAccessFile file = new RandomAccessFile(newer.toFile(), "rw")) {
                    file.setLength(10_000);
                }
            }
            try (SegmentedLog log = start(copy)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().snapshot().index()).isEqualTo(80);
            }
        }
        assertThat(warnings).hasSize(1).allMatch(warning -> warning.contains("its header or its length is wrong"));
    }

    @Test
    void shouldBeDamagedWhenNoSnapshotHoldsWhatWasDropped() throws IOException {
        Path directory = compacted("damaged");
        for (Path snapshot : files(directory, ".snapshot")) {
            flip(snapshot, 5000);
        }
        try (SegmentedLog log = start(directory)) {
            assertThat(log.damage()).isPresent();
            assertThat(log.damage().get())
                    .contains("the log begins at index ", "no snapshot that verifies", "holds what was before it");
            assertThat(log.recovered().lastIndex()).isZero();
            assertThat(log.snapshots().list()).isEmpty();
        }
        assertThat(directory.resolve("damaged-1/snapshots")).isDirectoryContaining("glob:**.damaged");
    }

    @Test
    void shouldRefuseToDropWhatNoSnapshotHolds() throws IOException {
        try (SegmentedLog log = open(root, disk)) {
            log.append(entries(1, 200, 3, 500));
            log.force();
            take(log, 100, 10);
            assertThatThrownBy(() -> log.compact(102))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no snapshot holds everything before index 102");
            int before = segments(root).size();
            log.compact(101);
            assertThat(segments(root)).hasSizeLessThan(before);
            long first = log.firstIndex();
            assertThat(first).isBetween(60L, 101L);
            assertThatThrownBy(() -> log.read(first - 1, first, 10))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a log of " + first + " to 200");
            assertSame(log.read(first, 200, 1 << 20), entries(first, 200, 3, 500));
            assertThatThrownBy(() -> log.truncate(first - 1)).hasMessageContaining("where the log begins");
        }
    }

    @Test
    void shouldGoOnBehindAnInstalledSnapshot() throws IOException {
        SnapshotInfo remote;
        byte[] content = content(1000, LARGE);
        try (SegmentedLog other = open(root.resolve("other"), disk)) {
            remote = take(other, 1000, LARGE);
        }
        Path directory = root.resolve("own");
        List<LogEntry> more = entries(1001, 1040, 4, 500);
        try (SegmentedLog log = open(directory, disk)) {
            log.saveState(LINEAGE, 4);
            log.append(entries(1, 50, 2, 500));
            assertThatThrownBy(() -> log.reset(remote)).hasMessageContaining("is not complete here");
            try (SnapshotSink sink = log.snapshots().receive(remote)) {
                sink.write(ByteBuffer.wrap(content));
                sink.commit();
            }
            log.reset(remote);
            assertThat(log.firstIndex()).isEqualTo(1001);
            log.append(more);
            log.force();
            assertSame(log.read(1001, 1040, 1 << 20), more);
        }
        try (SegmentedLog log = open(directory, disk)) {
            assertThat(log.damage()).isEmpty();
            assertThat(log.recovered().snapshot()).isEqualTo(remote.position());
            assertThat(log.recovered().firstIndex()).isEqualTo(1001);
            assertThat(log.recovered().highestEpoch()).isEqualTo(4);
            assertSame(log.read(1001, 1040, 1 << 20), more);
        }
    }

    @Test
    void shouldRefuseASnapshotWhenTheDiskIsNearlyFullWithoutHarmToTheLog() throws IOException {
        StorageOptions reserve = LogFixture.SMALL.withReserveBytes(40 << 20);
        try (SegmentedLog log =
                SegmentedLog.open(root, LogFixture.GROUP, LogFixture.NODE, reserve, disk, OpeningListener.NONE)) {
            log.append(entries(1, 10, 3, 10));
            disk.usableBytes(30 << 20); // below the log's reserve: snapshots still go on, for they make room
            take(log, 5, LARGE);
            disk.usableBytes((10 << 20) + (512 << 10)); // a quarter of the reserve is kept
            assertThatThrownBy(() -> take(log, 6, LARGE))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("bytes free")
                    .hasMessageContaining("free space, or move the data directory");
            log.append(entries(11, 12, 3, 10));
            log.force();
            disk.usableBytes(1L << 30);
            take(log, 7, LARGE);
        }
    }
}
