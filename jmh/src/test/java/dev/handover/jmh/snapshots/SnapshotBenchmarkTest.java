package dev.handover.jmh.snapshots;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SnapshotBenchmarkTest {
    @Test
    void badArgumentsAreNamed() {
        assertThatThrownBy(() -> SnapshotBenchmark.main(new String[] {"instal"}))
                .hasMessageContaining("unknown measurement 'instal'");
        assertThatThrownBy(() -> SnapshotBenchmark.main(new String[] {"install", "x"}))
                .hasMessageContaining("state MiB 'x' is not a number");
        assertThatThrownBy(() -> SnapshotBenchmark.main(new String[] {"install", "1", "0"}))
                .hasMessageContaining("writes/s 0 is not from 1");
    }

    @Test
    void quantilesAreRanks() {
        long[] thousand = new long[1000];
        for (int i = 0; i < thousand.length; i++) {
            thousand[i] = (1000 - i) * 1000L;
        }
        Latencies latencies = new Latencies("x", thousand);
        assertThat(latencies.micros(0.5)).isEqualTo(500);
        assertThat(latencies.micros(0.99)).isEqualTo(990);
        assertThat(latencies.micros(0.999)).isEqualTo(999);
        assertThat(latencies.micros(1)).isEqualTo(1000);
        assertThatThrownBy(() -> new Latencies("during", new long[0]))
                .hasMessageContaining("no command was due during");
    }
}
