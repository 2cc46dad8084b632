package dev.handover.replication.explorer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class DumpTest {
    /** Refers to another one, or to itself. */
    private static final class Knot {
        final long number;
        Knot next;

        Knot(long number) {
            this.number = number;
        }
    }

    private static Knot ring(long... numbers) {
        Knot first = new Knot(numbers[0]);
        Knot last = first;
        for (int i = 1; i < numbers.length; i++) {
            last.next = new Knot(numbers[i]);
            last = last.next;
        }
        last.next = first;
        return first;
    }

    @Test
    void shouldBeTheSameForTheSameContent() {
        assertThat(Dump.of(new ArrayList<>(List.of(1L, "a")))).isEqualTo(Dump.of(new ArrayDeque<>(List.of(1L, "a"))));
        assertThat(Dump.of(new byte[] {1, 2})).isEqualTo(Dump.of(new byte[] {1, 2}));
        assertThat(Dump.of(ring(1, 2, 3))).isEqualTo(Dump.of(ring(1, 2, 3)));
    }

    @Test
    void shouldDifferWhereAnythingDiffers() {
        assertThat(Dump.of(List.of(1L, 2L))).isNotEqualTo(Dump.of(List.of(2L, 1L)));
        assertThat(Dump.of(List.of(List.of(1L), List.of()))).isNotEqualTo(Dump.of(List.of(List.of(), List.of(1L))));
        assertThat(Dump.of(ring(1, 2, 3))).isNotEqualTo(Dump.of(ring(1, 2, 4)));
        assertThat(Dump.of(ring(1, 1))).isNotEqualTo(Dump.of(ring(1, 1, 1)));
        assertThat(Dump.of(new TreeMap<>(java.util.Map.of("a", 1L)))).isNotEqualTo(Dump.of(new TreeMap<>()));
    }

    @Test
    void shouldRefuseWhatItWouldLeaveOutOrWhatHasNoOrder() {
        assertThatThrownBy(() -> Dump.of(new AtomicLong())).hasMessageContaining("AtomicLong");
        assertThatThrownBy(() -> Dump.of(new HashSet<>(Set.of(1L, 2L)))).hasMessageContaining("no defined order");
    }
}
