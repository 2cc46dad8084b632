package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TurnsTest {
    private final Turns turns = new Turns();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 31, 32})
    void shouldVisitAFewEachTime(int size) {
        for (int time = 0; time < 3; time++) {
            assertThat(visited(size)).hasSize(size);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {33, 100, 128, 129, 256, 1000})
    void shouldVisitEachOfManyWithinTheRounds(int size) {
        for (int repeated = 0; repeated < 3; repeated++) {
            Set<Integer> all = new HashSet<>();
            for (int time = 0; time < Turns.ROUNDS; time++) {
                all.addAll(visited(size));
            }
            assertThat(all).hasSize(size);
        }
    }

    @Test
    void shouldDoAPartOfTheWorkEachTime() {
        assertThat(turns.count(1000)).isEqualTo(250);
        assertThat(turns.count(40)).isEqualTo(Turns.AT_ONCE);
        assertThat(turns.count(0)).isZero();
    }

    /** As the loop does it: whoever has nothing to do is replaced by the last one. */
    @Test
    void shouldSkipNobodyWhoStaysWhenOthersLeave() {
        List<Integer> list = new ArrayList<>(IntStream.range(0, 200).boxed().toList());
        Set<Integer> visited = new HashSet<>();
        for (int time = 0; time <= Turns.ROUNDS; time++) {
            for (int left = turns.count(list.size()); left > 0 && !list.isEmpty(); left--) {
                int place = turns.next(list.size());
                int who = list.get(place);
                visited.add(who);
                if (who % 3 == 0) {
                    list.set(place, list.get(list.size() - 1));
                    list.remove(list.size() - 1);
                }
            }
        }
        assertThat(visited).hasSize(200);
    }

    private List<Integer> visited(int size) {
        List<Integer> all = new ArrayList<>();
        for (int left = turns.count(size); left > 0; left--) {
            all.add(turns.next(size));
        }
        return all;
    }
}
