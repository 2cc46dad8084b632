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
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentAllocatorTest {
    private static final int SMALL = 16 << 10;
    private static final int LARGE = 256 << 10;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final List<Integer> writes = new ArrayList<>();

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

    @Test
    void shouldTryAgainWhenTheDiskBecomesFullWhileASegmentIsMade() throws Exception {
        UUID logId = UUID.randomUUID();
        FaultyDisk disk = new FaultyDisk();
        disk.stall(Operation.WRITE);
        StorageOptions options = StorageOptions.defaults().withSegmentBytes(1 << 18);
        try (SegmentAllocator allocator = new SegmentAllocator(disk, directory, logId, options)) {
            allocator.prepare(1);
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
