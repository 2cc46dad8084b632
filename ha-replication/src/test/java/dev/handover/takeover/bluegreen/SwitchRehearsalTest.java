package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.BAKE;
import static dev.handover.event.HaEvent.SwitchStep.COMMIT;
import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static dev.handover.event.HaEvent.SwitchStep.DRAIN;
import static dev.handover.event.HaEvent.SwitchStep.GATE;
import static dev.handover.event.HaEvent.SwitchStep.PREPARE;
import static dev.handover.event.HaEvent.SwitchStep.ROLLED_BACK;
import static dev.handover.event.HaEvent.SwitchStep.ROLL_BACK;
import static dev.handover.event.HaEvent.SwitchStep.SWITCH;
import static dev.handover.event.HaEvent.SwitchStep.WARM;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SwitchRehearsalTest {
    @Test
    void shouldPlayEveryStepOfASwitchAndOfOneThatIsTakenBack() {
        assertThat(SwitchRehearsal.play(false))
                .containsExactly(PREPARE, WARM, GATE, SWITCH, BAKE, COMMIT, DRAIN, COMMITTED);
        assertThat(SwitchRehearsal.play(true))
                .containsExactly(PREPARE, WARM, GATE, SWITCH, BAKE, ROLL_BACK, ROLLED_BACK);
    }
}
