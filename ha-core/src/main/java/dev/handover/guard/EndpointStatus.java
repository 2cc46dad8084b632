package dev.handover.guard;

import java.time.Duration;

/**
 * What a group knows of an endpoint.
 *
 * @param probedIn how long until one that is left out is asked again; zero for others, and where a probe may be sent now
 * @param underWay calls at this moment
 * @param latency average of the calls that succeeded; zero if there were none
 * @param ejections how often it was left out since the group was built
 */
public record EndpointStatus(
        String name, boolean ejected, Duration probedIn, int underWay, Duration latency, long ejections) {}
