package dev.handover.election.zookeeper;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.coordination.Member;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * What a node's ephemeral znode holds: the member, and which process has announced it.
 *
 * <pre>
 * format=1
 * instance=...
 * node=a
 * host=10.0.0.1
 * port=7101
 * protocolVersion=1
 * featureLevel=1
 * logs=orders/91aa...,stock/07d2...
 * </pre>
 *
 * @param instance made up anew by every store, so that a process knows what it has announced in an earlier session
 */
record Announcement(UUID instance, Member member) {
    private static final int FORMAT = 1;

    byte[] encode() {
        return Content.ofFormat(FORMAT)
                .with("instance", instance)
                .with("node", member.node())
                .with("host", member.host())
                .with("port", member.port())
                .with("protocolVersion", member.protocolVersion())
                .with("featureLevel", member.featureLevel())
                .with(
                        "logs",
                        member.logs().entrySet().stream()
                                .map(log -> log.getKey() + "/" + log.getValue())
                                .collect(Collectors.joining(",")))
                .encode();
    }

    static Announcement decode(byte[] bytes) throws MalformedContentException {
        Content content = Content.decode(bytes, FORMAT);
        UUID instance = content.takeUuid("instance");
        String node = content.take("node");
        String host = content.take("host");
        int port = content.takeInt("port");
        int protocolVersion = content.takeInt("protocolVersion");
        int featureLevel = content.takeInt("featureLevel");
        Map<GroupId, UUID> logs = new TreeMap<>();
        try {
            for (String log : content.takeList("logs")) {
                int slash = log.indexOf('/');
                if (slash < 0) {
                    throw new MalformedContentException("log '" + log + "' is not group/logId");
                }
                GroupId group = GroupId.of(log.substring(0, slash));
                if (logs.put(group, Content.uuid("log", log.substring(slash + 1))) != null) {
                    throw new MalformedContentException("group " + group + " is there twice");
                }
            }
            content.expectNoMore();
            return new Announcement(
                    instance, new Member(NodeId.of(node), host, port, protocolVersion, featureLevel, logs));
        } catch (IllegalArgumentException e) {
            throw new MalformedContentException(String.valueOf(e.getMessage()));
        }
    }
}
