package dev.handover.coordination;

import dev.handover.Registration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Small named records, beside the configurations of groups and with the same guarantees: what several instances must agree on and what is no data of a group, such as which version of a
 * service is live. Each record is changed only by compare-and-set on its version. All methods are asynchronous and may be called from any thread; futures and listeners complete on the
 * store's own threads and must not block them. Every future completes within the store's operation time-out.
 *
 * <p>A proposal should hold a nonce: equal bytes are taken for the own proposal when a lost answer is resolved.
 *
 * <p>A name that is deleted and made anew begins at version 0 again, so an old compare-and-set that is still in doubt could meet the new record. Delete only what its one owner writes.
 */
public interface RecordStore {
    /** As expected version: there must be no record yet. */
    int NOT_EXISTING = -1;

    /** Most bytes that a record may have. */
    int MAX_BYTES = 256 * 1024;

    /** Longest name. */
    int MAX_NAME = 200;

    /**
     * Reads the newest version, linearizably: everything that was stored before the call is seen.
     *
     * @param name 1 to {@link #MAX_NAME} letters, digits, and after the first character also {@code - _ . :}
     * @return empty if there is none; exceptionally with an {@link java.io.IOException} if the store cannot be reached
     * @throws IllegalArgumentException if it is no name
     */
    CompletableFuture<Optional<VersionedRecord>> read(String name);

    /**
     * Stores the content if the stored version is still {@code expectedVersion} ({@link #NOT_EXISTING}: if nothing is stored). Never completes exceptionally for want of an answer: that is
     * {@link RecordOutcome.InDoubt}. Nothing is sent any more once a conflict or a doubt was reported.
     *
     * @throws IllegalArgumentException if it is no name, no version, or the content is longer than {@link #MAX_BYTES}
     */
    CompletableFuture<RecordOutcome> compareAndSet(String name, int expectedVersion, byte[] content);

    /**
     * Removes the record if the stored version is still {@code expectedVersion}; applied as well if there is none any more. Ends as {@link #compareAndSet}.
     *
     * @throws IllegalArgumentException if it is no name, or the version is below 0
     */
    CompletableFuture<RecordOutcome> delete(String name, int expectedVersion);

    /**
     * Calls the listener with the record as it is now and after every change; empty while there is none. Changes in quick succession may be seen as one; the last one is always seen, also after
     * the connection was lost and came back. Calls come one at a time.
     */
    Registration watch(String name, Consumer<Optional<VersionedRecord>> listener);

    /**
     * Checks a name.
     *
     * @return the name
     * @throws IllegalArgumentException if it is none; the message says why
     */
    static String checkName(String name) {
        if (name.length() > MAX_NAME || !name.matches("[A-Za-z0-9][A-Za-z0-9_.:-]*")) {
            throw new IllegalArgumentException("record name '" + name + "' is not 1 to " + MAX_NAME
                    + " letters, digits, and after the first character '-', '_', '.' and ':'");
        }
        return name;
    }

    /**
     * Checks a proposal.
     *
     * @throws IllegalArgumentException if it is no name, no version, or the content is too long; the message says which
     */
    static void checkProposal(String name, int expectedVersion, byte[] content) {
        checkName(name);
        if (expectedVersion < NOT_EXISTING) {
            throw new IllegalArgumentException("expected version " + expectedVersion + " of record " + name
                    + " is below " + NOT_EXISTING + "; use the version that was read, or NOT_EXISTING");
        }
        if (content.length > MAX_BYTES) {
            throw new IllegalArgumentException("record " + name + " would have " + content.length
                    + " bytes; a record holds at most " + MAX_BYTES + ", larger things belong into a group's log");
        }
    }

    /**
     * Checks a deletion.
     *
     * @throws IllegalArgumentException if it is no name, or the version is below 0
     */
    static void checkDeletion(String name, int expectedVersion) {
        checkName(name);
        if (expectedVersion < 0) {
            throw new IllegalArgumentException("expected version " + expectedVersion + " of record " + name
                    + " is below 0; use the version that was read");
        }
    }
}
