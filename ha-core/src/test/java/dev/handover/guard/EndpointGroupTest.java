package dev.handover.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Calls on the caller's own thread: who is asked, who is left out, and what that costs. */
class EndpointGroupTest {
    private final ManualTime time = new ManualTime();
    private final Fake a = new Fake("a");
    private final Fake b = new Fake("b");
    private final Fake c = new Fake("c");
    private final List<EndpointChange> changes = new ArrayList<>();

    /** An instance of something. */
    private final class Fake {
        private final String name;
        private Exception failure;
        private Duration takes = Duration.ofMillis(10);
        private int calls;

        Fake(String name) {
            this.name = name;
        }

        String answer() throws Exception {
            calls++;
            time.advance(takes);
            if (failure != null) {
                throw failure;
            }
            return name;
        }
    }

    private EndpointGroup<Fake> group(UnaryOperator<EndpointGroupBuilder<Fake>> settings) {
        return settings.apply(EndpointGroup.<Fake>named("stock")
                        .time(time)
                        .endpoint("a", a)
                        .endpoint("b", b)
                        .endpoint("c", c)
                        .onChange(changes::add))
                .build();
    }

    private static String ask(EndpointGroup<Fake> group) {
        try {
            return group.call(Fake::answer);
        } catch (Exception e) {
            return e.getClass().getSimpleName();
        }
    }

    private static List<String> ask(EndpointGroup<Fake> group, int times) {
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            answers.add(ask(group));
        }
        return answers;
    }

    @Test
    void shouldAskEachInItsTurn() {
        assertThat(ask(group(g -> g), 6)).containsExactly("a", "b", "c", "a", "b", "c");
    }

    @Test
    void shouldAskTheFirstAndItsStandInsInOrder() {
        EndpointGroup<Fake> group = group(g -> g.selection(Selection.FAIL_OVER)).idempotent();
        assertThat(ask(group, 3)).containsOnly("a");
        a.failure = new IOException("down");
        assertThat(ask(group, 8)).containsOnly("b");
        assertThat(a.calls).isEqualTo(3 + 5);
        b.failure = new IOException("down");
        assertThat(ask(group)).isEqualTo("c");
        a.failure = null;
        time.advance(Duration.ofSeconds(2));
        assertThat(ask(group, 3)).containsOnly("a"); // its probe was such a call
    }

    @Test
    void shouldAskTheLeaderFirst() {
        AtomicReference<String> leader = new AtomicReference<>("b");
        EndpointGroup<Fake> group = group(g -> g.leaderFirst(leader::get)).idempotent();
        assertThat(ask(group, 4)).containsOnly("b");
        leader.set("c");
        assertThat(ask(group, 4)).containsOnly("c");
        c.failure = new ConnectException("refused");
        assertThat(ask(group, 4)).doesNotContain("c").isSubsetOf("a", "b");
        leader.set(null);
        assertThat(ask(group, 4)).contains("a", "b");
    }

    @Test
    void shouldAskTheOneWithTheFewestCallsUnderWay() throws Exception {
        EndpointGroup<Fake> group = group(g -> g.selection(Selection.LEAST_LOADED));
        List<String> asked = new ArrayList<>();
        group.call(first ->
                group.call(second -> group.call(third -> asked.addAll(List.of(first.name, second.name, third.name)))));
        assertThat(asked).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void shouldCostCallersNothingButTheFirstFewCallsThatOneOfThreeIsDead() {
        b.failure = new IOException("connection reset");
        b.takes = Duration.ofMillis(500);
        EndpointGroup<Fake> group = group(g -> g).idempotent();
        long begin = time.nanos();
        List<String> answers = ask(group, 3000);
        double perCall = (time.nanos() - begin) / 3000e6;
        assertThat(answers).doesNotContain("IOException").doesNotContain("b");
        // five in a row, and one probe each after 1, 2, 4, … s of the 30 s that this takes
        assertThat(b.calls).isBetween(6, 10);
        assertThat(perCall).isBetween(10.0, 12.0);
        System.out.printf(
                "one of three dead, 3000 calls: %d of them asked it first, %.1f ms per call (10 ms without)%n",
                b.calls, perCall);
    }

    @Test
    void shouldFailTheFirstFewCallsThatAreNotIdempotentAndNoMore() {
        b.failure = new IOException("connection reset");
        EndpointGroup<Fake> group = group(g -> g);
        List<String> answers = ask(group, 90);
        assertThat(answers.stream().filter("IOException"::equals)).hasSize(5);
        b.failure = new ConnectException("refused"); // surely not carried out
        time.advance(Duration.ofSeconds(10));
        assertThat(ask(group, 90)).doesNotContain("ConnectException");
    }

    @Test
    void shouldLeaveOutLongerEachTimeAndProbeWithOneCall() {
        b.failure = new IOException("down");
        EndpointGroup<Fake> group = group(g -> g.outlierEjection(new OutlierEjection(
                        5, 0.5, 20, Duration.ofSeconds(10), 3, Duration.ofSeconds(1), Duration.ofSeconds(4), 0.5)))
                .idempotent();
        ask(group, 15);
        for (int i = 0; i < 4; i++) {
            time.advance(Duration.ofSeconds(5));
            int before = b.calls;
            ask(group, 9);
            assertThat(b.calls - before).isEqualTo(1);
        }
        assertThat(changes)
                .extracting(change -> change.leftOutFor().toSeconds())
                .containsExactly(1L, 2L, 4L, 4L, 4L);
        assertThat(changes.get(0).reason()).contains("5 errors in a row").contains("down");
        assertThat(group.endpoints().get(1).probedIn()).isBetween(Duration.ofSeconds(3), Duration.ofSeconds(4));
        b.failure = null;
        time.advance(Duration.ofSeconds(5));
        assertThat(ask(group, 6)).contains("b");
        assertThat(changes.get(5).ejected()).isFalse();
        assertThat(group.endpoints().get(1).ejections()).isEqualTo(5);
        assertThat(group.endpoints().get(1).probedIn()).isZero();

        time.advance(Duration.ofSeconds(60)); // well for long: it begins at the base again
        b.failure = new IOException("down");
        ask(group, 15);
        assertThat(changes.get(6).leftOutFor()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void shouldLeaveOutTheOneThatIsMuchSlowerThanTheOthers() {
        c.takes = Duration.ofMillis(80);
        EndpointGroup<Fake> group = group(g -> g);
        ask(group, 70);
        assertThat(changes).hasSize(1);
        assertThat(changes.get(0).endpoint()).isEqualTo("c");
        assertThat(changes.get(0).reason()).isEqualTo("calls take 80 ms, and 10 ms elsewhere");
        assertThat(c.calls).isLessThanOrEqualTo(21);
    }

    @Test
    void shouldLeaveOutTheOneOfWhoseCallsHalfFail() {
        EndpointGroup<Fake> group = group(g -> g.guard(GuardBuilder::withoutCircuitBreaker));
        for (int i = 0; i < 120 && changes.isEmpty(); i++) {
            a.failure = a.calls % 2 == 0 ? new IOException("flaky") : null;
            ask(group);
        }
        assertThat(changes).hasSize(1);
        assertThat(changes.get(0).endpoint()).isEqualTo("a");
        assertThat(changes.get(0).reason()).contains("calls have failed").contains("flaky");
    }

    @Test
    void shouldNeverLeaveOutTheLastOne() {
        EndpointGroup<Fake> alone = EndpointGroup.<Fake>named("alone")
                .time(time)
                .endpoint("a", a)
                .guard(GuardBuilder::withoutCircuitBreaker)
                .onChange(changes::add)
                .build();
        a.failure = new IOException("down");
        assertThat(ask(alone, 100)).containsOnly("IOException");
        assertThat(changes).isEmpty();
    }

    @Test
    void shouldSayWhenToComeBackWhenNobodyCanBeAsked() {
        EndpointGroup<Fake> group = group(g -> g);
        a.failure = b.failure = c.failure = new IOException("down");
        ask(group, 60);
        NoEndpointException refusal = catchThrowableOfType(NoEndpointException.class, () -> group.call(Fake::answer));
        assertThat(refusal.guard()).isEqualTo("stock");
        assertThat(refusal.retryAfter()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(1));
        assertThat(refusal).hasMessageContaining("1 of 3 are ejected");
    }

    @Test
    void shouldGoOnWithOthersWhereAGuardRefuses() {
        EndpointGroup<Fake> group = group(g -> g.selection(Selection.FAIL_OVER));
        group.guard("a").orElseThrow().circuitBreaker().orElseThrow().transitionToForcedOpenState();
        assertThat(ask(group, 50)).containsOnly("b");
        assertThat(a.calls).isZero();
        assertThat(changes).isEmpty();
    }

    @Test
    void shouldNotMakeExtraCallsBeyondTheBudget() {
        EndpointGroup<Fake> group = group(g -> g.guard(GuardBuilder::withoutCircuitBreaker)
                        .outlierEjection(new OutlierEjection(
                                5,
                                0.5,
                                20,
                                Duration.ofSeconds(10),
                                3,
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(4),
                                0)))
                .idempotent();
        a.failure = b.failure = c.failure = new IOException("down");
        ask(group, 1000);
        assertThat(a.calls + b.calls + c.calls).isBetween(1090, 1110);
    }

    @Test
    void shouldShowItsEndpointsAndForgetThemWhenClosed() {
        GuardRegistry registry = GuardRegistry.create();
        EndpointGroup<Fake> group = group(g -> g.in(registry));
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        EndpointMetrics metrics = new EndpointMetrics(group);
        metrics.bindTo(meters);
        b.failure = new IOException("down");
        ask(group, 15);
        assertThat(meters.get("handover.endpoint.ejected")
                        .tag("endpoint", "b")
                        .gauge()
                        .value())
                .isEqualTo(1);
        assertThat(meters.get("handover.endpoint.ejections")
                        .tag("endpoint", "b")
                        .functionCounter()
                        .count())
                .isEqualTo(1);
        assertThat(group.endpoints()).extracting(EndpointStatus::ejected).containsExactly(false, true, false);
        assertThat(group.endpoints().get(0).latency()).isEqualTo(Duration.ofMillis(10));
        metrics.close();
        metrics.close();
        assertThat(meters.getMeters()).isEmpty();
        assertThat(registry.guards()).extracting(Guard::name).containsExactly("stock.a", "stock.b", "stock.c");
        group.close();
        group.close();
        assertThat(registry.guards()).isEmpty();
    }

    @Test
    void shouldNameAWrongSetting() {
        assertThatThrownBy(() -> EndpointGroup.named("x").build()).hasMessageContaining("no endpoint");
        assertThatThrownBy(() -> EndpointGroup.named("")).hasMessageContaining("group name ''");
        assertThatThrownBy(() -> group(g -> g.endpoint("a", a))).hasMessageContaining("'a' already");
        assertThatThrownBy(() -> group(g -> g.hedgeAfter(Duration.ZERO))).hasMessageContaining("PT0S");
        assertThatThrownBy(() -> new OutlierEjection(
                        5, 2, 20, Duration.ofSeconds(1), 3, Duration.ofSeconds(1), Duration.ofSeconds(2), 0.5))
                .hasMessageContaining("errorRate 2.0");
    }
}
