package dev.handover.jmh.copies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class CopiesTest {
    private final Copies all = new Copies(3, 7);

    @Test
    void shouldBeAllFromTheBeginningToTheEnd() {
        assertThatCode(() -> all.check(new Copies(3, 7), 3)).doesNotThrowAnyException();
        assertThatCode(() -> Copies.OF_A_MAJORITY.check(Copies.OF_A_MAJORITY, 3))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldRefuseAFigureOfFewerCopies() {
        assertThatThrownBy(() -> all.check(new Copies(1, 8), 3))
                .isInstanceOf(Copies.NotAllException.class)
                .hasMessage(
                        "3 of 3 replicas were in sync in epoch 7 when measuring began and 1 in epoch 8 when it ended:"
                                + " not a figure of 3 copies");
        assertThatThrownBy(() -> all.check(all, 5)).isInstanceOf(Copies.NotAllException.class);
    }

    @Test
    void shouldRefuseAFigureOfReplicasThatWereRemovedAndCameBack() {
        assertThatThrownBy(() -> all.check(new Copies(3, 9), 3)).isInstanceOf(Copies.NotAllException.class);
    }

    @Test
    void shouldTravelAsOneWord() {
        assertThat(Copies.parse(all.text())).isEqualTo(all);
    }
}
