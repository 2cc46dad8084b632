package dev.handover.election;

import java.time.Instant;

/**
 * A time in which nobody leads, for maintenance.
 *
 * @param owner who asked for it
 * @param reason in words
 * @param expiry when it ends by itself, by the wall clock of each candidate
 */
public record Pause(String owner, String reason, Instant expiry) {}
