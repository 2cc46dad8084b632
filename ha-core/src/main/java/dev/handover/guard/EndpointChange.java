package dev.handover.guard;

import java.time.Duration;

/**
 * An endpoint is left out from now on, or back.
 *
 * @param leftOutFor until it is probed; zero if it is back
 * @param reason in words
 */
public record EndpointChange(String group, String endpoint, boolean ejected, Duration leftOutFor, String reason) {}
