package dev.handover.coordination;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * What a node tells about itself. A hint where to find it, never a proof of life.
 *
 * @param node who
 * @param host where its transport can be dialled
 * @param port where its transport can be dialled
 * @param protocolVersion highest wire protocol it speaks
 * @param featureLevel highest entry format it can read
 * @param logs the groups it has joined, and the log it holds of each
 */
public record Member(
        NodeId node, String host, int port, int protocolVersion, int featureLevel, Map<GroupId, UUID> logs) {
    /** Copies the map and checks the port. */
    public Member {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " of member " + node + " is not in 1..65535");
        }
        logs = Collections.unmodifiableMap(new TreeMap<>(logs));
    }
}
