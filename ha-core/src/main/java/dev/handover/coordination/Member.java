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
 * @param attributes whatever others should know beside; see {@link MemberAttributes} for the limits and the usual names
 */
public record Member(
        NodeId node,
        String host,
        int port,
        int protocolVersion,
        int featureLevel,
        Map<GroupId, UUID> logs,
        Map<String, String> attributes) {
    /**
     * Copies the maps, and checks port and attributes.
     *
     * @throws IllegalArgumentException if one of them is not allowed; the message names it
     */
    public Member {
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " of member " + node + " is not in 1..65535");
        }
        logs = Collections.unmodifiableMap(new TreeMap<>(logs));
        attributes = MemberAttributes.check(attributes);
    }

    /** Without attributes. */
    public Member(NodeId node, String host, int port, int protocolVersion, int featureLevel, Map<GroupId, UUID> logs) {
        this(node, host, port, protocolVersion, featureLevel, logs, Map.of());
    }
}
