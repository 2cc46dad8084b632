package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.ABORTED;
import static dev.handover.event.HaEvent.SwitchStep.BAKE;
import static dev.handover.event.HaEvent.SwitchStep.COMMIT;
import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static dev.handover.event.HaEvent.SwitchStep.DRAIN;
import static dev.handover.event.HaEvent.SwitchStep.GATE;
import static dev.handover.event.HaEvent.SwitchStep.PREPARE;
import static dev.handover.event.HaEvent.SwitchStep.REHEARSED;
import static dev.handover.event.HaEvent.SwitchStep.ROLLED_BACK;
import static dev.handover.event.HaEvent.SwitchStep.ROLL_BACK;
import static dev.handover.event.HaEvent.SwitchStep.SWITCH;
import static dev.handover.event.HaEvent.SwitchStep.WARM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.ReplicaClosedException;
import dev.handover.SwitchRefusedException;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.TestService.One;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Switches of whole nodes. */
@Timeout(120)
class BlueGreenTest {
    private final TestService service = new TestService();
    private final AtomicBoolean stop = new AtomicBoolean();
    private final List<Thread> clients = new ArrayList<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong served = new AtomicLong();
    private final AtomicLong longestNanos = new AtomicLong();

    @AfterEach
    void end() throws Exception {
        endLoad();
        service.close();
    }

    @Test
    void shouldSwitchAndSwitchBackUnderLoadWithoutAFailedRequest() throws Exception {
        service.analysis = ThresholdAnalysis.defaults().withSlack(Duration.ofMillis(200)); // of a busy machine
        startAll("b1", "b2", "g1", "g2");
        load(32, 0);
        long undisturbed = longestOf(Duration.ofMillis(700));
        longestNanos.set(0);
        SwitchResult there = result(switchTo("b2", plan("green")));
        assertThat(there.outcome()).as(there.reason()).isEqualTo(COMMITTED);
        assertThat(there.live()).isEqualTo("green");
        service.awaitLedBy("green");
        long switched = longestNanos.getAndSet(0);

        // and back by a roll-back: the new one is found worse
        One blue = service.instances.get("b1");
        CompletableFuture<SwitchResult> back =
                switchTo("g1", plan("blue").withApprovalBefore(Duration.ofSeconds(20), COMMIT));
        TestService.await("blue bakes", () -> blue.blueGreen.status().step() == BAKE);
        blue.blueGreen.abort("enough seen").get(20, TimeUnit.SECONDS);
        SwitchResult rolledBack = result(back);
        assertThat(rolledBack.outcome()).isEqualTo(ROLLED_BACK);
        assertThat(rolledBack.live()).isEqualTo("green");
        assertThat(rolledBack.generation()).isEqualTo(4);
        service.awaitLedBy("green");
        long before = served.get();
        TestService.await("it goes on", () -> served.get() > before + 200);
        endLoad();
        System.out.printf(
                "blue-green under 32 clients: %d requests; longest request %.1f ms undisturbed, %.1f ms around a switch, %.1f ms around a switch that was rolled back%n",
                served.get(), undisturbed / 1e6, switched / 1e6, longestNanos.get() / 1e6);
        assertThat(failures).isEmpty();
        assertThat(service.instances.get("b1").drains.get()).isEqualTo(1);
        assertThat(steps("g2"))
                .containsExactly(
                        PREPARE,
                        WARM,
                        GATE,
                        SWITCH,
                        BAKE,
                        COMMIT,
                        DRAIN,
                        COMMITTED,
                        PREPARE,
                        WARM,
                        GATE,
                        SWITCH,
                        BAKE,
                        ROLL_BACK,
                        ROLLED_BACK);
    }

    @Test
    void shouldStayBlueWhenGreenThrowsOrHangsInItsWarmUpOrIsNeverReady() throws Exception {
        startAll("b1", "g1");
        One green = service.instances.get("g1");
        green.warmUp = () -> {
            throw new IllegalStateException("no cache");
        };
        SwitchResult thrown = result(switchTo("b1", plan("green")));
        assertThat(thrown.outcome()).isEqualTo(ABORTED);
        assertThat(thrown.reason()).contains("g1: the warm-up threw").contains("no cache");

        CountDownLatch interrupted = new CountDownLatch(1);
        green.warmUp = () -> {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
            return null;
        };
        SwitchResult hung = result(switchTo("b1", plan("green").withTimeout(WARM, Duration.ofMillis(300))));
        assertThat(hung.outcome()).isEqualTo(ABORTED);
        assertThat(hung.reason()).contains("g1");
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();

        green.warmUp = () -> null;
        green.notReady = "the database does not answer";
        SwitchResult refused = result(switchTo("g1", plan("green").withTimeout(GATE, Duration.ofMillis(600))));
        assertThat(refused.outcome()).isEqualTo(ABORTED);
        assertThat(refused.reason()).contains("g1: the database does not answer");
        assertStillBlue(1);
        green.notReady = "";
        assertThat(result(switchTo("g1", plan("green").asDryRun())).outcome()).isEqualTo(REHEARSED);
        assertStillBlue(1);
    }

    @Test
    void shouldRollBackWhenGreenIsThreeTimesSlower() throws Exception {
        service.analysis = ThresholdAnalysis.defaults();
        startAll("b1", "g1");
        service.instances.get("b1").toldMillis = 10;
        service.instances.get("g1").toldMillis = 30;
        load(8, 0);
        TestService.await("there is something to compare with", () -> served.get() > 200);
        SwitchResult result = result(switchTo("b1", plan("green").withBakeTime(Duration.ofSeconds(3))));
        assertThat(result.outcome()).isEqualTo(ROLLED_BACK);
        assertThat(result.reason()).contains("slower than before");
        endLoad();
        assertThat(failures).isEmpty();
        assertStillBlue(3);
    }

    @Test
    void shouldRollBackWhenGreenMakesErrors() throws Exception {
        service.analysis = ThresholdAnalysis.defaults();
        startAll("b1", "g1");
        service.instances.get("g1").failsEvery = 10;
        load(8, 1);
        TestService.await("there is something to compare with", () -> served.get() > 200);
        SwitchResult result = result(switchTo("b1", plan("green").withBakeTime(Duration.ofSeconds(3))));
        assertThat(result.outcome()).isEqualTo(ROLLED_BACK);
        assertThat(result.reason()).contains("more errors than before");
        assertStillBlue(3);
        endLoad();
        assertThat(failures).allSatisfy(failure -> assertThat(failure).contains("a mistake of this version"));
    }

    @ParameterizedTest
    @EnumSource(
            value = SwitchStep.class,
            names = {"PREPARE", "WARM", "GATE", "SWITCH", "BAKE"})
    void shouldEndWithBlueLiveWhenGreenIsKilledInAnyStep(SwitchStep step) throws Exception {
        startAll("b1", "g1");
        One green = service.instances.get("g1");
        if (step == WARM) {
            green.warmUp = () -> {
                Thread.sleep(500);
                return null;
            };
        } else if (step == GATE) {
            green.notReady = "not yet";
        }
        killWhenItBegins("b1", step, "g1");
        SwitchResult result = result(switchTo(
                "b1", plan("green").withTimeout(PREPARE, Duration.ofSeconds(1)).withBakeTime(Duration.ofSeconds(3))));
        assertThat(result.live()).as(result.reason()).isEqualTo("blue");
        assertThat(result.outcome()).isIn(ABORTED, ROLLED_BACK);
        service.awaitLedBy("blue");
        service.instances.get("b1").serve(0);
        service.instances.get("b1").serve(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = SwitchStep.class,
            names = {"PREPARE", "WARM", "GATE", "SWITCH", "BAKE", "COMMIT", "DRAIN"})
    void shouldGoOnWhenWhoeverConductsIsKilledInAnyStep(SwitchStep step) throws Exception {
        startAll("b1", "b2", "g1");
        AtomicBoolean once = killWhenItBegins("b1", step, "b1");
        SwitchResult result = result(switchTo("g1", plan("green")));
        assertThat(result.outcome()).as(result.reason()).isEqualTo(COMMITTED);
        awaitKill(once);
        service.awaitLedBy("green");
    }

    @Test
    void shouldRollBackToTheEndWhenWhoeverConductsIsKilledMeanwhile() throws Exception {
        startAll("b1", "b2", "g1");
        One green = service.instances.get("g1");
        CompletableFuture<SwitchResult> result =
                switchTo("g1", plan("green").withApprovalBefore(Duration.ofSeconds(60), COMMIT));
        TestService.await("green bakes", () -> green.blueGreen.status().step() == BAKE);
        service.awaitLedBy("green");
        AtomicBoolean once = killWhenItBegins("b1", ROLL_BACK, "b1");
        green.blueGreen.abort("enough seen").get(20, TimeUnit.SECONDS);
        assertThat(result(result).outcome()).isEqualTo(ROLLED_BACK);
        awaitKill(once);
        service.awaitLive("blue");
        service.awaitLedBy("blue");
        service.instances.get("b2").serve(0);
    }

    /** Then there is no way back by itself: the one that is left serves, whatever its colour, until somebody switches to it. */
    @ParameterizedTest
    @EnumSource(
            value = SwitchStep.class,
            names = {"COMMIT", "DRAIN"})
    void shouldGoOnAndBeSwitchedBackByHandWhenGreenIsKilledAfterTheCommit(SwitchStep step) throws Exception {
        startAll("b1", "g1");
        AtomicBoolean once = killWhenItBegins("b1", step, "g1");
        SwitchResult result = result(switchTo("b1", plan("green").withTimeout(COMMIT, Duration.ofSeconds(2))));
        awaitKill(once);
        assertThat(result.outcome()).as(result.reason()).isEqualTo(COMMITTED);
        assertThat(result.live()).isEqualTo("green");
        service.awaitLedBy("blue");
        One blue = service.instances.get("b1");
        blue.serve(0);
        blue.serve(1);
        SwitchResult back = result(switchTo("b1", plan("blue")));
        assertThat(back.outcome()).as(back.reason()).isEqualTo(COMMITTED);
        service.awaitLive("blue");
        blue.serve(0);
    }

    /** An instance hears of every step, though perhaps only when the others have ended the switch. */
    private static void awaitKill(AtomicBoolean once) throws Exception {
        TestService.await("the step has been heard of, and somebody killed", once::get);
    }

    private AtomicBoolean killWhenItBegins(String heardBy, SwitchStep step, String victim) {
        AtomicBoolean once = new AtomicBoolean();
        service.instances.get(heardBy).node.events().subscribe(event -> {
            if (event instanceof HaEvent.ColourSwitch begun
                    && begun.step() == step
                    && once.compareAndSet(false, true)) {
                service.kill(victim);
            }
        });
        return once;
    }

    @Test
    void shouldComeBackToTheLiveColourAfterATakeOver() throws Exception {
        startAll("b1", "g1", "g2");
        assertThat(result(switchTo("b1", plan("green"))).outcome()).isEqualTo(COMMITTED);
        service.awaitLedBy("green");
        String leader = service.instances.get("g1").leads() ? "g1" : "g2";
        service.kill(leader);
        service.awaitLedBy("green");
        One other = service.instances.get(leader.equals("g1") ? "g2" : "g1");
        assertThat(other.blueGreen.isLive()).isTrue();
        other.serve(0);
    }

    @Test
    void shouldNotRaiseTheFeatureLevelBeforeTheCommitAlsoWhenNobodyOldIsLeft() throws Exception {
        service.settings = builder -> builder.maxFeatureLevel(1);
        startAll("b1");
        service.settings = builder -> builder.maxFeatureLevel(2);
        startAll("g1");
        CompletableFuture<SwitchResult> result =
                switchTo("g1", plan("green").withApprovalBefore(Duration.ofSeconds(30), COMMIT));
        One green = service.instances.get("g1");
        TestService.await("green bakes", () -> green.blueGreen.status().step() == BAKE);
        service.awaitLedBy("green");
        service.kill("b1");
        TestService.await("blue is gone", () -> TestService.GROUPS.stream()
                .allMatch(group -> service.store
                                .configuration(group)
                                .orElseThrow()
                                .inSync()
                                .size()
                        == 1));
        TestService.await(
                "it waits for the approval",
                () -> green.blueGreen.status().reason().contains("COMMIT waits"));
        for (int i = 0; i < 20; i++) { // each is a chance to raise it
            green.serve(i);
        }
        assertThat(level()).isEqualTo(1);
        green.blueGreen.approve(COMMIT).get(20, TimeUnit.SECONDS);
        assertThat(result(result).outcome()).isEqualTo(COMMITTED);
        TestService.await("the level is raised after the commit", () -> {
            green.serve(0);
            green.serve(1);
            return level() == 2;
        });
    }

    @Test
    void shouldRefuseInWordsWhatCannotBe() throws Exception {
        service.settings = builder -> builder.minInSync(2);
        startAll("b1", "b2", "g1");
        One blue = service.instances.get("b1");
        TestService.await(
                "it is known what stands against it",
                () -> blue.blueGreen.check("green").get(20, TimeUnit.SECONDS).stream()
                        .anyMatch(problem -> problem.contains("minInSync is 2")));
        SwitchResult thin = result(switchTo("b1", plan("green").withTimeout(PREPARE, Duration.ofMillis(300))));
        assertThat(thin.outcome()).isEqualTo(ABORTED);
        assertThat(thin.reason()).contains("1 green replicas in sync, and minInSync is 2");
        assertRefused(blue.blueGreen.switchTo(plan("blue")), "live already");
        assertRefused(blue.blueGreen.switchTo(plan("red")), "no instance in sync is red");
        assertRefused(blue.blueGreen.abort("no"), "no switch is open");
        service.start("g2");
        CompletableFuture<SwitchResult> open =
                switchTo("b1", plan("green").withApprovalBefore(Duration.ofSeconds(30), SWITCH));
        TestService.await("it waits", () -> blue.blueGreen.status().reason().contains("SWITCH waits for an approval"));
        assertRefused(blue.blueGreen.switchTo(plan("green")), "is open, in step GATE");
        assertRefused(blue.blueGreen.approve(DRAIN), "only of [SWITCH]");
        service.instances.get("g2").blueGreen.approve(SWITCH).get(20, TimeUnit.SECONDS);
        assertThat(result(open).outcome()).isEqualTo(COMMITTED);
        BlueGreen closed = blue.blueGreen;
        closed.close();
        closed.close();
        assertThatThrownBy(() -> closed.switchTo(plan("blue")).get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(ReplicaClosedException.class);
    }

    // ---- helpers

    private static void assertRefused(CompletableFuture<?> future, String why) {
        assertThatThrownBy(() -> future.get(20, TimeUnit.SECONDS))
                .hasCauseInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining(why);
    }

    private void assertStillBlue(long generation) throws Exception {
        service.awaitLive("blue");
        service.awaitLedBy("blue");
        assertThat(service.instances.get("b1").blueGreen.status().generation()).isEqualTo(generation);
        assertThat(service.instances.get("b1").drains.get()).isZero();
    }

    private int level() {
        return service.store
                .configuration(TestService.GROUPS.get(0))
                .orElseThrow()
                .featureLevel();
    }

    private List<SwitchStep> steps(String name) {
        return service.instances.get(name).steps.stream()
                .map(HaEvent.ColourSwitch::step)
                .toList();
    }

    /** The first founds the service, and is blue. */
    private void startAll(String... names) throws Exception {
        for (String name : names) {
            service.start(name);
        }
        service.awaitLive("blue");
        service.awaitLedBy("blue");
    }

    private static SwitchPlan plan(String colour) {
        SwitchPlan plan = SwitchPlan.to(colour).withBakeTime(Duration.ofMillis(300));
        for (SwitchStep step : List.of(WARM, GATE, SWITCH, COMMIT, DRAIN, ROLL_BACK)) {
            plan = plan.withTimeout(step, Duration.ofSeconds(20));
        }
        return plan.withTimeout(PREPARE, Duration.ofSeconds(20));
    }

    private CompletableFuture<SwitchResult> switchTo(String asked, SwitchPlan plan) {
        return service.instances.get(asked).blueGreen.switchTo(plan);
    }

    private static SwitchResult result(CompletableFuture<SwitchResult> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }

    /** Clients that ask an instance of the colour that is live, as far as that instance knows. */
    private void load(int count, int tolerated) {
        for (int i = 0; i < count; i++) {
            int client = i;
            Thread thread = new Thread(
                    () -> {
                        while (!stop.get()) {
                            long start = System.nanoTime();
                            try {
                                live(client).serve(client);
                                served.incrementAndGet();
                                longestNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
                            } catch (Exception e) {
                                failures.add(String.valueOf(e));
                                if (tolerated == 0) {
                                    return;
                                }
                            }
                        }
                    },
                    "client-" + client);
            thread.start();
            clients.add(thread);
        }
    }

    private One live(int client) {
        List<One> live = service.instances.values().stream()
                .filter(one -> one.blueGreen.isLive())
                .toList();
        return live.isEmpty() ? service.any() : live.get(client % live.size());
    }

    private long longestOf(Duration time) throws Exception {
        long until = System.nanoTime() + time.toNanos();
        longestNanos.set(0);
        TestService.await("time passes under load", () -> System.nanoTime() - until > 0);
        return longestNanos.get();
    }

    private void endLoad() throws InterruptedException {
        stop.set(true);
        for (Thread client : clients) {
            client.join(30_000);
            assertThat(client.isAlive()).as("%s has ended", client.getName()).isFalse();
        }
        clients.clear();
    }
}
