package dev.handover.ops;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One line of the timeline.
 *
 * @param sequence grows by one with every line of this process
 * @param at the wall clock of the node that reports
 * @param kind one word: {@code take-over}, {@code transfer}, {@code leader}, {@code redundancy}, {@code fault}, {@code store}, {@code storage}, or another one that the application reports,
 *     such as {@code switch}
 * @param subject the group or election it is about
 * @param text in words
 * @param millis how long it took, if that says something: of a take-over from suspicion to serving, of a transfer the pause
 */
public record OpsEvent(
        long sequence, Instant at, OpsLevel level, String kind, String subject, String text, @Nullable Double millis) {}
