package dev.handover.examples.kv.resp;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * Settings of the front end.
 *
 * @param address where clients connect; port 0 takes a free one
 * @param timeout no command takes longer; at least 10 ms
 * @param maxClients connections at a time; at least 1
 */
public record ServerSettings(InetSocketAddress address, Duration timeout, int maxClients) {
    /** Checks them. */
    public ServerSettings {
        if (timeout.compareTo(Duration.ofMillis(10)) < 0) {
            throw new IllegalArgumentException("timeout of " + timeout + ": use at least 10 ms");
        }
        if (maxClients < 1) {
            throw new IllegalArgumentException("max-clients " + maxClients + ": use at least 1");
        }
    }
}
