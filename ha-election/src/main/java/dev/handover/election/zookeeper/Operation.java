package dev.handover.election.zookeeper;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;

/**
 * One request of a caller: it may take several messages and several connections, and ends at the latest with the operation time-out.
 * At most one attempt is under way at a time, so its fields need no lock: the session starts the next attempt only after
 * {@link Session#again} was called by the last one.
 */
abstract class Operation<T> {
    private final String what;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private volatile String trouble = "there was no connection";
    private volatile @Nullable ScheduledFuture<?> timeout;

    /** With words for error messages, such as {@code "read of /handover/groups/kv/config"}. */
    Operation(String what) {
        this.what = what;
    }

    /** Begins, or goes on after {@link Session#again}. Must not block. */
    abstract void attempt(ZooKeeper zooKeeper);

    /** Completes the result for want of an answer. */
    void unanswered(String cause) {
        fail(new IOException(what + " got no answer from ZooKeeper: " + cause));
    }

    final CompletableFuture<T> result() {
        return result;
    }

    final boolean isDone() {
        return result.isDone();
    }

    final void complete(T value) {
        result.complete(value);
    }

    final void fail(Throwable cause) {
        result.completeExceptionally(cause);
    }

    /** For an answer that is neither success nor a reason to try again. */
    final void refused(Code code, String path) {
        fail(new IOException(what + " was refused by ZooKeeper with " + code + " at " + path
                + (code == Code.NOAUTH ? "; check the ACL of this path" : "")));
    }

    final void note(String newTrouble) {
        trouble = newTrouble;
    }

    final String trouble() {
        return trouble;
    }

    final void timeout(ScheduledFuture<?> scheduled) {
        timeout = scheduled;
        if (isDone()) {
            scheduled.cancel(false);
        }
    }

    final void cancelTimeout() {
        ScheduledFuture<?> scheduled = timeout;
        if (scheduled != null) {
            scheduled.cancel(false);
        }
    }

    /** Whether an answer leaves open what has happened, or only says that this was not the moment: worth another attempt. */
    static boolean transientTrouble(Code code) {
        return switch (code) {
            case CONNECTIONLOSS,
                    OPERATIONTIMEOUT,
                    REQUESTTIMEOUT,
                    SESSIONEXPIRED,
                    SESSIONMOVED,
                    NOTREADONLY,
                    THROTTLEDOP -> true;
            default -> false;
        };
    }
}
