package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The soak's disks are full when it says so. */
class NodeDisksIT {
    private static final int LARGE_BYTES = 64 << 20; // as a journal

    @TempDir
    Path directory;

    @Test
    @Timeout(120)
    void shouldFillADiskOnWhichALargeFileIsBeingMade() throws Exception {
        List<String> why = new ArrayList<>();
        NodeDisks disks = NodeDisks.mount(directory, List.of("a"), why);
        assumeTrue(disks != null, why::toString);
        Path large = directory.resolve("a").resolve("large");
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService other = Executors.newSingleThreadExecutor();
        try {
            Future<Integer> refused = other.submit(() -> writeAgainAndAgain(large, done));
            for (int round = 0; round < 20; round++) {
                disks.fill("a", 0);
                disks.free("a");
            }
            done.set(true);
            assertThat(refused.get(60, TimeUnit.SECONDS)).isPositive();
            disks.fill("a", 1 << 20);
            assertThat(NodeDisks.usable(large.getParent())).isBetween(0L, 1L << 20);
        } finally {
            done.set(true);
            other.shutdown();
            assertThat(other.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            disks.close();
        }
    }

    /** How often there was no room for it. */
    private static int writeAgainAndAgain(Path file, AtomicBoolean done) throws IOException {
        byte[] block = new byte[256 << 10];
        int refused = 0;
        while (!done.get()) {
            try (OutputStream out = Files.newOutputStream(file)) {
                for (int at = 0; at < LARGE_BYTES; at += block.length) {
                    out.write(block);
                }
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("No space left");
                refused++;
            }
            Files.delete(file);
        }
        return refused;
    }
}
