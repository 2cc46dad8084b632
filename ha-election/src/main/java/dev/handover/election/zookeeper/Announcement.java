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
 * attribute.zone=north
 * </pre>
 *
 * A node without attributes has no such line, so that releases which know none can read it; they leave out a node that has some.
 *
 * @param instance made up anew by every store, so that a process knows what it has announced in an earlier session
 */
record Announcement(UUID instance, Member member) {
    private static final int FORMAT = 1;
    private static final String ATTRIBUTE = "attribute.";

    byte[] encode() {
        Content content = Content.ofFormat(FORMAT)
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
                                .collect(Collectors.joining(",")));
        member.attributes().forEach((name, value) -> content.with(ATTRIBUTE + name, value));
        return content.encode();
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
            Map<String, String> attributes = content.takeAll(ATTRIBUTE);
            content.expectNoMore();
            return new Announcement(
                    instance, new Member(NodeId.of(node), host, port, protocolVersion, featureLevel, logs, attributes));
        } catch (IllegalArgumentException e) {
            throw new MalformedContentException(String.valueOf(e.getMessage()));
        }
    }
}
