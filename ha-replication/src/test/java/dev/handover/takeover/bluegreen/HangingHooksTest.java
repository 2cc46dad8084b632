package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.ABORTED;
import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static dev.handover.event.HaEvent.SwitchStep.DRAIN;
import static dev.handover.event.HaEvent.SwitchStep.GATE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.TestService.One;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hooks that do not return, after the warm-up, which {@link BlueGreenTest} has: at the gate nothing is switched, and after the commit nothing is taken back; clients are served all the while. */
@Timeout(120)
class HangingHooksTest {
    private final TestService service = new TestService();
    private final CountDownLatch released = new CountDownLatch(1);

    @AfterEach
    void end() {
        released.countDown();
        service.close();
    }

    private SwitchResult switchToGreen(SwitchStep hanging, Duration itsTime) throws Exception {
        SwitchPlan plan = SwitchPlan.to("green").withBakeTime(Duration.ofMillis(300));
        for (SwitchStep step : SwitchStep.values()) {
            if (!step.isLast() && step != SwitchStep.BAKE) {
                plan = plan.withTimeout(step, step == hanging ? itsTime : Duration.ofSeconds(20));
            }
        }
        return service.instances.get("b1").blueGreen.switchTo(plan).get(60, TimeUnit.SECONDS);
    }

    private One[] both() throws Exception {
        One[] both = {service.start("b1"), service.start("g1")};
        service.awaitLive("blue");
        service.awaitLedBy("blue");
        return both;
    }

    private Callable<Void> hanging(CountDownLatch interrupted) {
        return () -> {
            try {
                released.await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
            }
            return null;
        };
    }

    @Test
    void shouldStayBlueWhenGreenHangsAtTheGateAndSwitchWhenItDoesNotAnyMore() throws Exception {
        One[] both = both();
        CountDownLatch interrupted = new CountDownLatch(1);
        both[1].whenAsked = hanging(interrupted);
        SwitchResult hung = switchToGreen(GATE, Duration.ofMillis(500));
        assertThat(hung.outcome()).isEqualTo(ABORTED);
        assertThat(hung.reason()).contains("g1");
        assertThat(hung.live()).isEqualTo("blue");
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).as("interrupted").isTrue();
        both[0].serve(0);
        service.awaitLedBy("blue");

        both[1].whenAsked = () -> null;
        SwitchResult well = switchToGreen(GATE, Duration.ofSeconds(20));
        assertThat(well.outcome()).as(well.reason()).isEqualTo(COMMITTED);
        service.awaitLedBy("green");
    }

    /** One that cannot be stopped blocks this instance's later switches, and nothing else. */
    @Test
    void shouldSayThatAHookHasNotReturnedYetWhenItIgnoresThatItIsInterrupted() throws Exception {
        One[] both = both();
        both[1].whenAsked = () -> {
            while (released.getCount() > 0) {
                try {
                    released.await();
                } catch (InterruptedException e) {
                    // that is what is tested
                }
            }
            return null;
        };
        assertThat(switchToGreen(GATE, Duration.ofMillis(500)).outcome()).isEqualTo(ABORTED);
        SwitchResult again = switchToGreen(GATE, Duration.ofMillis(500));
        assertThat(again.outcome()).isEqualTo(ABORTED);
        assertThat(again.reason()).contains("g1").contains("has not returned");
        both[0].serve(0);
        service.awaitLedBy("blue");
        released.countDown();
        SwitchResult well = switchToGreen(GATE, Duration.ofSeconds(20));
        assertThat(well.outcome()).as(well.reason()).isEqualTo(COMMITTED);
    }

    @Test
    void shouldCommitAndSayWhoHasNotDrainedWhenBlueHangsInItsDrain() throws Exception {
        One[] both = both();
        CountDownLatch interrupted = new CountDownLatch(1);
        both[0].whenDrained = hanging(interrupted);
        SwitchResult hung = switchToGreen(DRAIN, Duration.ofMillis(500));
        assertThat(hung.outcome()).as(hung.reason()).isEqualTo(COMMITTED);
        assertThat(hung.reason()).contains("b1");
        assertThat(hung.live()).isEqualTo("green");
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).as("interrupted").isTrue();
        both[1].serve(0);
        service.awaitLedBy("green");
    }
}
