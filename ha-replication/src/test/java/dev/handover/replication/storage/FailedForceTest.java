package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * After a force that failed, the system shows what was to be forced to whoever reads it, and forces it never again, though it is not on the disk. ("fsyncgate"; A. Rebello et al., Can
 * Applications Recover from fsync Failures?, USENIX ATC 2020.)
 */
class FailedForceTest {
    private static final int ROUNDS = 40;

    @TempDir
    Path root;

    @Test
    void shouldHoldOverALossOfPowerWhatAnOpeningFoundAfterAFailedForce() throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(round);
            CrashDisk disk = new CrashDisk(random);
            Path directory = Files.createDirectory(root.resolve("before" + round));
            int forced = 1 + random.nextInt(80); // over one segment and more
            int more = 1 + random.nextInt(80);
            try (SegmentedLog log = open(directory, disk)) {
                log.append(entries(1, forced, 1, 200));
                log.force();
                log.append(entries(forced + 1, forced + more, 1, 200));
                disk.failAfter(0, "Input/output error");
                assertThatThrownBy(log::force).hasMessageContaining("Input/output error");
                disk.failAfter(Long.MAX_VALUE, "");
                assertThatThrownBy(log::force).hasMessageContaining("stays so until it is opened again");
            }
            long found;
            try (SegmentedLog log = open(directory, disk)) { // the process starts again: all it sees may count now
                assertThat(log.damage()).isEmpty();
                found = log.recovered().lastIndex();
                assertThat(found).isGreaterThanOrEqualTo(forced);
            }
            Path after = Files.createDirectory(root.resolve("after" + round));
            disk.crash(directory, after);
            try (SegmentedLog log = open(after)) {
                assertThat(log.damage()).as("round %s", round).isEmpty();
                assertThat(log.recovered().lastIndex()).as("round %s", round).isGreaterThanOrEqualTo(found);
                assertSame(readAll(log, found), entries(1, (int) found, 1, 200));
            }
        }
    }

    @Test
    void shouldNotTakeOverWhatAFailedForceHasLeftOfASnapshot() throws IOException {
        byte[] content = new byte[20 * SnapshotBlock.CAPACITY + 100];
        new Random(5).nextBytes(content);
        CRC32C crc = new CRC32C();
        crc.update(content);
        UUID lineage = new UUID(7, 8);
        SnapshotInfo remote = new SnapshotInfo(
                new UUID(1, 2), new SnapshotPosition(5, 3, 10), lineage, null, 1, 20, content.length, (int)
                        crc.getValue());
        for (int round = 0; round < 12; round++) {
            Random random = new Random(round);
            CrashDisk disk = new CrashDisk(random);
            Path directory = Files.createDirectory(root.resolve("snapshot" + round));
            try (SegmentedLog log = open(directory, disk)) {
                log.saveState(lineage, 3);
                int good = random.nextInt(content.length);
                int fails = random.nextInt(30);
                assertThatThrownBy(() -> {
                            try (SnapshotSink sink = log.snapshots().receive(remote)) {
                                sink.write(ByteBuffer.wrap(content, 0, good));
                                disk.failAfter(fails, "Input/output error");
                                sink.write(ByteBuffer.wrap(content, good, content.length - good));
                                disk.failAfter(0, "Input/output error"); // at the latest now
                                sink.commit();
                            }
                        })
                        .hasMessageContaining("Input/output error");
                disk.failAfter(Long.MAX_VALUE, "");
                try (SnapshotSink sink = log.snapshots().receive(remote)) {
                    assertThat(sink.position()).isZero();
                    sink.write(ByteBuffer.wrap(content));
                    assertThat(sink.commit()).isEqualTo(remote);
                }
            }
            Path after = Files.createDirectory(root.resolve("later" + round));
            disk.crash(directory, after);
            try (SegmentedLog log = open(after)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.snapshots().list()).as("round %s", round).containsExactly(remote); // all of it verifies
            }
        }
    }
}
