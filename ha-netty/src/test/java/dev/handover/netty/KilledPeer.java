package dev.handover.netty;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** A node in a process of its own; says its port and lives until it is killed, or until whoever started it is gone. */
final class KilledPeer {
    private KilledPeer() {}

    public static void main(String[] args) throws IOException {
        TlsOptions tls = args.length < 5 ? null : TlsOptions.pem(Path.of(args[2]), Path.of(args[3]), Path.of(args[4]));
        try (Node node = Node.start(
                args[0],
                Boolean.parseBoolean(args[1]),
                0,
                settings -> tls == null ? settings : settings.tls(tls).handshakeTimeout(Duration.ofSeconds(20)))) {
            System.out.println(node.address().getPort());
            while (System.in.read() >= 0) {}
        }
    }
}
