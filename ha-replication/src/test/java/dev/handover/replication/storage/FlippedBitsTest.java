package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.flip;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.readAll;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log that was sealed is never shorter without a word, whichever bit of whichever file rots. */
@Timeout(120)
class FlippedBitsTest {
    @TempDir
    Path root;

    @Test
    void shouldHoldEverythingOrSayThatItIsDamagedWhicheverBitRots() throws IOException {
        Path original = root.resolve("original");
        try (SegmentedLog log = open(original, new CrashDisk(new Random(1)))) {
            log.saveState(new UUID(7, 8), 3);
            log.append(entries(1, 120, 3, 300));
            log.force();
            log.append(entries(121, 150, 3, 300));
            log.force();
            log.seal();
        }
        List<Path> files;
        try (Stream<Path> all = Files.walk(original.resolve("log"))) {
            files = all.filter(Files::isRegularFile)
                    .filter(path -> !path.endsWith(SegmentAllocator.TEMPORARY)) // left if the log is closed early
                    .map(original::relativize)
                    .toList();
        }
        assertThat(files).hasSizeGreaterThan(5);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        int damaged = 0;
        for (Path file : files) {
            for (int i = 0; i < 12; i++) {
                Path copy = root.resolve("copy");
                LogFixture.copy(original, copy);
                long position = random.nextInt((int) Files.size(copy.resolve(file)));
                flip(copy.resolve(file), position);
                try (SegmentedLog log = open(copy, new CrashDisk(random))) {
                    if (log.damage().isPresent()) {
                        damaged++;
                    } else {
                        assertThat(log.recovered().highestEpoch()).isEqualTo(3);
                        assertThat(log.recovered().lastIndex())
                                .as("byte %d of %s, seed %d", position, file, seed)
                                .isEqualTo(150);
                        assertSame(readAll(log, 150), entries(1, 150, 3, 300));
                    }
                }
                LogFixture.delete(copy);
            }
        }
        assertThat(damaged).isPositive();
    }
}
