package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.entry;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.same;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import dev.handover.replication.protocol.SnapshotPosition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** A log with snapshots, of which the beginning is dropped, beside its history; power fails at any operation of the disk. */
class CompactionPropertyTest {
    private static final UUID LINEAGE = new UUID(1, 2);

    @Property(tries = 100)
    void shouldStartWithSnapshotAndLogThatConnectWhereverPowerFails(@ForAll Random random) throws IOException {
        Path root = Files.createTempDirectory("compaction");
        try {
            Path directory = Files.createDirectory(root.resolve("0"));
            History history = new History(random);
            for (int crash = 1; crash <= 4; crash++) {
                CrashDisk disk = new CrashDisk(random);
                if (random.nextInt(3) == 0) {
                    disk.failAfter(random.nextInt(60), "power is off"); // while the log is being opened, perhaps
                }
                try (SegmentedLog log = open(directory, disk)) {
                    history.check(log);
                    disk.failAfter(random.nextInt(160), "power is off");
                    for (int i = 0; i < 60; i++) {
                        history.step(log);
                    }
                } catch (IOException e) {
                    assertThat(e).hasStackTraceContaining("power is off");
                }
                Path next = Files.createDirectory(root.resolve(String.valueOf(crash)));
                disk.crash(directory, next);
                directory = next;
            }
            try (SegmentedLog log = open(directory)) {
                history.check(log);
            }
        } finally {
            LogFixture.delete(root);
        }
    }

    /** What was ever written, and what of it must be there. */
    private static final class History {
        private final Random random;
        /** The newest entry of every index; of one that only a received snapshot holds, its position alone counts. */
        private final TreeMap<Long, LogEntry> entries = new TreeMap<>();

        private final List<SnapshotPosition> snapshots = new ArrayList<>();
        private SnapshotPosition coming = SnapshotPosition.NONE;
        private boolean installing;
        private long mustHoldFrom = 1;
        private long last;
        private long durable;
        private long cutTo = -1;
        private long epoch = 1;
        private long boots;

        History(Random random) {
            this.random = random;
        }

        private SnapshotPosition newest() {
            return snapshots.isEmpty() ? SnapshotPosition.NONE : snapshots.get(snapshots.size() - 1);
        }

        void step(SegmentedLog log) throws IOException {
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> append(log);
                case 4 -> {
                    log.force();
                    durable = last;
                    if (random.nextBoolean()) {
                        log.seal();
                    }
                }
                case 5 -> truncate(log);
                case 6 -> {
                    epoch++;
                    log.saveState(LINEAGE, epoch);
                }
                case 7, 8 -> take(log);
                case 9 -> compact(log);
                case 10 -> log.snapshots().prune(2);
                case 11 -> {
                    if (random.nextInt(3) == 0) {
                        install(log);
                    }
                }
                default -> throw new IllegalStateException();
            }
        }

        private void append(SegmentedLog log) throws IOException {
            List<LogEntry> more = new ArrayList<>();
            int count = 1 + random.nextInt(20);
            for (int i = 0; i < count; i++) {
                LogEntry next = entry(last + 1, epoch, random.nextInt(1200));
                entries.put(++last, next);
                more.add(next);
            }
            log.append(more);
        }

        private void truncate(SegmentedLog log) throws IOException {
            long keep = Math.max(newest().index(), last - random.nextInt(30));
            cutTo = keep;
            log.truncate(keep + 1);
            durable = keep < last ? keep : durable;
            last = keep;
            entries.tailMap(keep, false).clear();
            cutTo = -1;
            epoch++;
        }

        private void take(SegmentedLog log) throws IOException {
            long index = newest().index() + random.nextInt(60);
            if (index <= newest().index() || index > last) {
                return;
            }
            LogEntry at = entries.get(index);
            coming = new SnapshotPosition(index, at.epoch(), at.timestamp());
            try (SnapshotSink sink = log.snapshots().create(coming, LINEAGE, null, 1)) {
                fill(sink, content(index));
                sink.commit();
            }
            snapshots.add(coming);
            coming = SnapshotPosition.NONE;
        }

        private void compact(SegmentedLog log) throws IOException {
            if (snapshots.size() < 2) {
                return;
            }
            long before = snapshots.get(snapshots.size() - 2).index() + 1;
            mustHoldFrom = Math.max(mustHoldFrom, before);
            log.compact(before);
            assertThat(log.firstIndex()).isLessThanOrEqualTo(mustHoldFrom);
        }

        private void install(SegmentedLog log) throws IOException {
            epoch++;
            log.saveState(LINEAGE, epoch);
            long index = Math.max(newest().index() + 1, last - 20 + random.nextInt(50));
            byte[] content = content(index);
            CRC32C crc = new CRC32C();
            crc.update(content);
            coming = new SnapshotPosition(index, epoch, 1_000_000 + index);
            SnapshotInfo remote = new SnapshotInfo(
                    UUID.randomUUID(), coming, LINEAGE, null, 1, 0, content.length, (int) crc.getValue());
            installing = true;
            try (SnapshotSink sink = log.snapshots().receive(remote)) {
                fill(sink, content);
                sink.commit();
            }
            log.reset(remote);
            installed();
        }

        private void installed() {
            entries.tailMap(coming.index(), true).clear();
            entries.put(
                    coming.index(),
                    new LogEntry(
                            coming.index(),
                            coming.epoch(),
                            coming.timestamp(),
                            LogEntry.Kind.BARRIER,
                            0,
                            0,
                            0,
                            new byte[0]));
            snapshots.add(coming);
            last = coming.index();
            durable = last;
            mustHoldFrom = last + 1;
            coming = SnapshotPosition.NONE;
            installing = false;
        }

        private static byte[] content(long index) {
            byte[] content = new byte[(int) (index * 997 % 200_000)];
            new Random(index).nextBytes(content);
            return content;
        }

        private static void fill(SnapshotSink sink, byte[] content) throws IOException {
            for (int at = 0; at < content.length; at += 50_000) {
                sink.write(ByteBuffer.wrap(content, at, Math.min(50_000, content.length - at)));
            }
        }

        void check(SegmentedLog log) throws IOException {
            assertThat(log.damage()).isEmpty();
            RecoveredReplica found = log.recovered();
            assertThat(found.bootCounter()).isGreaterThan(boots);
            boots = found.bootCounter();
            if (!coming.isNone() && found.snapshot().equals(coming)) {
                if (installing) {
                    installed();
                } else {
                    snapshots.add(coming);
                }
            }
            coming = SnapshotPosition.NONE;
            installing = false;
            assertThat(found.snapshot()).isEqualTo(newest());
            readSnapshot(log);
            long least = Math.max(cutTo < 0 ? durable : Math.min(cutTo, durable), newest().index());
            assertThat(found.lastIndex()).isBetween(least, last);
            assertThat(found.firstIndex() <= mustHoldFrom || found.lastIndex() == newest().index())
                    .as("first index %d, and the log is needed from %d on", found.firstIndex(), mustHoldFrom)
                    .isTrue();
            readLog(log, found);
            last = found.lastIndex();
            durable = last;
            cutTo = -1;
            mustHoldFrom = Math.max(mustHoldFrom, found.firstIndex());
            entries.tailMap(last, false).clear();
            epoch = Math.max(epoch, found.highestEpoch()) + 1;
            log.saveState(LINEAGE, epoch); // as a replica does before its first entry
        }

        private static void readSnapshot(SegmentedLog log) throws IOException {
            List<SnapshotInfo> all = log.snapshots().list();
            if (all.isEmpty()) {
                return;
            }
            try (SnapshotSource source = log.snapshots().open(all.get(0))) {
                byte[] expected = content(all.get(0).position().index());
                ByteBuffer read = ByteBuffer.allocate(expected.length + 1);
                assertThat(source.read(0, read)).isEqualTo(expected.length == 0 ? -1 : expected.length);
                assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(expected));
            }
        }

        private void readLog(SegmentedLog log, RecoveredReplica found) throws IOException {
            List<EpochStart> epochs = new ArrayList<>();
            if (found.firstIndex() > 1) {
                epochs.add(new EpochStart(
                        found.firstIndex() - 1,
                        entries.get(found.firstIndex() - 1).epoch()));
            }
            for (long index = found.firstIndex(); index <= found.lastIndex(); ) {
                for (LogEntry read : log.read(index, found.lastIndex(), 10_000)) {
                    assertThat(same(read, entries.get(index)))
                            .as("%s and %s", read, entries.get(index))
                            .isTrue();
                    if (epochs.isEmpty() || epochs.get(epochs.size() - 1).epoch() != read.epoch()) {
                        epochs.add(new EpochStart(index, read.epoch()));
                    }
                    index++;
                }
            }
            assertThat(found.epochs()).isEqualTo(epochs);
            assertThat(found.lastTimestamp())
                    .isEqualTo(
                            found.lastIndex() == 0
                                    ? 0
                                    : entries.get(found.lastIndex()).timestamp());
        }
    }
}
