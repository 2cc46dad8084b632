package dev.handover.replication.storage;

import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the log costs beyond the disk: batches of 64 entries of 256 bytes, appended and forced one after the other, beside a bare channel that
 * writes and forces as many bytes in a file written before. Arguments: a directory, the number of batches of a round, the number of rounds. Not a test; run it by hand.
 */
public final class GroupCommitMeasurement {
    private static final int BATCH = 64;
    private static final int PAYLOAD = 256;
    private static final int BYTES = BATCH * (RecordHeader.SIZE + PAYLOAD);

    private GroupCommitMeasurement() {}

    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]);
        int batches = Integer.parseInt(arguments[1]);
        Files.createDirectories(root);
        for (int round = 0; round < Integer.parseInt(arguments[2]); round++) {
            compare(root, root.resolve("log-" + round), batches);
        }
        Path largest = root.resolve("recovery");
        fill(largest);
        for (int i = 0; i < 3; i++) {
            long start = System.nanoTime();
            try (SegmentedLog log =
                    SegmentedLog.open(largest, LogFixture.GROUP, LogFixture.NODE, StorageOptions.defaults())) {
                long nanos = System.nanoTime() - start;
                System.out.printf(
                        "recovery of %d entries: %d ms, %.0f MB/s%n",
                        log.recovered().lastIndex(),
                        nanos / 1_000_000,
                        log.recovered().lastIndex() * (double) BYTES / BATCH / nanos * 1000);
            }
        }
        LogFixture.delete(root);
    }

    /** One batch of each in turn, so that both meet the same disk. */
    private static void compare(Path root, Path path, int batches) throws IOException {
        Path file = root.resolve("bare");
        ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES);
        long[] bare = new long[batches];
        long[] whole = new long[batches];
        byte[] payload = new byte[PAYLOAD];
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
                SegmentedLog log =
                        SegmentedLog.open(path, LogFixture.GROUP, LogFixture.NODE, StorageOptions.defaults())) {
            for (int i = 0; i < batches; i++) {
                channel.write(bytes.clear(), (long) i * BYTES);
            }
            channel.force(true);
            for (int i = 0; i < batches; i++) {
                List<LogEntry> entries = batch(i * (long) BATCH, payload);
                long start = System.nanoTime();
                channel.write(bytes.clear(), (long) i * BYTES);
                channel.force(false);
                long middle = System.nanoTime();
                log.append(entries);
                log.force();
                whole[i] = System.nanoTime() - middle;
                bare[i] = middle - start;
            }
        }
        Files.delete(file);
        report("bare", bare);
        report("log ", whole);
    }

    private static void fill(Path path) throws IOException {
        try (SegmentedLog log = SegmentedLog.open(path, LogFixture.GROUP, LogFixture.NODE, StorageOptions.defaults())) {
            byte[] payload = new byte[PAYLOAD];
            for (int i = 0; i < 16_000; i++) {
                log.append(batch(i * (long) BATCH, payload));
            }
            log.force();
        }
    }

    private static List<LogEntry> batch(long after, byte[] payload) {
        List<LogEntry> entries = new ArrayList<>(BATCH);
        for (int i = 1; i <= BATCH; i++) {
            entries.add(new LogEntry(after + i, 1, 1, LogEntry.Kind.COMMAND, 1, after + i, 0, payload));
        }
        return entries;
    }

    private static void report(String name, long[] nanos) {
        double total = Arrays.stream(nanos).sum();
        Arrays.sort(nanos);
        System.out.printf(
                "%s %7.0f records/s; batch median %d us, p99 %d us, max %d us%n",
                name,
                nanos.length * (double) BATCH / total * 1e9,
                nanos[nanos.length / 2] / 1000,
                nanos[nanos.length * 99 / 100] / 1000,
                nanos[nanos.length - 1] / 1000);
    }
}
