package dev.handover.coordination;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.Registration;
import dev.handover.ReplicaId;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Keeps one {@link Configuration} per group and changes it only by compare-and-set. This is the only place where consensus
 * happens. All methods are asynchronous and may be called from any thread; futures and listeners complete on the store's own
 * threads and must not block them. Every future completes within the store's operation time-out; a future that completes exceptionally
 * has changed nothing that a read could not tell.
 */
public interface ConfigurationStore extends AutoCloseable {
    /** A boot counter above all others: the identity was refused once and stays refused, see {@link #recordBoot}. */
    long CONDEMNED = Long.MAX_VALUE;

    /** As expected version: there must be no configuration yet. */
    int NOT_EXISTING = -1;

    /**
     * Reads the newest configuration, linearizably: everything that was stored before the call is seen.
     *
     * @return empty if the group has none; exceptionally with an {@link java.io.IOException} if the store cannot be reached, or if what
     *     is stored cannot be understood (the message then names the path and the content)
     */
    CompletableFuture<Optional<VersionedConfiguration>> read(GroupId group);

    /**
     * Stores {@code next} if the stored version is still {@code expectedVersion} ({@link #NOT_EXISTING}: if nothing is stored). Never completes
     * exceptionally for want of an answer: that is {@link CasOutcome.InDoubt}. The store never repeats the write by itself
     * in a way that could store the proposal after it has reported a conflict.
     */
    CompletableFuture<CasOutcome> compareAndSet(GroupId group, int expectedVersion, Configuration next);

    /**
     * Calls the listener with the configuration as it is now and after every change. Changes in quick succession may be seen as one; the last one
     * is always seen, also after the connection was lost and came back. Calls come one at a time.
     */
    Registration watch(GroupId group, Consumer<VersionedConfiguration> listener);

    /**
     * Records that this replica has started with this boot counter, and tells the highest counter recorded for the same identity before (0 if
     * none). The same process gets the same answer again. An answer that is not below {@code bootCounter} means that the volume was rolled back or
     * copied (R12); the record is then {@link #CONDEMNED}, for the refused start has raised the counter on disk, and the next one would pass.
     */
    CompletableFuture<Long> recordBoot(GroupId group, ReplicaId replica, long bootCounter);

    /** Who is there, over the same connection. Closed with the store. */
    Membership membership();

    /**
     * Small records that are no configuration of a group, over the same connection; their watches end with the store.
     *
     * @throws UnsupportedOperationException if this store keeps none
     */
    default RecordStore records() {
        throw new UnsupportedOperationException(getClass().getName() + " keeps no records");
    }

    /**
     * Calls the listener with whether the store answers, now and after every change; of changes in quick succession the last one is always seen.
     * Calls come one at a time. It is for telling people: neither a leader nor a follower acts on it (R14). A store that cannot tell never calls.
     */
    default Registration watchReachability(Consumer<Reachability> listener) {
        return () -> {};
    }

    /** Closes the connection and ends all watches; futures under way complete. Closing twice is fine. */
    @Override
    void close();
}
