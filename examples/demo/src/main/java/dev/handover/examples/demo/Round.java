package dev.handover.examples.demo;

import java.time.LocalTime;
import java.util.Locale;

/**
 * What one kill came to.
 *
 * @param killedWall when, by the wall clock
 * @param killed the leader
 * @param successor who led next
 * @param takeOverNanos from the kill to the first write that the successor has committed
 * @param gapNanos longest time between two acknowledged writes of the sequential client around the kill
 * @param laterGapNanos the same for the rest of the round, while the dead one starts again and catches up
 * @param clientWasOnLeader whether the connection of the sequential client died with the leader
 * @param backNanos from its start until the killed one was in the in-sync set again
 */
record Round(
        int number,
        LocalTime killedWall,
        String killed,
        String successor,
        long epoch,
        long takeOverNanos,
        long gapNanos,
        long laterGapNanos,
        boolean clientWasOnLeader,
        long backNanos) {

    String line() {
        return String.format(
                Locale.ROOT,
                "round %d: leader %s killed, %s leads epoch %d after %.1f ms; client gap %.1f ms (%s); %s in sync again after %.1f s (longest gap meanwhile %.1f ms)",
                number,
                killed,
                successor,
                epoch,
                takeOverNanos / 1e6,
                gapNanos / 1e6,
                clientWasOnLeader ? "it was connected to " + killed : "it was connected elsewhere",
                killed,
                backNanos / 1e9,
                laterGapNanos / 1e6);
    }
}
