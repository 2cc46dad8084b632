package dev.handover.jmh.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RatiosTest {
    private static Row row(String system, int window, double perSecond, double p50, double p99, double micros) {
        return new Row(system, 3, window, 256, 0, perSecond, p50, p99, 2 * p99, 3 * p99, 100, micros, 1, 0);
    }

    @Test
    void shouldCompareEachFigureWithThePeerThatIsBestAtIt() {
        List<Row> rows = List.of(
                row("handover", 64, 80_000, 400, 1000, 9),
                row("aeron", 64, 40_000, 800, 4000, 19),
                row("sofajraft", 64, 10_000, 500, 5000, 39));
        String page =
                new Ratios(rows, Map.of("handover", 25.0, "aeron", 2000.0, "sofajraft", 1000.0), Set.of()).markdown();

        assertThat(page)
                .contains("| window 64, 256 bytes, 0 % reads | throughput | Aeron Cluster | 2.00 |")
                .contains("| p50 | SOFAJRaft | 0.80 |")
                .contains("| p99 | Aeron Cluster | 0.25 |")
                .contains("| processor time | Aeron Cluster | 0.50 |")
                .contains("| SIGKILL of the leader | client gap, median | SOFAJRaft | 0.03 |");
    }

    @Test
    void shouldTakeNoBarFromWhoMisbehavedOrDidOtherWork() {
        List<Row> rows = List.of(
                row("handover", 64, 80_000, 400, 1000, 9),
                row("aeron", 1024, 90_000, 800, 4000, 19),
                row("ratis", 64, 0, 0, 0, 0),
                row("sofajraft", 64, 90_000, 500, 5000, 39));

        assertThat(new Ratios(rows, Map.of("handover", 25.0, "latch", 9.0), Set.of("sofajraft")).markdown())
                .isEmpty();
    }

    @Test
    void shouldTellWhatTlsCostsAndNotTakeItForAPeer() {
        List<Row> rows = List.of(
                row("handover", 64, 80_000, 400, 1000, 10),
                row("handover-tls", 64, 60_000, 500, 1200, 14),
                row("handover-tls", 1024, 60_000, 500, 1200, 14));
        Ratios ratios = new Ratios(rows, Map.of("handover", 25.0, "handover-tls", 30.0), Set.of());

        assertThat(ratios.tls()).contains("| window 64, 256 bytes, 0 % reads | 0.75 | 1.25 | 1.20 | 1.40 |");
        assertThat(ratios.tls()).doesNotContain("1024");
        assertThat(ratios.markdown()).isEmpty();
    }
}
