package dev.handover.ops;

import org.jspecify.annotations.Nullable;

/**
 * A leadership that has no log, as this process knows it.
 *
 * @param state {@code leading}, {@code following} or {@code unsure}
 * @param leader null while nobody is known, or if this process leads
 * @param detail why it is unsure; empty otherwise
 */
public record OpsElection(String name, String state, @Nullable String leader, long epoch, String detail) {}
