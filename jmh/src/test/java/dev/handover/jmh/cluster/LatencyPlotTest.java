package dev.handover.jmh.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LatencyPlotTest {
    private static Row row(String system, double perSecond, double p99) {
        return new Row(system, 3, 64, 256, 0, perSecond, p99 / 2, p99, 2 * p99, 3 * p99, 100, 1, 1, 0);
    }

    @Test
    @Timeout(10)
    void shouldDrawALineForEachSystem() {
        String svg = LatencyPlot.of(
                List.of(row("handover", 1000, 300), row("handover", 90_000, 900), row("aeron", 40_000, 4000)));

        assertThat(svg.split("<polyline", -1)).hasSize(3);
        assertThat(svg.split("<circle", -1)).hasSize(4);
        assertThat(svg).contains("10 k");
    }

    @Test
    @Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldLeaveOutWhoAnsweredNothing() {
        String svg = LatencyPlot.of(List.of(row("handover", 1000, 300), row("ratis", 0, 0)));

        assertThat(svg).contains("handover").doesNotContain("ratis");
        assertThat(LatencyPlot.of(List.of(row("ratis", 0, 0)))).endsWith("</svg>\n");
    }
}
