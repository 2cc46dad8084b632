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

    /** A snapshot is of no use; the log is opened without it. */
    default void snapshotUnusable(String message) {}

    /** What lay behind the end of the log was cut off: the message says how many bytes, where, and why nothing acknowledged was among them. */
    default void tailCut(String message) {}

    /** What had been forced is missing or wrong: the log was set aside, and a new one takes its place. */
    default void damaged(String message) {}
}
