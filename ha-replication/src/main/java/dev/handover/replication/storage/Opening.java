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

    void warn(String message) {
        listener.warn(message);
    }
}
