package dev.handover.replication.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** The ring beside a tree. */
class ResultsTest {
    @Property(tries = 2000)
    void shouldHoldWhatATreeHolds(
            @ForAll @Size(max = 300) java.util.List<@IntRange(max = 120) Integer> steps,
            @ForAll @IntRange(min = 1, max = 9) int forgetEvery) {
        Results results = new Results();
        TreeMap<Long, byte[]> twin = new TreeMap<>();
        long base = 0;
        int step = 0;
        for (int offset : steps) {
            long sequence = base + offset - 10;
            if (++step % forgetEvery == 0) {
                base += offset % 40;
                results.forgetBelow(base);
                twin.headMap(base).clear();
            } else if (!twin.containsKey(sequence)) {
                byte[] result = {(byte) step};
                results.put(sequence, result);
                twin.put(sequence, result);
            }
            assertThat(results.size()).isEqualTo(twin.size());
            assertThat(results.get(sequence)).isSameAs(twin.get(sequence));
        }
        for (Map.Entry<Long, byte[]> entry : twin.entrySet()) {
            assertThat(results.get(entry.getKey())).isSameAs(entry.getValue());
        }
        assertThat(results.copy()).containsExactlyEntriesOf(twin);
    }
}
