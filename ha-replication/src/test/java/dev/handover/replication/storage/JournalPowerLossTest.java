package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.SMALL;
import static dev.handover.replication.storage.LogFixture.assertSame;
import static dev.handover.replication.storage.LogFixture.entry;
import static dev.handover.replication.storage.LogFixture.open;
import static dev.handover.replication.storage.LogFixture.readAll;
import static dev.handover.replication.storage.LogFixture.same;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three logs and their journal on a disk that loses its power at any operation, again and again. */
@Timeout(120)
class JournalPowerLossTest {
    @TempDir
    Path root;

    /** What is known of one log while the power goes again and again. */
    private static final class Twin {
        final List<LogEntry> all = new ArrayList<>();
        private int durable;
        private int cutTo = -1;
        private boolean depends;

        List<LogEntry> more(long epoch, int count, int bytes) {
            List<LogEntry> more = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                more.add(entry(all.size() + 1L + i, epoch, bytes));
            }
            return more;
        }

        void check(SegmentedLog log, String about) throws IOException {
            assertThat(log.damage()).as(about).isEmpty();
            List<LogEntry> found = readAll(log, log.recovered().lastIndex());
            if (cutTo < 0 || found.size() != cutTo) {
                assertThat(found).as(about).hasSizeBetween(durable, all.size());
            }
            for (int i = 0; i < found.size(); i++) {
                assertThat(same(found.get(i), all.get(i)))
                        .as("%s, entry %d", about, i + 1)
                        .isTrue();
            }
            all.subList(found.size(), all.size()).clear();
            durable = found.size();
            cutTo = -1;
        }
    }

    @Test
    void shouldLoseNothingThatWasForcedWheneverThePowerGoes() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 8; round++) {
            Map<String, Twin> twins = new HashMap<>(Map.of("a", new Twin(), "b", new Twin(), "c", new Twin()));
            Path directory = root.resolve("round" + round);
            for (int crash = 0; crash < 12; crash++) {
                CrashDisk crashing = new CrashDisk(random);
                String about = "seed " + seed + ", round " + round + ", crash " + crash;
                live(directory, crashing, random, twins, crash + 1, about);
                Path next = root.resolve("round" + round + "-" + crash);
                Files.createDirectory(next);
                crashing.crash(directory, next);
                LogFixture.delete(directory);
                directory = next;
            }
            for (Map.Entry<String, Twin> twin : twins.entrySet()) {
                try (SegmentedLog log = open(directory.resolve(twin.getKey()), new CrashDisk(random))) {
                    twin.getValue().check(log, "seed " + seed + ", at the end of round " + round);
                }
            }
        }
    }

    private static void live(
            Path directory, CrashDisk crashing, Random random, Map<String, Twin> twins, long epoch, String about)
            throws IOException {
        Map<String, SegmentedLog> logs = new TreeMap<>();
        try (Journals own = new Journals(crashing, directory, SMALL, 256 << 10)) {
            if (epoch > 1 && random.nextInt(3) == 0) {
                crashing.failAfter(random.nextInt(60), "power is off");
            }
            for (String name : twins.keySet()) {
                SegmentedLog log = open(directory.resolve(name), crashing);
                logs.put(name, log);
                twins.get(name).check(log, about);
            }
            try (Journal shared = own.create()) {
                crashing.failAfter(20 + random.nextInt(120), "power is off");
                for (Map.Entry<String, SegmentedLog> log : logs.entrySet()) {
                    log.getValue().dependOn(shared.id());
                    twins.get(log.getKey()).depends = true;
                }
                run(logs, twins, shared, random, epoch);
            }
        } catch (IOException e) {
            assertThat(e).hasStackTraceContaining("power is off");
        } finally {
            logs.values().forEach(SegmentedLog::close);
        }
    }

    private static void run(
            Map<String, SegmentedLog> logs, Map<String, Twin> twins, Journal shared, Random random, long epoch)
            throws IOException {
        List<String> names = List.copyOf(logs.keySet());
        int frames = 0;
        for (int step = 0; step < 150; step++) {
            String name = names.get(random.nextInt(names.size()));
            SegmentedLog log = logs.get(name);
            Twin twin = twins.get(name);
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3, 4 -> {
                    List<LogEntry> more = twin.more(epoch, 1 + random.nextInt(3), random.nextInt(500));
                    twin.all.addAll(more);
                    if (!log.holdBack(more, JournalFixture.HELD_BACK)) {
                        log.append(more);
                    }
                }
                case 5, 6, 7 -> {
                    for (String one : names) {
                        if (!shared.add(logs.get(one))) {
                            logs.get(one).force();
                        }
                    }
                    shared.force();
                    twins.values().forEach(one -> one.durable = one.all.size());
                    if (random.nextInt(4) == 0) {
                        shared.seal();
                    }
                    if (++frames == 4) { // no log holds back more than a segment of 16 KiB
                        for (SegmentedLog one : logs.values()) {
                            one.force();
                        }
                        shared.beginLap();
                        frames = 0;
                    }
                }
                case 8 -> {
                    log.force();
                    twin.durable = twin.all.size();
                }
                case 9 -> {
                    if (!twin.all.isEmpty()) {
                        assertSame(
                                log.read(twin.all.size(), twin.all.size(), 1),
                                twin.all.subList(twin.all.size() - 1, twin.all.size()));
                    }
                }
                case 10 -> {
                    int keep = Math.max(0, twin.all.size() - random.nextInt(6));
                    twin.cutTo = keep;
                    log.truncate(keep + 1);
                    twin.durable = keep < twin.all.size() ? keep : twin.durable;
                    twin.all.subList(keep, twin.all.size()).clear();
                    twin.cutTo = -1;
                }
                case 11 -> {
                    if (random.nextBoolean()) {
                        log.seal(); // forces what the journal has, and nothing if it has nothing
                        twin.durable = twin.depends ? twin.all.size() : twin.durable;
                        twin.depends = false;
                    } else {
                        log.dependOn(shared.id());
                        twin.durable = twin.all.size();
                        twin.depends = true;
                    }
                }
                default -> throw new IllegalStateException();
            }
        }
    }
}
