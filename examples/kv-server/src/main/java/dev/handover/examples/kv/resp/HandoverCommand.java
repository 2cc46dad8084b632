package dev.handover.examples.kv.resp;

import dev.handover.HandoverException;
import dev.handover.NodeId;
import dev.handover.examples.kv.store.KvStateMachine;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.TransferResult;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * For operators. {@code HANDOVER TRANSFER [node]} gives the leadership to another node; said to the leader; commands of all clients go on meanwhile. {@code HANDOVER REMOVE node} and {@code HANDOVER ADMIT node} change who may
 * be in the group; said to the leader. {@code HANDOVER DIGEST}
 * sums up what this replica has applied: replicas that have applied the same answer the same.
 */
final class HandoverCommand {
    private static final int SHOWN_BYTES = 64;

    private final ServerInfo server;
    private final ReplicatedLog log;
    private final KvStateMachine store;

    HandoverCommand(ServerInfo server, ReplicatedLog log, KvStateMachine store) {
        this.server = server;
        this.log = log;
        this.store = store;
    }

    CommandSpec spec() {
        return new CommandSpec(
                "handover",
                -2,
                List.of("admin", "stale"),
                0,
                0,
                0,
                "HANDOVER TRANSFER [node]: gives the leadership to that node, or to the best. HANDOVER REMOVE node: keeps it out of the group. HANDOVER ADMIT node: lets it in again. HANDOVER DIGEST: sums up what this"
                        + " node holds.",
                this::parse);
    }

    private Request parse(List<byte[]> words) {
        String sub = CommandTable.lower(words.get(1));
        if (sub.equals("digest") && words.size() == 2) {
            return new Request.Later(
                    () -> log.read(Consistency.LOCAL, store::digest).handle(HandoverCommand::digest));
        }
        boolean members = sub.equals("remove") || sub.equals("admit");
        if (!sub.equals("transfer") && !members) {
            return CommandTable.refuse(
                    "ERR unknown subcommand. Try HANDOVER TRANSFER [node], HANDOVER REMOVE node, HANDOVER ADMIT node, or HANDOVER DIGEST.");
        }
        if (members && words.size() != 3) {
            return CommandTable.refuse("ERR wrong number of arguments for 'handover|" + sub + "' command");
        }
        if (words.size() > 3) {
            return CommandTable.refuse("ERR wrong number of arguments for 'handover|transfer' command");
        }
        NodeId target = null;
        if (words.size() == 3) {
            byte[] name = words.get(2);
            try {
                target = NodeId.of(
                        new String(name, 0, Math.min(name.length, SHOWN_BYTES + 1), StandardCharsets.ISO_8859_1));
            } catch (IllegalArgumentException e) {
                return CommandTable.refuse("ERR " + e.getMessage());
            }
        }
        NodeId wanted = target;
        if (members && wanted != null) {
            return new Request.Later(() -> members(wanted, sub.equals("remove")));
        }
        return new Request.Later(() -> transfer(wanted));
    }

    private CompletableFuture<Reply> transfer(@Nullable NodeId target) {
        CompletableFuture<TransferResult> transfer = target == null ? log.handOver() : log.transferTo(target);
        return transfer.handle((result, thrown) -> {
            String text = thrown == null ? describe(result) : reason(thrown);
            server.transferEnded(text.replaceAll("[\\r\\n]+", " "));
            return thrown == null && result.transferred() ? new Reply.Status("OK " + text) : Reply.error(text);
        });
    }

    private CompletableFuture<Reply> members(NodeId node, boolean remove) {
        CompletableFuture<GroupStatus> change = remove ? log.removeMember(node) : log.admitMember(node);
        return change.handle((status, thrown) -> thrown != null
                ? Reply.error(reason(thrown))
                : new Reply.Status(
                        "OK " + node + (remove ? " is removed" : " may come") + " in epoch " + status.epoch()));
    }

    private static Reply digest(String digest, @Nullable Throwable thrown) {
        return thrown == null ? Reply.bulk(digest) : Reply.error(reason(thrown));
    }

    /** One line. */
    static String describe(TransferResult result) {
        return result.transferred()
                ? String.format(
                        Locale.ROOT,
                        "%s leads epoch %d; it had caught up after %.1f ms, the compare-and-set took %.1f ms, the pause was %.1f ms (%s)",
                        result.to(),
                        result.epoch(),
                        result.catchUp().toNanos() / 1e6,
                        result.compareAndSet().toNanos() / 1e6,
                        result.pause().toNanos() / 1e6,
                        result.detail())
                : "the leadership was not transferred: " + result.detail();
    }

    private static String reason(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return cause instanceof HandoverException ? String.valueOf(cause.getMessage()) : cause.toString();
    }
}
