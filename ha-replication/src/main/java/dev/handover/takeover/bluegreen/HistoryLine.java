package dev.handover.takeover.bluegreen;

import dev.handover.event.HaEvent.SwitchStep;
import java.time.Instant;

/**
 * One step that a switch has taken.
 *
 * @param number counts the steps of the service, from 1
 * @param at when, by the wall clock of who took it; for people only
 * @param step that began
 * @param from colour that was live before the switch
 * @param to colour that shall be live
 * @param live colour that is live from this step on
 * @param generation of it
 * @param detail who took it, and why
 */
public record HistoryLine(
        long number, Instant at, SwitchStep step, String from, String to, String live, long generation, String detail) {
    String encode() {
        return at.toEpochMilli() + "|" + step + "|" + from + "|" + to + "|" + live + "|" + generation + "|" + detail;
    }

    static HistoryLine decode(long number, String text) {
        String[] parts = text.split("\\|", 7);
        if (parts.length != 7) {
            throw new IllegalArgumentException("history line " + number + " '" + text + "' has not 7 parts");
        }
        return new HistoryLine(
                number,
                Instant.ofEpochMilli(Long.parseLong(parts[0])),
                SwitchStep.valueOf(parts[1]),
                parts[2],
                parts[3],
                parts[4],
                Long.parseLong(parts[5]),
                parts[6]);
    }
}
