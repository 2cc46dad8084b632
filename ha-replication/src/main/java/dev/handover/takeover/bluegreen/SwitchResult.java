package dev.handover.takeover.bluegreen;

import dev.handover.event.HaEvent.SwitchStep;
import java.util.UUID;

/**
 * How a switch ended.
 *
 * @param outcome {@link SwitchStep#COMMITTED}, {@link SwitchStep#ROLLED_BACK}, {@link SwitchStep#ABORTED} or {@link SwitchStep#REHEARSED}
 * @param live colour that is live
 * @param generation of it
 * @param reason in words
 */
public record SwitchResult(UUID id, SwitchStep outcome, String live, long generation, String reason) {}
