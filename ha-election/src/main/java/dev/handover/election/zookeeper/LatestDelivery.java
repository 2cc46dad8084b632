package dev.handover.election.zookeeper;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the newest value to a listener, one call at a time, never an older one after a newer one. Values come from several threads (a new
 * session has a new event thread); whoever comes while a call is under way leaves the value behind and goes, and the caller
 * delivers it afterwards. Only the newest waiting value is kept, so nothing piles up behind a slow listener.
 */
final class LatestDelivery<T> {
    private static final Logger LOG = LoggerFactory.getLogger(LatestDelivery.class);

    private final String what;
    private final Consumer<? super T> listener;
    private long newest = Long.MIN_VALUE;
    private @Nullable T waiting;
    private boolean delivering;
    private boolean closed;

    LatestDelivery(String what, Consumer<? super T> listener) {
        this.what = what;
        this.listener = listener;
    }

    /** Delivers the value unless one of this order or a greater one has been offered before. */
    void offer(long order, T value) {
        synchronized (this) {
            if (closed || order <= newest) {
                return;
            }
            newest = order;
            waiting = value;
            if (delivering) {
                return;
            }
            delivering = true;
        }
        for (T next = next(); next != null; next = next()) {
            try {
                listener.accept(next);
            } catch (RuntimeException | Error e) {
                LOG.warn("The listener of {} failed on {}", what, next, e);
            }
        }
    }

    synchronized void close() {
        closed = true;
        waiting = null;
    }

    private synchronized @Nullable T next() {
        T next = waiting;
        waiting = null;
        delivering = next != null;
        return next;
    }
}
