package dev.handover.examples.kv.resp;

import java.util.concurrent.atomic.AtomicLong;

/** Bytes that commands of all clients together may hold, from their first byte until they are answered. Thread-safe. */
final class MemoryBudget {
    private final long limit;
    private final AtomicLong used = new AtomicLong();

    MemoryBudget(long limitBytes) {
        this.limit = limitBytes;
    }

    /** Takes them if they are there. */
    boolean take(long bytes) {
        if (used.addAndGet(bytes) <= limit) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }

    void giveBack(long bytes) {
        used.addAndGet(-bytes);
    }

    long used() {
        return used.get();
    }

    long limit() {
        return limit;
    }
}
