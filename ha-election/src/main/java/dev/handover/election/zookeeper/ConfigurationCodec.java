package dev.handover.election.zookeeper;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * A {@link Configuration} as {@link Content}.
 *
 * <pre>
 * format=1
 * lineage=5f0c...
 * epoch=7
 * leader=b/91aa...
 * inSync=b/91aa...,c/07d2...
 * minInSync=1
 * featureLevel=1
 * nonce=c0de...
 * reason=a does not answer
 * leaseNanos=200000000           only while leases are in use
 * removed=d,e                    only while somebody is
 * </pre>
 */
final class ConfigurationCodec {
    private static final int FORMAT = 1;

    private ConfigurationCodec() {}

    static byte[] encode(Configuration configuration) {
        Content content = Content.ofFormat(FORMAT)
                .with("lineage", configuration.lineage())
                .with("epoch", configuration.epoch())
                .with("leader", text(configuration.leader()))
                .with("inSync", text(configuration.inSync()))
                .with("minInSync", configuration.minInSync())
                .with("featureLevel", configuration.featureLevel())
                .with("nonce", configuration.nonce())
                .with("reason", configuration.reason());
        if (configuration.leaseNanos() != 0) {
            content = content.with("leaseNanos", configuration.leaseNanos());
        }
        if (!configuration.removed().isEmpty()) {
            content = content.with(
                    "removed",
                    configuration.removed().stream().map(NodeId::value).collect(Collectors.joining(",")));
        }
        return content.encode();
    }

    static Configuration decode(byte[] bytes) throws MalformedContentException {
        Content content = Content.decode(bytes, FORMAT);
        UUID lineage = content.takeUuid("lineage");
        long epoch = content.takeLong("epoch");
        ReplicaId leader = replica("leader", content.take("leader"));
        List<ReplicaId> inSync = new ArrayList<>();
        for (String replica : content.takeList("inSync")) {
            inSync.add(replica("inSync", replica));
        }
        int minInSync = content.takeInt("minInSync");
        int featureLevel = content.takeInt("featureLevel");
        UUID nonce = content.takeUuid("nonce");
        String reason = content.take("reason");
        long leaseNanos = content.has("leaseNanos") ? content.takeLong("leaseNanos") : 0;
        List<String> removedNames = content.has("removed") ? content.takeList("removed") : List.of();
        content.expectNoMore();
        try {
            List<NodeId> removed = removedNames.stream().map(NodeId::of).toList();
            return new Configuration(
                    lineage, epoch, leader, inSync, minInSync, featureLevel, nonce, reason, leaseNanos, removed);
        } catch (IllegalArgumentException e) {
            throw new MalformedContentException(String.valueOf(e.getMessage()));
        }
    }

    /** Without a stream: it is first called in a take-over, and linking the lambda would take longer than all the rest. */
    private static String text(List<ReplicaId> replicas) {
        StringBuilder all = new StringBuilder();
        for (ReplicaId replica : replicas) {
            if (!all.isEmpty()) {
                all.append(',');
            }
            all.append(text(replica));
        }
        return all.toString();
    }

    private static String text(ReplicaId replica) {
        return replica.node() + "/" + replica.logId();
    }

    private static ReplicaId replica(String key, String value) throws MalformedContentException {
        int slash = value.indexOf('/');
        if (slash < 0) {
            throw new MalformedContentException(key + " '" + value + "' is not node/logId");
        }
        try {
            return new ReplicaId(NodeId.of(value.substring(0, slash)), Content.uuid(key, value.substring(slash + 1)));
        } catch (IllegalArgumentException e) {
            throw new MalformedContentException(String.valueOf(e.getMessage()));
        }
    }
}
