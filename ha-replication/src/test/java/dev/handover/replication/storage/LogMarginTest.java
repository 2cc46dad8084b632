package dev.handover.replication.storage;

import static dev.handover.replication.storage.LogFixture.entry;
import static dev.handover.replication.storage.LogFixture.open;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.LogEntry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much log a number of bytes is: the log's quick answer beside a sum over the entries. */
class LogMarginTest {
    private static final long INEXACT = (64 << 10) + 4096;

    @Test
    void shouldTellFromWhereOnEntriesTakeSoManyBytes(@TempDir Path directory) throws Exception {
        Random random = new Random(7);
        List<Integer> sizes = new ArrayList<>();
        try (SegmentedLog log = open(directory)) {
            boolean cut = false;
            while (sizes.size() < 3000) {
                LogEntry next = entry(sizes.size() + 1, 1, random.nextInt(2000));
                sizes.add(RecordHeader.SIZE + next.payload().length);
                log.append(List.of(next));
                if (sizes.size() == 1500 && !cut) {
                    cut = true;
                    log.truncate(1481);
                    sizes.subList(1480, sizes.size()).clear();
                }
            }
            for (long to : new long[] {1, 700, 1399, 1450, 2999, 3000}) {
                assertThat(log.firstWithin(to, 0)).isEqualTo(to + 1);
                for (long bytes : new long[] {1, 100_000, 300_000, 900_000, 1L << 40}) {
                    long first = log.firstWithin(to, bytes);
                    assertThat(first).isBetween(1L, to);
                    assertThat(sum(sizes, first, to)).isLessThanOrEqualTo(bytes + INEXACT);
                    if (first > 1) { // ends of segments, and what was cut, take bytes as well
                        assertThat(sum(sizes, first, to)).isGreaterThanOrEqualTo(bytes * 3 / 4 - INEXACT);
                    }
                }
            }
        }
    }

    private static long sum(List<Integer> sizes, long from, long to) {
        return sizes.subList((int) from - 1, (int) to).stream()
                .mapToLong(size -> size)
                .sum();
    }
}
