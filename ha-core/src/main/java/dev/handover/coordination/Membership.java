package dev.handover.coordination;

import dev.handover.Registration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** Who is there and where: for finding each other, never for judging who is alive. */
public interface Membership {
    /**
     * Announces this node, or replaces what it has announced before, and keeps it announced over lost sessions until the store is closed.
     *
     * @return completes when it is visible to others for the first time
     */
    CompletableFuture<Void> announce(Member self);

    /** Calls the listener with all members as they are now (sorted by node), and after every change, one call at a time. */
    Registration watch(Consumer<List<Member>> listener);
}
