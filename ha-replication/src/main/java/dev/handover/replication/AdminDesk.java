package dev.handover.replication;

import dev.handover.Configuration;
import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.AdminReply;
import dev.handover.replication.protocol.Message.AdminRequest;
import dev.handover.replication.transport.Envelope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Answers operators' tools. They greet as nodes with names of their own, so that the protocol need not know of them: no replica is told when one comes or goes. Any thread; does not
 * block.
 */
final class AdminDesk {
    private static final UUID NO_LOG = new UUID(0, 0);
    private static final int MOST_AT_A_TIME = 16;

    private final NodeRuntime node;
    private final AtomicInteger pending = new AtomicInteger();

    AdminDesk(NodeRuntime node) {
        this.node = node;
    }

    void received(Envelope envelope, AdminRequest request) {
        Replica replica = node.replica(envelope.group());
        if (!envelope.from().node().isTool()) { // where certificates name nodes, a node's is not an operator's
            reply(
                    envelope,
                    request,
                    false,
                    "node " + envelope.from().node()
                            + " may not ask for this: operators' tools have names that begin with " + NodeId.TOOL
                            + ".");
        } else if (replica == null) {
            reply(envelope, request, false, "node " + node.self() + " has not joined group " + envelope.group());
        } else if (pending.incrementAndGet() > MOST_AT_A_TIME) {
            pending.decrementAndGet();
            reply(
                    envelope,
                    request,
                    false,
                    MOST_AT_A_TIME + " requests of operators are under way on this node; try again");
        } else {
            done(replica, request).whenComplete((text, thrown) -> {
                pending.decrementAndGet();
                reply(envelope, request, thrown == null, thrown == null ? text : reason(thrown));
            });
        }
    }

    private static CompletableFuture<String> done(Replica replica, AdminRequest request) {
        return switch (request.verb()) {
            case STATUS -> CompletableFuture.completedFuture(status(replica.status()));
            case TRANSFER -> transfer(replica, request.argument());
            case SNAPSHOT -> {
                CompletableFuture<Long> asked = new CompletableFuture<>();
                HandoverException ended = replica.endReason();
                if (ended != null) {
                    asked.completeExceptionally(ended);
                } else {
                    replica.node()
                            .applier()
                            .run(() -> replica.appliedState().snapshots().ask(asked));
                }
                yield asked.thenApply(index -> "snapshotIndex=" + index);
            }
            case REMOVE -> changeMembers(replica, request.argument(), true);
            case ADMIT -> changeMembers(replica, request.argument(), false);
        };
    }

    private static CompletableFuture<String> changeMembers(Replica replica, String member, boolean remove) {
        CompletableFuture<GroupStatus> change;
        try {
            change = replica.memberChanges().ask(NodeId.of(member), remove);
        } catch (IllegalArgumentException e) {
            change = CompletableFuture.failedFuture(e);
        }
        return change.thenApply(status -> {
            Configuration configuration = status.configuration();
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("epoch", configuration == null ? status.epoch() : configuration.epoch());
            fields.put("inSync", configuration == null ? "" : configuration.inSync());
            fields.put("removed", configuration == null ? "" : configuration.removed());
            return text(fields);
        });
    }

    private static CompletableFuture<String> transfer(Replica replica, String target) {
        CompletableFuture<TransferResult> transfer;
        try {
            transfer = replica.transfer(target.isEmpty() ? null : NodeId.of(target));
        } catch (IllegalArgumentException e) {
            transfer = CompletableFuture.failedFuture(e);
        }
        return transfer.thenApply(result -> {
            if (!result.transferred()) {
                throw new CompletionException(new IllegalStateException(
                        "the leadership was not transferred (" + result.outcome() + "): " + result.detail()));
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("outcome", result.outcome());
            fields.put("from", result.from());
            fields.put("to", String.valueOf(result.to()));
            fields.put("epoch", result.epoch());
            fields.put("pauseMillis", result.pause().toMillis());
            return text(fields);
        });
    }

    /** Lines of {@code name=value}. */
    static String status(GroupStatus status) {
        Map<String, Object> fields = new LinkedHashMap<>();
        Configuration configuration = status.configuration();
        fields.put("replica", status.self());
        fields.put("role", status.role());
        fields.put("epoch", status.epoch());
        fields.put("leader", status.leader() == null ? "" : status.leader());
        fields.put("inSync", configuration != null && configuration.isInSync(status.self()));
        fields.put("lastIndex", status.lastIndex());
        fields.put("commitIndex", status.commitIndex());
        fields.put("appliedIndex", status.appliedIndex());
        fields.put("fault", status.fault() == null ? "" : status.fault());
        return text(fields);
    }

    private static String text(Map<String, Object> fields) {
        return fields.entrySet().stream()
                .map(field ->
                        field.getKey() + "=" + String.valueOf(field.getValue()).replaceAll("[\\r\\n]+", " "))
                .collect(Collectors.joining("\n"));
    }

    private static String reason(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        @Nullable String message = cause.getMessage();
        return message == null ? cause.toString() : message;
    }

    private void reply(Envelope to, AdminRequest request, boolean done, String text) {
        Message reply = new AdminReply(request.requestId(), done, text);
        node.transport().send(to.from().node(), new Envelope(to.group(), new ReplicaId(node.self(), NO_LOG), reply));
    }
}
