package dev.handover.replication.storage;

/** Counts what is read while a log is opened, for an {@link OpeningListener}. */
final class Opening {
    private static final long STEP = 16L << 20;

    private final OpeningListener listener;
    private long total;
    private long done;
    private long told;

    Opening(OpeningListener listener) {
        this.listener = listener;
    }

    /** So much more is to be read. */
    void expect(long bytes) {
        total += bytes;
    }

    /** So much more was read. */
    void advance(long bytes) {
        done += bytes;
        if (done - told >= STEP) {
            told = done;
            listener.progress(done, Math.max(done, total));
        }
    }

    /** Everything is read. */
    void done() {
        if (done > told) {
            told = done;
            listener.progress(done, done);
        }
    }

    void snapshotUnusable(String message) {
        listener.snapshotUnusable(message);
    }

    void tailCut(String message) {
        listener.tailCut(message);
    }

    void damaged(String message) {
        listener.damaged(message);
    }
}
