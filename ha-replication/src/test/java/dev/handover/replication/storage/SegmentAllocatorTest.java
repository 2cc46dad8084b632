package dev.handover.replication.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.TestNodes;
import dev.handover.replication.storage.FaultyDisk.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentAllocatorTest {
    private static final int SMALL = 16 << 10;
    private static final int LARGE = 256 << 10;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final List<Integer> writes = new CopyOnWriteArrayList<>();

    /** Large pieces would make every small write into the segment slow later on. */
    @Test
    void shouldWriteASegmentInSmallPiecesAndWhole() throws IOException {
        UUID logId = UUID.randomUUID();
        long size = (5L << 20) + 3 * Block.SIZE;
        Segment made;
        try (SegmentAllocator allocator =
                new SegmentAllocator(new Recording(), directory, logId, StorageOptions.defaults())) {
            made = allocator.make(0, size);
        }

        assertThat(writes).isNotEmpty().allMatch(length -> length <= SMALL);
        assertThat(writes.stream().mapToLong(Integer::longValue).sum()).isEqualTo(size + Block.SIZE);
        assertThat(Files.size(made.path())).isEqualTo(size);
        assertThat(Segment.open(Disk.REAL, made.path(), logId)).isEqualTo(made);
    }

    /** Which costs the processor little, and the device as much as it takes in one go without keeping others waiting. */
    @Test
    void shouldWriteASegmentInLargePiecesWhereThatTakesTheDeviceAlone() throws IOException {
        UUID logId = UUID.randomUUID();
        long size = (1L << 20) + 3 * Block.SIZE;
        Recording disk = new Recording();
        disk.direct = true;
        Segment made;
        try (SegmentAllocator allocator = new SegmentAllocator(disk, directory, logId, StorageOptions.defaults())) {
            made = allocator.make(0, size);
        }

        assertThat(writes).containsExactly(LARGE, LARGE, LARGE, LARGE, 3 * Block.SIZE, Block.SIZE);
        assertThat(Segment.open(Disk.REAL, made.path(), logId)).isEqualTo(made);
    }

    /** What many logs write ahead at once keeps the forces of all waiting, and what a writer has to wait for keeps that one waiting. */
    @Test
    void shouldStayOnlySoFarAheadOfTheWriterWhereThePaceIsSlow() throws Exception {
        Recording disk = new Recording();
        disk.direct = true;
        StorageOptions options = StorageOptions.defaults().withSegmentBytes(1 << 20);
        Segment current = new Segment(directory.resolve("current"), 1 << 24, 1 << 19);
        SegmentPace pace = new SegmentPace(Duration.ofDays(1).toNanos() / LARGE);
        try (SegmentAllocator allocator = new SegmentAllocator(disk, directory, UUID.randomUUID(), options, pace)) {
            allocator.prepare(current);
            awaitPausedAfter(2);
            int due = (int) (0.75 * LARGE * current.size() / options.segmentBytes());
            allocator.filled(due - 1);
            awaitPausedAfter(2);
            allocator.filled(due);
            awaitPausedAfter(3);

            Segment made = allocator.take(current.end(), 100);
            assertThat(made.size()).isEqualTo(1 << 20);
            assertThat(writes).containsExactly(LARGE, LARGE, LARGE, LARGE, Block.SIZE);
        }
        assertThat(pace.pauseNanos(LARGE)).isZero();
    }

    @Test
    void shouldEndThePauseWhenItIsClosed() throws Exception {
        Recording disk = new Recording();
        disk.direct = true;
        SegmentAllocator allocator = new SegmentAllocator(
                disk,
                directory,
                UUID.randomUUID(),
                StorageOptions.defaults(),
                new SegmentPace(Duration.ofDays(1).toNanos() / LARGE));
        allocator.prepare(new Segment(directory.resolve("current"), 1 << 24, 1 << 19));
        awaitPausedAfter(2);

        allocator.close();

        assertThat(makers()).isEmpty();
    }

    /** A group that is hardly used takes little, and many that begin together do not write much more than their logs. */
    @Test
    void shouldMakeLargerSegmentsForALongerLog() {
        StorageOptions options = StorageOptions.defaults();
        assertThat(options.sizeAt(0)).isEqualTo(256 << 10);
        assertThat(options.sizeAt(1 << 20)).isEqualTo(256 << 10);
        assertThat(options.sizeAt(40 << 20)).isEqualTo(10 << 20);
        assertThat(options.sizeAt(1L << 40)).isEqualTo(options.segmentBytes());
    }

    @Test
    void shouldShareThePaceAmongAllThatAreMaking() {
        SegmentPace pace = new SegmentPace(24);
        pace.begin();
        assertThat(pace.pauseNanos(1000)).isEqualTo(24_000);
        pace.begin();
        pace.begin();
        assertThat(pace.pauseNanos(1000)).isEqualTo(72_000);
        pace.end();
        assertThat(pace.pauseNanos(1000)).isEqualTo(48_000);
    }

    private void awaitPausedAfter(int portions) throws Exception {
        TestNodes.await(
                LIMIT,
                () -> writes + " and " + makers(),
                () -> writes.size() == portions
                        && makers().stream().allMatch(maker -> maker.getState() == Thread.State.TIMED_WAITING));
    }

    private List<Thread> makers() {
        String name = "handover-segment-" + directory.getFileName();
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(name))
                .toList();
    }

    @Test
    void shouldTryAgainWhenTheDiskBecomesFullWhileASegmentIsMade() throws Exception {
        UUID logId = UUID.randomUUID();
        FaultyDisk disk = new FaultyDisk();
        disk.stall(Operation.WRITE);
        StorageOptions options = StorageOptions.defaults().withSegmentBytes(1 << 18);
        try (SegmentAllocator allocator = new SegmentAllocator(disk, directory, logId, options)) {
            allocator.prepare(new Segment(directory, 0, 1));
            TestNodes.await(LIMIT, () -> "the first write", () -> disk.waiting() == 1);
            disk.room(3 * SMALL);
            disk.letGo();
            TestNodes.await(LIMIT, () -> "noticed", () -> allocator.problem().isPresent());
            assertThat(allocator.problem().orElseThrow())
                    .contains(directory.toString(), "0 bytes free", "No space left", "free space, and it goes on");
            assertThat(directory).isEmptyDirectory();

            disk.room(Long.MAX_VALUE);
            TestNodes.await(LIMIT, () -> "room again", () -> allocator.problem().isEmpty());
            Segment made = allocator.take(1, 100);
            assertThat(Segment.open(Disk.REAL, made.path(), logId)).isEqualTo(made);
        }
    }

    @Test
    void shouldSayWhatFailedThoughTheDiskCannotEvenSayHowMuchRoomThereIs() throws IOException {
        Recording disk = new Recording();
        disk.breaks = true;
        try (SegmentAllocator allocator =
                new SegmentAllocator(disk, directory, UUID.randomUUID(), StorageOptions.defaults())) {
            assertThatThrownBy(() -> allocator.make(0, 1 << 20))
                    .hasMessage("Input/output error")
                    .satisfies(failure ->
                            assertThat(failure.getSuppressed()[0]).hasMessage("how much is free cannot be said"));
        }
    }

    private final class Recording implements Disk {
        private boolean breaks;
        private boolean broken;
        private boolean direct;

        @Override
        public WritableFile open(Path path) throws IOException {
            WritableFile real = REAL.open(path);
            return new WritableFile() {
                @Override
                public boolean isDirect() {
                    return direct;
                }

                @Override
                public int write(ByteBuffer source, long position) throws IOException {
                    broken = breaks;
                    if (broken) {
                        throw new IOException("Input/output error");
                    }
                    int written = real.write(source, position);
                    writes.add(written);
                    return written;
                }

                @Override
                public void force() throws IOException {
                    real.force();
                }

                @Override
                public void close() throws IOException {
                    real.close();
                }
            };
        }

        @Override
        public void rename(Path source, Path target) throws IOException {
            REAL.rename(source, target);
        }

        @Override
        public void delete(Path path) throws IOException {
            REAL.delete(path);
        }

        @Override
        public void forceDirectory(Path forced) throws IOException {
            REAL.forceDirectory(forced);
        }

        @Override
        public long usableBytes(Path asked) throws IOException {
            if (broken) {
                throw new IOException("how much is free cannot be said");
            }
            return REAL.usableBytes(asked);
        }
    }
}
