package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.GROUP;
import static dev.handover.replication.storage.LogFixture.NODE;
import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entries;
import static dev.handover.replication.storage.LogFixture.flip;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.readAll;
import static dev.handover.replication.storage.LogFixture.same;
import static dev.handover.replication.storage.LogFixture.segments;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SegmentedLogTest {
    @TempDir
    Path directory;

    /** Such segments are written through the page cache, and their last block is a shorter one. */
    @Test
    void shouldGoOnWhereSegmentsAreNoWholeBlocks() throws IOException {
        StorageOptions odd = SMALL.withSegmentBytes(20_000);
        for (int from = 1; from <= 301; from += 100) {
            try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, odd)) {
                assertThat(log.damage()).isEmpty();
                assertThat(log.recovered().lastIndex()).isEqualTo(from - 1);
                for (int i = from; i < from + 100; i += 2) {
                    log.append(entries(i, i + 1, 1, 333));
                    log.force();
                }
                assertSame(readAll(log, from + 99), entries(1, from + 99, 1, 333));
            }
        }
    }

    @Test
    void shouldStartEmptyAndCountItsStarts() throws IOException {
        UUID logId;
        try (SegmentedLog log = open(directory.resolve("deep/below"))) {
            logId = log.logId();
            assertThat(log.recovered()).isEqualTo(RecoveredReplica.empty());
            assertThatThrownBy(() -> log.read(1, 1, 100)).hasMessageContaining("1 to 0");
        }
        for (long boot = 2; boot < 6; boot++) {
            try (SegmentedLog log = open(directory.resolve("deep/below"))) {
                assertThat(log.recovered().bootCounter()).isEqualTo(boot);
                assertThat(log.logId()).isEqualTo(logId);
            }
        }
    }

    @Test
    void shouldForceOncePerBatchOfAnySize() throws IOException {
        CrashDisk disk = new CrashDisk(new Random(1));
        StorageOptions large = SMALL.withSegmentBytes(1 << 20);
        try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, large, disk, OpeningListener.NONE)) {
            while (segments(directory).size() < 2) {
                Thread.onSpinWait(); // the segment made in the background is forced, too
            }
            int before = disk.forces();
            log.append(entries(1, 100, 1, 256));
            log.append(entries(101, 200, 1, 256));
            log.force();
            log.force();
            assertThat(disk.forces() - before).isEqualTo(1);
        }
    }

    @Test
    void shouldTakeLittleDiskAtFirstAndMoreWithEverySegment() throws IOException {
        StorageOptions large = SMALL.withSegmentBytes(2 << 20);
        try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, large)) {
            for (int i = 0; i < 100; i++) {
                log.append(entries(i * 64L + 1, i * 64L + 64, 1, 1024));
                log.force();
            }
        }
        List<Long> sizes = new ArrayList<>();
        for (Path segment : segments(directory)) {
            sizes.add(segment.toFile().length() >> 10);
        }
        assertThat(sizes)
                .startsWith(
                        256L, 256L, 256L, 256L, 256L, 320L, 400L, 500L, 624L) // a quarter of the log, in whole blocks
                .isSorted()
                .allMatch(kib -> kib <= 2048);
        try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, large)) {
            assertSame(readAll(log, 6400), entries(1, 6400, 1, 1024));
        }
    }

    @Test
    void shouldRefuseEntriesThatDoNotFollow() throws IOException {
        try (SegmentedLog log = open(directory)) {
            log.append(entries(1, 3, 5, 10));
            assertThatThrownBy(() -> log.append(entries(5, 5, 5, 10)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("cannot follow index 3 of epoch 5");
            assertThatThrownBy(() -> log.append(entries(4, 4, 4, 10))).isInstanceOf(IllegalArgumentException.class);
            log.saveState(new UUID(1, 1), 6);
            assertThatThrownBy(() -> log.saveState(new UUID(1, 1), 5))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("epoch 5 is below 6");
            log.append(entries(4, 4, 5, 10)); // none of that has harmed it
            assertThat(readAll(log, 4)).hasSize(4);
        }
    }

    @Test
    void shouldGiveALargeEntryASegmentOfItsOwn() throws IOException {
        List<LogEntry> expected = new ArrayList<>();
        try (SegmentedLog log = open(directory)) {
            for (int i = 1; i <= 6; i++) {
                List<LogEntry> batch = entries(i, i, 1, i % 2 == 0 ? 3_000_001 : 11);
                log.append(batch);
                expected.addAll(batch);
                log.force();
            }
            assertSame(readAll(log, 6), expected);
        }
        try (SegmentedLog log = open(directory)) {
            assertSame(readAll(log, 6), expected);
        }
    }

    @Test
    void shouldFailForEverAfterTheFirstFailure() throws IOException {
        List<String> operations = List.of("append", "force", "truncate", "saveState", "seal");
        for (String failing : operations) {
            Path path = directory.resolve(failing);
            CrashDisk disk = new CrashDisk(new Random(1));
            try (SegmentedLog log = open(path, disk)) {
                while (segments(path).size() < 2) {
                    Thread.onSpinWait();
                }
                log.append(entries(1, 5, 1, 100));
                disk.failAfter(0, "Input/output error");
                assertThatThrownBy(() -> operation(log, failing)).hasMessage("Input/output error");
                disk.failAfter(Long.MAX_VALUE, "none");
                List<ThrowingCallable> later = new ArrayList<>();
                operations.forEach(name -> later.add(() -> operation(log, name)));
                later.add(() -> log.read(1, 1, 1));
                for (ThrowingCallable call : later) {
                    assertThatThrownBy(call)
                            .isInstanceOf(IOException.class)
                            .hasMessageContaining("R15")
                            .hasMessageContaining("Input/output error");
                }
            }
        }
    }

    private static void operation(SegmentedLog log, String name) throws IOException {
        switch (name) {
            case "append" -> log.append(entries(6, 6, 1, 100));
            case "force" -> log.force();
            case "truncate" -> log.truncate(3);
            case "saveState" -> log.saveState(new UUID(1, 1), 9);
            case "seal" -> {
                log.force();
                log.seal();
            }
            default -> throw new IllegalArgumentException(name);
        }
    }

    @Test
    void shouldSayThatTheDiskIsFullWhileTheCurrentSegmentStillTakesEntries() throws IOException {
        CrashDisk disk = new CrashDisk(new Random(1));
        StorageOptions reserve = SMALL.withReserveBytes(10_000);
        disk.usableBytes(30_000);
        try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, reserve, disk, OpeningListener.NONE)) {
            assertThat(log.spaceProblem()).isEmpty();
        }
        disk.usableBytes(20_000);
        for (Path spare : segments(directory).subList(1, segments(directory).size())) {
            LogFixture.delete(spare); // there is none if the log was closed while it was being made
        }
        try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, reserve, disk, OpeningListener.NONE)) {
            while (log.spaceProblem().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(log.spaceProblem().get())
                    .contains(directory.toRealPath().toString(), "20000 bytes free", "10000", "free space");
            log.append(entries(1, 10, 1, 1000));
            log.force();
            assertThatThrownBy(() -> log.append(entries(11, 20, 1, 1000)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("free space");
        }
        disk.usableBytes(20_000);
        try (SegmentedLog log = SegmentedLog.open(directory, GROUP, NODE, reserve, disk, OpeningListener.NONE)) {
            long last = log.recovered().lastIndex();
            assertThat(last).isBetween(10L, 20L);
            assertSame(readAll(log, 10), entries(1, 10, 1, 1000));
            while (log.spaceProblem().isEmpty()) {
                Thread.onSpinWait();
            }
            disk.usableBytes(1 << 30); // room was made: no restart is needed
            while (log.spaceProblem().isPresent()) {
                Thread.onSpinWait();
            }
            log.append(entries(last + 1, last + 30, 1, 1000));
            log.force();
        }
        CrashDisk full = new CrashDisk(new Random(1));
        full.usableBytes(100);
        assertThatThrownBy(() -> open(directory.resolve("other"), full)).hasMessageContaining("100 bytes free");
    }

    @Test
    void shouldKeepASecondOwnerInTheSameProcessOut() throws IOException {
        try (SegmentedLog log = open(directory)) {
            assertThatThrownBy(() -> open(directory))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(directory.toRealPath().toString())
                    .hasMessageContaining("open in this process already");
            log.append(entries(1, 1, 1, 1));
        }
        open(directory).close();
    }

    @Test
    void shouldFailWhenClosedAndTakeASecondClose() throws IOException {
        SegmentedLog log = open(directory);
        log.append(entries(1, 1, 1, 1));
        log.close();
        log.close();
        assertThatThrownBy(() -> log.append(entries(2, 2, 1, 1))).hasMessageContaining("is closed");
        assertThatThrownBy(log::force).hasMessageContaining("is closed");
        assertThatThrownBy(() -> log.read(1, 1, 1)).hasMessageContaining("is closed");
        String prefix = "handover-segment-";
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith(prefix + "log-") && thread.isAlive());
    }

    @Test
    void shouldNameFileAndPlaceWhenAnEntryRotsWhileOpen() throws IOException {
        try (SegmentedLog log = open(directory)) {
            log.append(entries(1, 10, 1, 1000));
            log.force();
            Path segment = segments(directory).get(0);
            try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
                file.seek(Segment.HEADER + RecordHeader.SIZE + 500);
                file.write(1);
                file.write(2);
            }
            assertThatThrownBy(() -> log.read(1, 10, 1 << 20))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("entry 1 does not verify")
                    .hasMessageContaining(segment.toRealPath() + ", byte " + (Segment.HEADER + RecordHeader.SIZE));
            assertThat(log.read(2, 10, 1 << 20)).hasSize(9);
        }
        assertThat(segments(directory)).isNotEmpty();
    }

    @Test
    void shouldReadWhileItIsWrittenAndCutAndReadersAreInterrupted() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicLong published = new AtomicLong();
        AtomicLong reads = new AtomicLong();
        try (SegmentedLog log = open(directory, new CrashDisk(new Random(3)))) {
            List<FutureTask<Void>> readers = new ArrayList<>();
            for (int r = 0; r < 2; r++) {
                FutureTask<Void> reader = new FutureTask<>(() -> read(log, stop, published, reads), null);
                readers.add(reader);
                new Thread(reader, "reader-" + r).start();
            }
            Random random = new Random(5);
            long last = 0;
            long epoch = 1;
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
            while (System.nanoTime() < until || reads.get() < 200) {
                int count = 1 + random.nextInt(20);
                log.append(entries(last + 1, last + count, epoch, random.nextInt(300)));
                last += count;
                published.set(last);
                if (random.nextInt(10) == 0) {
                    last = Math.max(0, last - random.nextInt(30));
                    log.truncate(last + 1);
                    epoch++;
                }
                for (FutureTask<Void> reader : readers) {
                    assertThat(reader.isDone()).as("reader ended early").isFalse();
                }
            }
            stop.set(true);
            for (FutureTask<Void> reader : readers) {
                reader.get(20, TimeUnit.SECONDS);
            }
            assertThat(readAll(log, last)).hasSize((int) last);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    private static void read(SegmentedLog log, AtomicBoolean stop, AtomicLong published, AtomicLong reads) {
        Random random = new Random();
        while (!stop.get()) {
            long last = published.get();
            if (last == 0) {
                continue;
            }
            long from = 1
                    + (random.nextBoolean()
                            ? Math.max(0, last - 1 - random.nextInt(20))
                            : (long) (random.nextDouble() * (last - 1)));
            if (random.nextInt(3) == 0) {
                Thread.currentThread().interrupt();
            }
            try {
                List<LogEntry> some = log.read(from, from + 40, 1 << 20);
                long epoch = 0;
                long index = from;
                for (LogEntry entry : some) {
                    assertThat(entry.epoch()).isGreaterThanOrEqualTo(epoch);
                    assertThat(same(
                                    entry,
                                    entries(index, index, entry.epoch(), entry.payload().length)
                                            .get(0)))
                            .isTrue();
                    epoch = entry.epoch();
                    index++;
                }
                reads.incrementAndGet();
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageContaining("were asked of a log"); // it was cut in the meantime
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            Thread.interrupted();
        }
    }

    @Test
    void shouldReportAFlippedByteInTheMiddleOfALongLog() throws IOException {
        try (SegmentedLog log = open(directory)) {
            for (int i = 0; i < 20; i++) {
                log.append(entries(i * 10 + 1, i * 10 + 10, 1, 500));
                log.force();
            }
        }
        Path segment = segments(directory).get(3).toRealPath();
        flip(segment, 5000);
        try (SegmentedLog log = open(directory)) {
            assertThat(log.damage().orElse("none")).contains(segment.toString());
        }
    }
}
