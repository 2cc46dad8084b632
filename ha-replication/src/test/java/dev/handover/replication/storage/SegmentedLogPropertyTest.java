package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entry;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.readAll;
import static dev.handover.replication.storage.LogFixture.same;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** The log, alone and with a journal, beside a naive twin: a list. */
class SegmentedLogPropertyTest {
    private static final UUID LINEAGE = new UUID(1, 2);

    enum Kind {
        APPEND,
        BIG,
        NEW_EPOCH,
        FORCE,
        HOLD_BACK,
        FORCE_JOURNAL,
        LAP,
        SEAL,
        TRUNCATE,
        STATE,
        READ,
        REOPEN
    }

    /** An operation; {@code a} and {@code b} are from 0 to 99 and scaled to what makes sense. */
    record Op(Kind kind, int a, int b) {}

    @Provide
    Arbitrary<List<Op>> operations() {
        Arbitrary<Kind> kinds = Arbitraries.frequency(
                Tuple.of(8, Kind.APPEND),
                Tuple.of(1, Kind.BIG),
                Tuple.of(1, Kind.NEW_EPOCH),
                Tuple.of(2, Kind.FORCE),
                Tuple.of(6, Kind.HOLD_BACK),
                Tuple.of(4, Kind.FORCE_JOURNAL),
                Tuple.of(1, Kind.LAP),
                Tuple.of(1, Kind.SEAL),
                Tuple.of(2, Kind.TRUNCATE),
                Tuple.of(1, Kind.STATE),
                Tuple.of(4, Kind.READ),
                Tuple.of(1, Kind.REOPEN));
        Arbitrary<Integer> percent = Arbitraries.integers().between(0, 99);
        return Combinators.combine(kinds, percent, percent).as(Op::new).list().ofMaxSize(60);
    }

    @Property(tries = 100)
    void shouldBehaveAsAList(@ForAll("operations") List<Op> operations) throws IOException {
        Path root = Files.createTempDirectory("twin");
        Path directory = root.resolve("g");
        Twin twin = new Twin();
        CrashDisk disk = new CrashDisk(new Random(operations.size()));
        SegmentedLog log = open(directory, disk);
        twin.journal = new JournalOfOne(disk, root);
        long boots = 1;
        try {
            for (Op op : operations) {
                if (op.kind == Kind.REOPEN) {
                    if (log.onlyHeldBack() > 0) { // else the end of the process takes it
                        twin.run(new Op(Kind.FORCE_JOURNAL, 0, 0), log);
                    }
                    twin.journal.close();
                    log.close();
                    disk = new CrashDisk(new Random(op.a));
                    log = open(directory, disk);
                    twin.journal = new JournalOfOne(disk, root);
                    boots++;
                    assertThat(log.damage()).isEmpty();
                    assertThat(log.recovered()).isEqualTo(twin.recovered(boots));
                    assertSame(readAll(log, twin.all.size()), twin.all);
                } else {
                    twin.run(op, log);
                }
            }
            assertSame(readAll(log, twin.all.size()), twin.all);
        } finally {
            twin.journal.close();
            log.close();
            LogFixture.delete(root);
        }
    }

    @Property(tries = 150)
    void shouldLoseNothingForcedWhenPowerFailsAnywhere(@ForAll("operations") List<Op> operations, @ForAll Random random)
            throws IOException {
        Path root = Files.createTempDirectory("crash");
        try {
            Path directory = Files.createDirectory(root.resolve("0"));
            Twin twin = new Twin();
            for (int crash = 1; crash <= 3; crash++) {
                CrashDisk disk = new CrashDisk(random);
                if (random.nextBoolean()) {
                    disk.failAfter(random.nextInt(40), "power is off"); // while the log is being opened, perhaps
                }
                try (SegmentedLog log = open(directory.resolve("g"), disk);
                        JournalOfOne journal = new JournalOfOne(disk, directory)) {
                    twin.journal = journal;
                    check(log, twin);
                    disk.failAfter(random.nextInt(operations.size() * 4 + 8), "power is off");
                    for (Op op : operations) {
                        twin.run(op, log);
                    }
                } catch (IOException e) {
                    assertThat(e).hasStackTraceContaining("power is off");
                }
                Path next = root.resolve(String.valueOf(crash));
                Files.createDirectory(next);
                disk.crash(directory, next);
                directory = next;
            }
            try (SegmentedLog log = open(directory.resolve("g"))) {
                check(log, twin);
            }
        } finally {
            LogFixture.delete(root);
        }
    }

    private static void check(SegmentedLog log, Twin twin) throws IOException {
        assertThat(log.damage()).isEmpty();
        RecoveredReplica found = log.recovered();
        List<LogEntry> all = readAll(log, found.lastIndex());
        twin.mayBecome(all, found.highestEpoch());
        assertThat(found).isEqualTo(twin.recovered(found.bootCounter()));
        assertThat(found.bootCounter()).isGreaterThan(twin.boots);
        twin.boots = found.bootCounter();
    }

    /** A journal that is made when it is wanted, with a log that depends on it from then on. */
    private static final class JournalOfOne implements AutoCloseable {
        private final Journals journals;
        private Journal current;
        private boolean depends;

        JournalOfOne(CrashDisk disk, Path root) {
            journals = new Journals(disk, root, LogFixture.SMALL, Journal.LONGEST_FRAME + (256 << 10));
        }

        /** True if what was appended had to be made durable for that. */
        boolean take(SegmentedLog log) throws IOException {
            if (depends) {
                return false;
            }
            if (current == null) {
                current = journals.create();
            }
            log.force();
            log.dependOn(current.id());
            depends = true;
            return true;
        }

        void force(SegmentedLog log) throws IOException {
            if (depends && log.onlyHeldBack() >= 0) {
                if (current.lapIsOver()) {
                    lap(log);
                }
                assertThat(current.add(log)).isTrue();
                current.force();
            } else {
                log.force();
            }
        }

        void lap(SegmentedLog log) throws IOException {
            log.force();
            if (current != null) {
                current.beginLap();
            }
        }

        void seal(SegmentedLog log) throws IOException {
            if (!depends) {
                log.force();
            }
            log.seal();
            depends = false;
            if (current != null) {
                current.seal();
            }
        }

        @Override
        public void close() throws IOException {
            if (current != null) {
                current.close();
            }
            journals.close();
        }
    }

    /** The model: what the log holds, how much of that is durable, and what is being done. */
    private static final class Twin {
        final List<LogEntry> all = new ArrayList<>();
        private JournalOfOne journal;
        private int durable;
        private int cutTo = -1;
        private long boots;
        private long epoch = 1;
        private long highestEpoch;
        private long savingEpoch = -1;

        void run(Op op, SegmentedLog log) throws IOException {
            switch (op.kind) {
                case APPEND -> append(log, 1 + op.a / 10, op.b * op.b / 10);
                case BIG -> append(log, 1, 10_000 + op.b * 400);
                case NEW_EPOCH -> epoch++;
                case FORCE -> {
                    log.force();
                    allIsDurable();
                }
                case HOLD_BACK -> {
                    if (journal.take(log)) {
                        allIsDurable();
                    }
                    holdBack(log, 1 + op.a / 10, op.b * op.b / 10, JournalFixture.HELD_BACK >> op.a % 4);
                }
                case FORCE_JOURNAL -> {
                    journal.force(log);
                    allIsDurable();
                }
                case LAP -> {
                    journal.lap(log);
                    allIsDurable();
                }
                case SEAL -> {
                    journal.seal(log);
                    allIsDurable();
                }
                case TRUNCATE -> {
                    int keep = Math.max(0, all.size() - op.a * op.a / 100);
                    cutTo = keep;
                    log.truncate(keep + 1);
                    cut();
                }
                case STATE -> {
                    savingEpoch = highestEpoch + 1 + op.a;
                    log.saveState(LINEAGE, savingEpoch);
                    highestEpoch = savingEpoch;
                    savingEpoch = -1;
                }
                case READ -> read(op, log);
                case REOPEN -> {}
            }
        }

        private void append(SegmentedLog log, int count, int bytes) throws IOException {
            log.append(more(count, bytes));
        }

        private void holdBack(SegmentedLog log, int count, int bytes, int most) throws IOException {
            List<LogEntry> more = more(count, bytes);
            if (!log.holdBack(more, most)) {
                log.append(more);
            }
        }

        private List<LogEntry> more(int count, int bytes) {
            List<LogEntry> more = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                more.add(entry(all.size() + 1L + i, epoch, bytes));
            }
            all.addAll(more);
            return more;
        }

        private void allIsDurable() {
            durable = all.size();
        }

        private void cut() {
            boolean cuts = cutTo < all.size();
            all.subList(cutTo, all.size()).clear();
            durable = cuts ? cutTo : durable;
            cutTo = -1;
        }

        private void read(Op op, SegmentedLog log) throws IOException {
            if (all.isEmpty()) {
                return;
            }
            int from = op.a * all.size() / 100;
            int to = Math.min(all.size(), from + 1 + op.b / 5);
            List<LogEntry> some = log.read(from + 1, to, op.b * 100);
            assertThat(some).isNotEmpty();
            assertSame(some, all.subList(from, from + some.size()));
            assertThat(from + some.size() == to
                            || some.stream().mapToInt(LogEntry::size).sum()
                                            + all.get(from + some.size()).size()
                                            + 16 * (some.size() + 1)
                                    > op.b * 100)
                    .as("stopped early without need")
                    .isTrue();
        }

        /** Takes over what was found after a crash, if that may be. */
        void mayBecome(List<LogEntry> found, long foundEpoch) {
            boolean wasCut = cutTo >= 0 && found.size() == cutTo;
            if (!wasCut) {
                assertThat(found).hasSizeBetween(durable, all.size());
            }
            for (int i = 0; i < found.size(); i++) {
                assertThat(same(found.get(i), all.get(i))).isTrue();
            }
            assertThat(foundEpoch).isIn(highestEpoch, savingEpoch < 0 ? highestEpoch : savingEpoch);
            highestEpoch = foundEpoch;
            savingEpoch = -1;
            cutTo = -1;
            all.subList(found.size(), all.size()).clear();
            durable = found.size();
            epoch++;
        }

        RecoveredReplica recovered(long boots) {
            List<EpochStart> starts = new ArrayList<>();
            long last = 0;
            for (LogEntry entry : all) {
                if (entry.epoch() != last) {
                    starts.add(new EpochStart(entry.index(), entry.epoch()));
                    last = entry.epoch();
                }
            }
            long timestamp = all.isEmpty() ? 0 : all.get(all.size() - 1).timestamp();
            return new RecoveredReplica(
                    highestEpoch > 0 ? LINEAGE : null, highestEpoch, boots, all.size(), starts, timestamp);
        }
    }
}
