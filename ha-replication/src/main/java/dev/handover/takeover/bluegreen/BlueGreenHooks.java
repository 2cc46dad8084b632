package dev.handover.takeover.bluegreen;

import java.time.Duration;
import java.util.Optional;

/**
 * What an application adds to a switch, on each of its instances. But for {@link #openBreakers}, methods are called on one thread of the instance's {@link BlueGreen}, one at a
 * time, and may block; they are interrupted when their time is over, and the switch goes on without them. A switch may be begun several times, so each may be called again.
 */
public interface BlueGreenHooks {
    /**
     * On an instance of the new version, before it may become live: fill caches, open connections, send requests to itself. What it throws ends the switch, and so does not returning in time.
     *
     * @param time it has; interrupted after it
     */
    default void warmUp(Duration time) throws Exception {}

    /**
     * On an instance of the new version: is it ready to serve? Asked again and again until it is, or the time-out of the step has passed.
     *
     * @return why not; empty if it is. What is thrown counts as a reason why not
     */
    default Optional<String> notReady() throws Exception {
        return Optional.empty();
    }

    /** How many of this instance's circuit breakers are open: asked at the gate, where any is a reason to wait, and while the new version bakes. Any thread; must not
     * block. */
    default int openBreakers() {
        return 0;
    }

    /**
     * On an instance of the old version, when the new one stays: finish what is under way, close what is not needed any more. The instance goes on as a replica until it is stopped.
     *
     * @param time it has; interrupted after it
     */
    default void drain(Duration time) throws Exception {}
}
