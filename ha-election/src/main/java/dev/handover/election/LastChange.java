package dev.handover.election;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The last change of the leadership, as it is stored.
 *
 * @param epoch the last one that was given to a leader
 * @param leader who got it
 * @param instance of the leader's process
 * @param zone of the leader
 * @param at when, by the wall clock of who changed it
 * @param reason in words
 * @param next the candidate that the last leader has chosen to follow it; null once it leads, or if nobody was chosen
 */
public record LastChange(
        long epoch, String leader, UUID instance, String zone, Instant at, String reason, @Nullable String next) {}
