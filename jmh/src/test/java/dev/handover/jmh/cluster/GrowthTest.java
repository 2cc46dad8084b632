package dev.handover.jmh.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class GrowthTest {
    @Test
    void shouldMeasureEachWorkOnceAndStartEachClusterOnce() {
        List<Growth.Work> all = Growth.all();

        assertThat(all).doesNotHaveDuplicates();
        assertThat(new LinkedHashSet<>(all.stream().map(Growth.Work::replicas).toList()))
                .containsExactly(3, 1, 2, 5);
        int changes = 0;
        for (int i = 1; i < all.size(); i++) {
            changes += all.get(i).replicas() != all.get(i - 1).replicas() ? 1 : 0;
        }
        assertThat(changes).as("those with as many replicas stand together").isEqualTo(3);
        assertThat(all).allMatch(work -> (long) work.window() * work.bytes() <= 32L << 20);
        assertThat(Options.USAGE).contains(all.size() + " rows");
    }

    @Test
    void shouldSayWhichPartOfAGroupCommitARowIs() {
        Row row = new Row("handover", 1, 64, 256, 0, 4096, 100, 200, 300, 400, 500, 6, 7, 0);
        Growth.Line line = new Growth.Line(row, 16_384);

        assertThat(line.markdown().strip()).isEqualTo("| 1 | 64 | 256 | 4096 | 1.0 | 100 | 200 | 25 % |");
        assertThat(line.json()).endsWith(",\"errors\":0,\"group_commit_per_second\":16384}");
    }
}
