package dev.handover.takeover.bluegreen;

import dev.handover.event.HaEvent.SwitchStep;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an instance knows of its service: what it last saw of the record, which may be a moment old.
 *
 * @param colour of this instance
 * @param version of this instance
 * @param live colour that is live; null while this instance has not seen the record
 * @param generation of the live colour: a fencing token for what only the live version may do; 0 while not seen
 * @param step of the last switch, over or not; null before the first
 * @param from colour that it began with; null before the first
 * @param to colour that it shall make live; null before the first
 * @param reason why that step began, or what the switch waits for; empty before the first
 * @param approvals steps of an open switch that begin only when they were approved, and are not yet
 * @param history what happened, the newest last
 */
public record SwitchStatus(
        String colour,
        String version,
        @Nullable String live,
        long generation,
        @Nullable SwitchStep step,
        @Nullable String from,
        @Nullable String to,
        String reason,
        Set<SwitchStep> approvals,
        List<HistoryLine> history) {
    /** Whether this instance is of the colour that is live, as far as it knows. */
    public boolean isLive() {
        return colour.equals(live);
    }

    /** Whether a switch is open that can still be taken back. */
    public boolean mayAbort() {
        return isSwitching() && step != SwitchStep.COMMIT && step != SwitchStep.DRAIN && step != SwitchStep.ROLL_BACK;
    }

    /** Whether a switch is open. */
    public boolean isSwitching() {
        return step != null && !step.isLast();
    }
}
