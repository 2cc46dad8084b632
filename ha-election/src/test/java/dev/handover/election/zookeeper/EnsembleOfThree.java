package dev.handover.election.zookeeper;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;

/** Three embedded servers that know each other. */
public final class EnsembleOfThree {
    private EnsembleOfThree() {}

    /** On ports that nobody has at the moment. */
    public static List<EnsembleMember> members() throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            sockets.add(new ServerSocket(0));
        }
        List<EnsembleMember> members = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            int first = (id - 1) * 3;
            members.add(EnsembleMember.of(
                    id,
                    "127.0.0.1",
                    sockets.get(first).getLocalPort(),
                    sockets.get(first + 1).getLocalPort(),
                    sockets.get(first + 2).getLocalPort()));
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return members;
    }
}
