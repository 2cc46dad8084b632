package dev.handover.takeover.bluegreen;

import java.time.Duration;

/**
 * Judges the new version against the old one while it bakes. Called by the instance that conducts the switch, again and again with all that is known; it must be quick and must not block. What it
 * throws counts as undecided.
 */
@FunctionalInterface
public interface SwitchAnalysis {
    /** What it has come to. */
    enum Verdict {
        /** The new version is as good as the old one; it is committed if this is still so when the bake time has passed. */
        PASS,
        /** It is worse: roll back now. */
        FAIL,
        /** Too little is known yet; at the end of the time-out of the step that is a roll-back. */
        UNDECIDED
    }

    /**
     * A verdict and why.
     *
     * @param reason for people, with the figures
     */
    record Finding(Verdict verdict, String reason) {}

    /**
     * Judges.
     *
     * @param before the old version, in the minute before it was switched away from, all instances together; nothing if those have restarted
     * @param since the new version since it bakes, all instances together
     * @param baked since when
     */
    Finding judge(TrafficSample before, TrafficSample since, Duration baked);
}
