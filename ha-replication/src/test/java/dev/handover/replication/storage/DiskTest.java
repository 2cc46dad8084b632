package dev.handover.replication.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.atIndex;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskTest {
    private static final int BLOCKS = 64;

    @TempDir
    Path directory;

    /** The reader goes through the page cache, and has taken in what was there before. */
    @Test
    void shouldShowReadersWhatWasWrittenPastThePageCache() throws IOException {
        Path path = directory.resolve("file");
        try (Disk.WritableFile file = Disk.REAL.openForBlocks(path)) {
            assumeTrue(file.isDirect(), "the file system of " + directory + " takes no direct writes");
            Disk.writeFully(file, Block.memory(BLOCKS * Block.SIZE), 0);
            try (Disk.ReadableFile reader = Disk.REAL.openToRead(path)) {
                byte[] all = new byte[BLOCKS * Block.SIZE];
                for (int block = 0; block < BLOCKS; block++) {
                    reader.read(0, all, 0, all.length);
                    assertThat(all[block * Block.SIZE + 7]).isZero();
                    ByteBuffer one = Block.memory(Block.SIZE);
                    one.put(7, (byte) (block + 1));
                    Disk.writeFully(file, one, (long) block * Block.SIZE);
                    reader.read(0, all, 0, all.length);
                    assertThat(all[block * Block.SIZE + 7]).isEqualTo((byte) (block + 1));
                }
            }
            file.force();
        }
    }

    /** As JDK 17 does not. */
    @Test
    void shouldWriteFromMemoryOfTheHeapAgainAndAgain() throws IOException {
        Path path = directory.resolve("file");
        try (Disk.WritableFile file = Disk.REAL.openForBlocks(path)) {
            for (int blocks = 1; blocks <= BLOCKS; blocks++) {
                byte[] bytes = new byte[blocks * Block.SIZE];
                bytes[0] = (byte) blocks;
                Disk.writeFully(file, ByteBuffer.wrap(bytes), (long) blocks * Block.SIZE);
            }
        }
        try (Disk.ReadableFile reader = Disk.REAL.openToRead(path)) {
            assertThat(reader.length()).isEqualTo(2L * BLOCKS * Block.SIZE);
            byte[] first = new byte[1];
            for (int blocks = 1; blocks <= BLOCKS; blocks++) {
                reader.read((long) blocks * Block.SIZE, first, 0, 1);
                assertThat(first[0]).isEqualTo((byte) blocks);
            }
        }
    }

    /** As ramfs, which takes none; skipped where the machine does not permit to mount one. */
    @Test
    void shouldWriteThroughThePageCacheWhereTheFileSystemTakesNoDirectWrites() throws Exception {
        Path mounted = Files.createDirectory(directory.resolve("mounted"));
        assumeTrue(run("mount", "-t", "ramfs", "none", mounted.toString()) == 0, "this machine does not permit ramfs");
        try {
            Path path = mounted.resolve("file");
            try (Disk.WritableFile file = Disk.REAL.openForBlocks(path)) {
                assertThat(file.isDirect()).isFalse();
                Disk.writeFully(file, Block.memory(Block.SIZE).put(7, (byte) 1), Block.SIZE);
                file.force();
            }
            assertThat(Files.readAllBytes(path)).hasSize(2 * Block.SIZE).contains((byte) 1, atIndex(Block.SIZE + 7));
        } finally {
            assertThat(run("umount", mounted.toString())).isZero();
        }
    }

    private static int run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor(30, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }
}
