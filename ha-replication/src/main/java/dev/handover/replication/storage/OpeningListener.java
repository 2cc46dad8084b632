package dev.handover.replication.storage;

/** Is told how the opening of a log goes on: what is there is read and verified, which takes seconds for gigabytes. Called by the thread that opens the log. */
public interface OpeningListener {
    /** Tells nobody. */
    OpeningListener NONE = new OpeningListener() {};

    /**
     * So much was read; called every few megabytes.
     *
     * @param bytes read and verified so far
     * @param ofBytes of so many in all, at most
     */
    default void progress(long bytes, long ofBytes) {}

    /** Something is wrong that does not keep the log from being opened; for a log line at WARN. */
    default void warn(String message) {}
}
