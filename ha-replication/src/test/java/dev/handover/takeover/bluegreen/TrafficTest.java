package dev.handover.takeover.bluegreen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.takeover.bluegreen.SwitchAnalysis.Verdict;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Counting requests, and comparing two versions by them. */
class TrafficTest {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1000 * MILLI;

    private final AtomicLong now = new AtomicLong(42);
    private final TrafficMonitor monitor = new TrafficMonitor(now::get);

    @Test
    void shouldCountWhatEndedBetweenTwoMoments() {
        record(100, 10 * MILLI, 1);
        now.addAndGet(2 * SECOND);
        long second = now.get();
        record(50, 40 * MILLI, 0);
        now.addAndGet(SECOND);
        TrafficSample all = monitor.between(0, now.get(), 1);
        assertThat(all.requests()).isEqualTo(150);
        assertThat(all.errors()).isEqualTo(1);
        assertThat(all.latency(0.5)).isBetween(Duration.ofMillis(10), Duration.ofMillis(12));
        assertThat(all.latency(0.95)).isBetween(Duration.ofMillis(40), Duration.ofMillis(48));
        TrafficSample later = monitor.between(second, now.get(), 0);
        assertThat(later.requests()).isEqualTo(50);
        assertThat(later.errorRate()).isZero();
        assertThat(TrafficSample.decode(all.encode())).isEqualTo(all).isNotEqualTo(later);
        assertThat(all.plus(later).requests()).isEqualTo(200);
        assertThat(TrafficSample.decode(TrafficSample.none().encode())).isEqualTo(TrafficSample.none());
        now.addAndGet(500 * SECOND);
        record(1, 1, 0);
        assertThat(monitor.between(0, now.get(), 0).requests())
                .as("what is too old is forgotten")
                .isEqualTo(1);
    }

    @Test
    void shouldKeepLatenciesToAFifth() {
        for (long nanos : new long[] {1000, 1500, 3 * MILLI, 77 * MILLI, 5 * SECOND}) {
            TrafficSample sample = sample(1, nanos, 0);
            assertThat((double) sample.latency(0.5).toNanos()).isBetween(nanos * 0.999, nanos * 1.2);
        }
    }

    @Test
    void shouldJudgeByErrorsLatencyAndBreakers() {
        ThresholdAnalysis analysis = ThresholdAnalysis.defaults();
        TrafficSample before = sample(1000, 10 * MILLI, 0);
        assertThat(verdict(analysis, before, sample(49, 90 * MILLI, 0))).isEqualTo(Verdict.UNDECIDED);
        assertThat(verdict(analysis, before, sample(50, 10 * MILLI, 0))).isEqualTo(Verdict.PASS);
        assertThat(verdict(analysis, before, sample(1000, 18 * MILLI, 0))).isEqualTo(Verdict.PASS);
        assertThat(verdict(analysis, before, sample(1000, 30 * MILLI, 0)))
                .as("three times as slow")
                .isEqualTo(Verdict.FAIL);
        assertThat(verdict(analysis, before, sample(1000, 10 * MILLI, 10))).isEqualTo(Verdict.PASS);
        assertThat(verdict(analysis, before, sample(1000, 10 * MILLI, 11))).isEqualTo(Verdict.FAIL);
        assertThat(verdict(analysis, sample(1000, 10 * MILLI, 50), sample(1000, 10 * MILLI, 55)))
                .as("as bad as before")
                .isEqualTo(Verdict.PASS);
        TrafficSample tail = sample(900, 10 * MILLI, 0).plus(sample(100, 80 * MILLI, 0));
        assertThat(verdict(analysis, before, tail)).isEqualTo(Verdict.FAIL);
        TrafficSample open = new TrafficSample(0, 0, new long[TrafficSample.BUCKETS], 1);
        assertThat(verdict(analysis, before, open)).isEqualTo(Verdict.FAIL);
        assertThat(verdict(
                        analysis, before.plus(open), sample(1000, 10 * MILLI, 0).plus(open)))
                .isEqualTo(Verdict.PASS);
        assertThat(verdict(analysis, TrafficSample.none(), sample(1000, 900 * MILLI, 0)))
                .as("nothing to compare latencies with")
                .isEqualTo(Verdict.PASS);
        assertThat(verdict(analysis.withMinRequests(0), TrafficSample.none(), TrafficSample.none()))
                .isEqualTo(Verdict.PASS);
    }

    private static Verdict verdict(SwitchAnalysis analysis, TrafficSample before, TrafficSample since) {
        return analysis.judge(before, since, Duration.ZERO).verdict();
    }

    private TrafficSample sample(int requests, long nanos, int errors) {
        TrafficMonitor fresh = new TrafficMonitor(now::get);
        for (int i = 0; i < requests; i++) {
            fresh.record(nanos, i < errors);
        }
        return fresh.between(0, now.get(), 0);
    }

    private void record(int requests, long nanos, int errors) {
        for (int i = 0; i < requests; i++) {
            monitor.record(nanos, i < errors);
        }
    }
}
