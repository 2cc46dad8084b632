package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.ABORTED;
import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static dev.handover.event.HaEvent.SwitchStep.GATE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.event.HaEvent.SwitchStep;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Hooks that throw after the warm-up, which {@link BlueGreenTest} has: at the gate nothing is switched, and after the commit nothing is taken back. */
@Timeout(120)
class ThrowingHooksTest {
    private final TestService service = new TestService();

    @AfterEach
    void end() {
        service.close();
    }

    private SwitchResult switchToGreen(Duration gate) throws Exception {
        SwitchPlan plan = SwitchPlan.to("green").withBakeTime(Duration.ofMillis(300));
        for (SwitchStep step : SwitchStep.values()) {
            if (!step.isLast() && step != SwitchStep.BAKE) {
                plan = plan.withTimeout(step, step == GATE ? gate : Duration.ofSeconds(20));
            }
        }
        return service.instances.get("b1").blueGreen.switchTo(plan).get(60, TimeUnit.SECONDS);
    }

    @Test
    void shouldStayBlueWhenGreenThrowsAtTheGateAndCommitWhenBlueThrowsInItsDrain() throws Exception {
        service.start("b1");
        service.start("g1");
        service.awaitLive("blue");
        service.instances.get("g1").throwsWhen = "asked";
        SwitchResult thrown = switchToGreen(Duration.ofMillis(600));
        assertThat(thrown.outcome()).isEqualTo(ABORTED);
        assertThat(thrown.reason()).contains("g1").contains("a defect of this version when asked");
        assertThat(thrown.live()).isEqualTo("blue");
        service.awaitLedBy("blue");

        service.instances.get("g1").throwsWhen = "";
        service.instances.get("b1").throwsWhen = "drained";
        SwitchResult drained = switchToGreen(Duration.ofSeconds(20));
        assertThat(drained.outcome()).as(drained.reason()).isEqualTo(COMMITTED);
        assertThat(drained.reason()).contains("the drain failed").contains("a defect of this version when drained");
        service.awaitLedBy("green");
    }
}
