package dev.handover.examples.demo;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free ports on the loopback address for servers that come and go. They lie below the range from which the kernel takes ports for
 * outgoing connections: otherwise somebody else's connection may sit on the port of a dead server when it wants to come back, and whoever
 * dials it meanwhile may even be connected to himself.
 */
final class Ports {
    private static final int LOWEST = 20_000;
    private static final int BEHIND_HIGHEST = 32_000;

    private Ports() {}

    /** As many different free ones as asked for. */
    static List<InetSocketAddress> free(int count) throws IOException {
        List<InetSocketAddress> free = new ArrayList<>();
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        int start = ThreadLocalRandom.current().nextInt(BEHIND_HIGHEST - LOWEST);
        for (int i = 0; i < BEHIND_HIGHEST - LOWEST && free.size() < count; i++) {
            int port = LOWEST + (start + i) % (BEHIND_HIGHEST - LOWEST);
            if (isFree(loopback, port)) {
                free.add(new InetSocketAddress(loopback, port));
            }
        }
        if (free.size() < count) {
            throw new IOException("no " + count + " free ports on 127.0.0.1 from " + LOWEST + " to " + BEHIND_HIGHEST);
        }
        return free;
    }

    private static boolean isFree(InetAddress loopback, int port) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(loopback, port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
