package dev.handover.replication.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparingTest {
    @Test
    void shouldRestTwiceAsLongAsItWorkedAndNotForEver() {
        assertThat(Sparing.restFor(0)).isZero();
        assertThat(Sparing.restFor(1_000_000)).isEqualTo(2_000_000);
        assertThat(Sparing.restFor(TimeUnit.SECONDS.toNanos(5))).isEqualTo(TimeUnit.MILLISECONDS.toNanos(200));
    }

    @Test
    void shouldLeaveASlowDiskAloneForTwoThirdsOfTheTime(@TempDir Path directory) throws IOException {
        SlowDisk disk = new SlowDisk();
        try (SegmentedLog log = LogFixture.open(directory, disk);
                SnapshotSink sink = log.snapshots().create(new SnapshotPosition(1, 1, 1), new UUID(1, 2), null, 1)) {
            long began = System.nanoTime();
            for (int mib = 0; mib < 8; mib++) {
                sink.write(ByteBuffer.allocate(1 << 20));
            }
            assertThat(disk.forces).hasSizeGreaterThanOrEqualTo(8); // one of each MiB
            long least = disk.forces.stream()
                    .mapToLong(force -> force + Sparing.restFor(force))
                    .sum();
            assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(least);
        }
    }

    /** Takes its time for every force of a snapshot. */
    private static final class SlowDisk implements Disk {
        static final long FORCE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
        final List<Long> forces = new ArrayList<>();

        @Override
        public WritableFile open(Path path) throws IOException {
            WritableFile file = Disk.REAL.open(path);
            if (!path.toString().endsWith(".taking")) {
                return file;
            }
            return new WritableFile() {
                @Override
                public int write(ByteBuffer source, long position) throws IOException {
                    return file.write(source, position);
                }

                @Override
                public void force() throws IOException {
                    long began = System.nanoTime();
                    file.force();
                    while (System.nanoTime() - began < FORCE_NANOS) {
                        LockSupport.parkNanos(FORCE_NANOS);
                    }
                    forces.add(System.nanoTime() - began);
                }

                @Override
                public void close() throws IOException {
                    file.close();
                }
            };
        }

        @Override
        public void rename(Path source, Path target) throws IOException {
            Disk.REAL.rename(source, target);
        }

        @Override
        public void delete(Path path) throws IOException {
            Disk.REAL.delete(path);
        }

        @Override
        public void forceDirectory(Path path) throws IOException {
            Disk.REAL.forceDirectory(path);
        }

        @Override
        public long usableBytes(Path path) throws IOException {
            return Disk.REAL.usableBytes(path);
        }
    }
}
