package dev.handover.examples.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class AuditTest {
    private final Ledger ledger = new Ledger("w");
    private final Audit audit = new Audit();

    @Test
    void shouldTakeAnUnknownTokenOnceOrNotAtAllAndAtAnyPlace() {
        send(0, 5);
        ledger.unknown(5 - 1);
        compare("0,1,2,3,");
        assertThat(audit.clean()).isTrue();
        compare("0,4,1,2,3,");
        assertThat(audit.clean()).isTrue();
        compare("0,4,1,2,3,4,");
        assertThat(audit.duplicated()).containsExactly("demo:w:0=4");
    }

    @Test
    void shouldReportWhatWasNeverSentAndWhatIsNoToken() {
        send(0, 3);
        compare("0,1,2,3,02,x,,7");
        assertThat(audit.foreign())
                .containsExactly("demo:w:0=3", "demo:w:0=02", "demo:w:0=x", "demo:w:0=", "demo:w:0=7");
    }

    @Test
    void shouldReportAcknowledgedTokensInAnotherOrder() {
        send(0, 3);
        compare("0,2,1,");
        assertThat(audit.foreign()).containsExactly("demo:w:0=1 after 2");
        assertThat(audit.lost()).isEmpty();
    }

    @Test
    void shouldReportEverythingOfAMissingKey() {
        send(0, Ledger.TOKENS_PER_KEY + 2);
        StringBuilder first = new StringBuilder();
        for (int token = 0; token < Ledger.TOKENS_PER_KEY; token++) {
            first.append(Ledger.text(token));
        }
        compare(first.toString(), "");
        assertThat(audit.lost()).containsExactly("demo:w:1=500", "demo:w:1=501");
    }

    @Test
    void shouldRefuseTheWrongNumberOfValues() {
        send(0, 3);
        assertThatThrownBy(() -> audit.compare(ledger, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 values for 1 keys");
    }

    @Test
    void shouldCountTheWorstNode() {
        Audit other = new Audit(List.of("k=1", "k=2"), List.of(), List.of());
        Audit third = new Audit(List.of("k=1"), List.of("k=3"), List.of());
        Audit worst = Audit.worst(List.of(audit, other, third));
        assertThat(worst.lost()).hasSize(2);
        assertThat(worst.duplicated()).containsExactly("k=3");
    }

    /** All but the last are acknowledged when the last is named unknown by the test; else all. */
    private void send(int from, int to) {
        for (int i = from; i < to; i++) {
            int token = ledger.take();
            if (to != 5 || i < to - 1) {
                ledger.acknowledged(token);
            }
        }
    }

    private void compare(String... values) {
        audit.compare(ledger, List.of(values));
    }
}
