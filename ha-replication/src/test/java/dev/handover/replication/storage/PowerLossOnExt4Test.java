package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.readAll;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real file system, ext4 on a loop device, that is shut down in the middle of writing and drops whatever was not forced (ioctl {@code EXT4_IOC_SHUTDOWN} without flushing its journal). Skipped where the
 * machine does not permit it: it takes root, loop devices, {@code mkfs.ext4} and {@code python3}.
 */
@Timeout(120)
class PowerLossOnExt4Test {
    private static final String SHUT_DOWN = "import os, fcntl, struct, sys\n"
            + "fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";

    @TempDir
    Path root;

    private Path image;
    private Path mounted;
    private boolean isMounted;

    @BeforeEach
    void mountNewFileSystem() throws Exception {
        image = root.resolve("image");
        mounted = Files.createDirectory(root.resolve("mounted"));
        run("truncate", "-s", "64M", image.toString());
        needs("mkfs.ext4", "-q", image.toString());
        needs("mount", "-o", "loop", image.toString(), mounted.toString());
        isMounted = true;
        needs("python3", "-c", "import fcntl");
    }

    @AfterEach
    void unmount() throws Exception {
        if (isMounted) {
            run("umount", mounted.toString());
        }
    }

    private static void needs(String... command) throws Exception {
        String problem = run(command);
        assumeTrue(
                problem.isEmpty(),
                () -> "this machine does not permit a file system on a loop device: " + String.join(" ", command) + ": "
                        + problem);
    }

    /** What is wrong; empty if nothing is. */
    private static String run(String... command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0 ? "" : "failed: " + said;
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private void powerIsLost() throws Exception {
        needs("python3", "-c", SHUT_DOWN, mounted.toString());
    }

    /** What is on the device then is mounted from a copy: the file system that was shut down lives on if a process elsewhere has a mount namespace with it. */
    private void powerComesBack() throws Exception {
        assertThat(run("umount", mounted.toString())).isEmpty();
        isMounted = false;
        Path copy = Files.copy(image, root.resolve("image-afterwards"));
        assertThat(run("mount", "-o", "loop", copy.toString(), mounted.toString()))
                .isEmpty();
        isMounted = true;
    }

    /** Appends and forces until that fails, because the file system is gone; tells the last index whose force had returned. */
    private long writeUntilPowerIsLost(Disk disk) throws Exception {
        AtomicLong forced = new AtomicLong();
        try (SegmentedLog log = LogFixture.open(mounted.resolve("log"), disk)) {
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(log, forced));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
            while (forced.get() < 300 && !writer.isDone() && System.nanoTime() < deadline) {
                Thread.sleep(1);
            }
            assertThat(forced.get()).isGreaterThanOrEqualTo(300);
            powerIsLost();
            writer.get(30, TimeUnit.SECONDS);
        }
        return forced.get();
    }

    private void write(SegmentedLog log, AtomicLong forced) {
        try {
            for (int last = 0; last < 100_000; last += 3) {
                log.append(entries(last + 1, last + 3, 1, 200));
                log.force();
                forced.set(last + 3);
            }
        } catch (IOException e) {
            assertThat(e.getMessage())
                    .contains(mounted.toString()); // the power is gone, from the segment or while the next one was made
        }
    }

    @Test
    void shouldHoldEverythingForcedWhenPowerIsLost() throws Exception {
        shouldHoldEverythingForced(Disk.REAL);
    }

    @Test
    void shouldHoldEverythingForcedWhenPowerIsLostThroughThePageCache() throws Exception {
        shouldHoldEverythingForced(new ThroughPageCache(true));
    }

    private void shouldHoldEverythingForced(Disk disk) throws Exception {
        long forced = writeUntilPowerIsLost(disk);
        powerComesBack();
        try (SegmentedLog log = LogFixture.open(mounted.resolve("log"))) {
            assertThat(log.damage()).isEmpty();
            long last = log.recovered().lastIndex();
            assertThat(last).isGreaterThanOrEqualTo(forced);
            assertSame(readAll(log, last), entries(1, (int) last, 1, 200));
        }
    }

    /** The second test above bites: a disk that only says that it forces loses what it promised. */
    @Test
    void shouldLoseEntriesOnADiskThatDoesNotForce() throws Exception {
        Disk disk = new ThroughPageCache(false);
        long forced = writeUntilPowerIsLost(disk);
        powerComesBack();
        try (SegmentedLog log = LogFixture.open(mounted.resolve("log"))) {
            assertThat(log.recovered().lastIndex()).isLessThan(forced);
        }
    }

    /** The real disk without direct writes; maybe the force of a record does nothing, though segments and state are made in order. */
    private record ThroughPageCache(boolean forces) implements Disk {
        @Override
        public WritableFile open(Path path) throws IOException {
            WritableFile file = REAL.open(path);
            boolean lies = !forces && path.toString().endsWith(".segment");
            return new WritableFile() {
                @Override
                public int write(ByteBuffer source, long position) throws IOException {
                    return file.write(source, position);
                }

                @Override
                public void force() throws IOException {
                    if (!lies) {
                        file.force();
                    }
                }

                @Override
                public void close() throws IOException {
                    file.close();
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
        public void forceDirectory(Path directory) throws IOException {
            REAL.forceDirectory(directory);
        }

        @Override
        public long usableBytes(Path directory) throws IOException {
            return REAL.usableBytes(directory);
        }
    }
}
