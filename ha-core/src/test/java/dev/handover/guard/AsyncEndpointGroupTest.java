package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Calls that answer later: time-outs, hedges, probes beside the calls; and what holds for every history. */
class AsyncEndpointGroupTest {
    private final ManualTime time = new ManualTime();
    private final Fake a = new Fake();
    private final Fake b = new Fake();
    private final Fake c = new Fake();

    /** Answers when the test says so, or at once. */
    private static final class Fake {
        private final List<CompletableFuture<String>> asked = new ArrayList<>();
        private String answersAtOnce;

        CompletableFuture<String> ask() {
            CompletableFuture<String> answer = answersAtOnce == null
                    ? new CompletableFuture<>()
                    : CompletableFuture.completedFuture(answersAtOnce);
            asked.add(answer);
            return answer;
        }

        CompletableFuture<String> last() {
            return asked.get(asked.size() - 1);
        }
    }

    private EndpointGroup<Fake> group(UnaryOperator<EndpointGroupBuilder<Fake>> settings) {
        return settings.apply(EndpointGroup.<Fake>named("stock")
                        .time(time)
                        .endpoint("a", a)
                        .endpoint("b", b)
                        .endpoint("c", c))
                .build()
                .idempotent();
    }

    private static int permits(EndpointGroup<Fake> group, String endpoint) {
        var metrics =
                group.guard(endpoint).orElseThrow().bulkhead().orElseThrow().getMetrics();
        return metrics.getMaxAllowedConcurrentCalls() - metrics.getAvailableConcurrentCalls();
    }

    @Test
    void shouldAskTheNextOneAfterAFailureAndAfterATimeOut() {
        EndpointGroup<Fake> group = group(g -> g);
        CompletableFuture<String> result = group.stage(Fake::ask);
        a.last().completeExceptionally(new IOException("down"));
        assertThat(b.asked).hasSize(1);
        time.advance(Duration.ofSeconds(2));
        assertThat(b.last()).isCancelled();
        c.last().complete("tea");
        assertThat(result).isCompletedWithValue("tea");
        assertThat(group.endpoints()).extracting(EndpointStatus::underWay).containsOnly(0);
    }

    @Test
    void shouldFailWithTheLastFailureWhenAllHaveFailed() {
        EndpointGroup<Fake> group = group(g -> g);
        CompletableFuture<String> result = group.stage(Fake::ask);
        a.last().completeExceptionally(new IOException("a"));
        b.last().completeExceptionally(new IOException("b"));
        c.last().completeExceptionally(new IOException("c"));
        assertThat(result.handle((value, failure) -> failure).join()).hasMessage("c");
    }

    @Test
    void shouldHedgeAndCancelTheSlowerOne() {
        EndpointGroup<Fake> group = group(g -> g.hedgeAfter(Duration.ofMillis(50)));
        CompletableFuture<String> result = group.stage(Fake::ask);
        time.advance(Duration.ofMillis(49));
        assertThat(b.asked).isEmpty();
        time.advance(Duration.ofMillis(1));
        assertThat(b.asked).hasSize(1);
        assertThat(permits(group, "a")).isEqualTo(1);
        b.last().complete("tea");
        assertThat(result).isCompletedWithValue("tea");
        assertThat(a.last()).isCancelled();
        assertThat(permits(group, "a")).isZero();
        assertThat(permits(group, "b")).isZero();
        assertThat(group.endpoints()).extracting(EndpointStatus::underWay).containsOnly(0);
        time.advance(Duration.ofSeconds(5));
        assertThat(c.asked).isEmpty();
    }

    @Test
    void shouldNotFailWhileTheHedgeMayStillAnswer() {
        EndpointGroup<Fake> group = group(g -> g.hedgeAfter(Duration.ofMillis(50)));
        CompletableFuture<String> result = group.stage(Fake::ask);
        time.advance(Duration.ofMillis(50));
        a.last().completeExceptionally(new dev.handover.FencedException("no more"));
        assertThat(result).isNotDone();
        b.last().complete("tea");
        assertThat(result).isCompletedWithValue("tea");
    }

    @Test
    void shouldNotHedgeWhatIsNotIdempotent() {
        EndpointGroup<Fake> group = EndpointGroup.<Fake>named("stock")
                .time(time)
                .endpoint("a", a)
                .endpoint("b", b)
                .hedgeAfter(Duration.ofMillis(50))
                .build();
        CompletableFuture<String> result = group.stage(Fake::ask);
        time.advance(Duration.ofMillis(500));
        assertThat(b.asked).isEmpty();
        result.cancel(true);
        assertThat(a.last()).isCancelled();
        assertThat(permits(group, "a")).isZero();
    }

    @Test
    void shouldHedgeOneInTwentyAtMost() {
        EndpointGroup<Fake> group = group(g -> g.hedgeAfter(Duration.ofMillis(50)));
        for (int i = 0; i < 1000; i++) {
            CompletableFuture<String> result = group.stage(Fake::ask);
            time.advance(Duration.ofMillis(60));
            for (Fake fake : List.of(a, b, c)) {
                fake.asked.forEach(answer -> answer.complete("late"));
            }
            assertThat(result).isDone();
        }
        assertThat(a.asked.size() + b.asked.size() + c.asked.size()).isBetween(1040, 1000 + 50 + Budget.ALLOWANCE);
    }

    @Test
    void shouldProbeBesideTheCalls() {
        List<Fake> probed = new ArrayList<>();
        a.answersAtOnce = "a";
        c.answersAtOnce = "c";
        EndpointGroup<Fake> group = group(g -> g.probe(endpoint -> {
            probed.add(endpoint);
            return endpoint.answersAtOnce == null ? new CompletableFuture<>() : endpoint.ask();
        }));
        for (int i = 0; i < 30; i++) {
            group.stage(Fake::ask);
            b.asked.forEach(answer -> answer.completeExceptionally(new IOException("down")));
        }
        assertThat(b.asked).hasSize(5);
        for (int i = 0; i < 300; i++) { // 30 s: probes after 1, 2, 4, … s, each of which is given up after 2 s
            time.advance(Duration.ofMillis(100));
            assertThat(group.stage(Fake::ask)).isCompleted();
        }
        assertThat(b.asked).hasSize(5);
        assertThat(probed).hasSizeBetween(3, 5).containsOnly(b);
        b.answersAtOnce = "b";
        time.advance(Duration.ofSeconds(60));
        for (int i = 0; i < 3; i++) {
            group.stage(Fake::ask);
        }
        assertThat(group.endpoints()).extracting(EndpointStatus::ejected).containsOnly(false);
        assertThat(b.asked.size()).isGreaterThan(6);
        assertThat(time.waiting()).isZero();
    }

    @Test
    void shouldEndItsProbesWhenClosed() {
        EndpointGroup<Fake> group = group(g -> g.probe(endpoint -> {
            throw new IllegalStateException("probed after close");
        }));
        for (int i = 0; i < 15; i++) {
            group.stage(Fake::ask);
            a.asked.forEach(answer -> answer.completeExceptionally(new IOException("down")));
            b.asked.forEach(answer -> answer.complete("b"));
            c.asked.forEach(answer -> answer.complete("c"));
        }
        assertThat(group.endpoints().get(0).ejected()).isTrue();
        group.close();
        time.advance(Duration.ofSeconds(60));
        assertThat(group.endpoints().get(0).ejections()).isEqualTo(1);
        assertThat(time.waiting()).isZero();
    }

    @Property(tries = 150)
    void shouldNeverLeaveOutMoreThanTheShareNorTheLastOne(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 7) int endpoints,
            @ForAll @DoubleRange(max = 1) double share) {
        Random random = new Random(seed);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < endpoints; i++) {
            names.add("e" + i);
        }
        OutlierEjection rule = new OutlierEjection(
                2, 0.5, 4, Duration.ofSeconds(1), 1.5, Duration.ofMillis(100), Duration.ofSeconds(1), share);
        int[] left = new int[1];
        OutlierDetector detector = new OutlierDetector(rule, "g", names, time, false, change -> {});
        for (int step = 0; step < 500; step++) {
            int endpoint = random.nextInt(endpoints);
            OutlierDetector.Admission admission = detector.admit(endpoint);
            boolean probe = admission == OutlierDetector.Admission.PROBE;
            if (admission != OutlierDetector.Admission.NO || random.nextInt(3) == 0) { // or one that began before
                switch (random.nextInt(3)) {
                    case 0 -> detector.succeeded(endpoint, 1 + random.nextInt(100_000_000), probe);
                    case 1 -> detector.failed(endpoint, probe, "down");
                    default -> detector.abandoned(endpoint, random.nextInt(100_000_000), probe);
                }
            }
            time.advance(Duration.ofMillis(random.nextInt(50)));
            left[0] = 0;
            for (int i = 0; i < endpoints; i++) {
                left[0] += detector.isEjected(i) ? 1 : 0;
            }
            assertThat(left[0])
                    .isEqualTo(detector.ejected())
                    .isLessThanOrEqualTo((int) (share * endpoints))
                    .isLessThan(endpoints);
        }
        time.advance(Duration.ofSeconds(2)); // whoever is out can be probed, and come back
        for (int i = 0; i < endpoints; i++) {
            if (detector.admit(i) == OutlierDetector.Admission.PROBE) {
                detector.succeeded(i, 1, true);
            }
            assertThat(detector.isEjected(i)).isFalse();
        }
    }

    @Property(tries = 100)
    void shouldLeakNothingWhateverHappens(@ForAll long seed) {
        Random random = new Random(seed);
        EndpointGroup<Fake> group = group(g -> g.hedgeAfter(Duration.ofMillis(20))
                .guard(guard -> guard.bulkhead(3).timeLimit(Duration.ofMillis(80))));
        List<CompletableFuture<String>> results = new ArrayList<>();
        for (int step = 0; step < 300; step++) {
            Fake fake = List.of(a, b, c).get(random.nextInt(3));
            switch (random.nextInt(6)) {
                case 0, 1 -> results.add(group.stage(Fake::ask));
                case 2 ->
                    fake.asked.stream()
                            .filter(answer -> !answer.isDone())
                            .findFirst()
                            .ifPresent(x -> x.complete("tea"));
                case 3 ->
                    fake.asked.stream()
                            .filter(answer -> !answer.isDone())
                            .findFirst()
                            .ifPresent(x -> x.completeExceptionally(new IOException("down")));
                case 4 -> {
                    if (!results.isEmpty()) {
                        results.get(random.nextInt(results.size())).cancel(true);
                    }
                }
                default -> time.advance(Duration.ofMillis(random.nextInt(60)));
            }
        }
        time.advance(Duration.ofSeconds(10));
        assertThat(results).allMatch(CompletableFuture::isDone);
        assertThat(group.endpoints()).extracting(EndpointStatus::underWay).containsOnly(0);
        for (String endpoint : List.of("a", "b", "c")) {
            assertThat(permits(group, endpoint)).isZero();
        }
        assertThat(time.waiting()).isZero();
    }
}
