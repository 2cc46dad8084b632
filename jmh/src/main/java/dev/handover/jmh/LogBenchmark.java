package dev.handover.jmh;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.storage.SegmentedLog;
import dev.handover.replication.storage.StorageOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it takes to make entries durable: append and force, in the directory of {@code java.io.tmpdir}, which should be on the disk in question and not
 * in memory. The score is per force, whatever was forced together; every 128 MiB the log is cut back to nothing, which is in the score, too.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class LogBenchmark {
    private static final long MOST_BYTES = 128L << 20;
    private static final byte[] PAYLOAD = new byte[128];

    /** How many entries share a force. */
    @Param({"1", "64", "1024"})
    public int entries = 1;

    private final Path directory;
    private final SegmentedLog log;
    private long lastIndex;
    private long bytes;

    /** Opens a new log. */
    public LogBenchmark() {
        try {
            directory = Files.createTempDirectory("handover-jmh-");
            log = SegmentedLog.open(directory, GroupId.of("g"), NodeId.of("a"), StorageOptions.defaults());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One group commit. */
    @Benchmark
    public long appendAndForce() throws IOException {
        if (bytes > MOST_BYTES) {
            log.truncate(1);
            lastIndex = 0;
            bytes = 0;
        }
        List<LogEntry> batch = new ArrayList<>(entries);
        for (int i = 0; i < entries; i++) {
            LogEntry entry = new LogEntry(++lastIndex, 1, 1, LogEntry.Kind.COMMAND, 1, lastIndex, 0, PAYLOAD);
            bytes += entry.size();
            batch.add(entry);
        }
        log.append(batch);
        log.force();
        return lastIndex;
    }

    /** Deletes the log. */
    @TearDown(Level.Trial)
    public void delete() throws IOException {
        log.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
