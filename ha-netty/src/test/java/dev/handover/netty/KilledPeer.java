package dev.handover.netty;

import java.io.IOException;

/** A node in a process of its own; says its port and lives until it is killed, or until whoever started it is gone. */
final class KilledPeer {
    private KilledPeer() {}

    public static void main(String[] args) throws IOException {
        try (Node node = Node.start(args[0], Boolean.parseBoolean(args[1]))) {
            System.out.println(node.address().getPort());
            while (System.in.read() >= 0) {}
        }
    }
}
