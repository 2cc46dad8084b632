package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
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
}
