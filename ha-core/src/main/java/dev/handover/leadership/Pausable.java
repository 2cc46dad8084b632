package dev.handover.leadership;

import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A leadership that can be paused for maintenance: nobody leads meanwhile. An election is; the group of a replicated log is not, because without a leader it serves nobody: there, maintenance is a transfer
 * and a stop of the node. Any thread; nothing blocks.
 */
public interface Pausable extends LeadershipSource {
    /**
     * Lets nobody lead for some time. Several pauses may be in force side by side, one for each owner, and the same owner replaces its own. Completes when nobody leads any more.
     *
     * @param owner who is to be asked about it: letters, digits, '-', '_' and '.'
     * @param expiry when it ends even if nobody ends it
     * @throws IllegalArgumentException if the expiry has passed
     */
    CompletableFuture<Void> pause(String owner, String reason, Instant expiry);

    /** Ends the pause of this owner; fine if there is none. */
    CompletableFuture<Void> resume(String owner);

    /** Who has paused it, why, and until when, in words, as it was seen last; empty if nobody has. */
    Optional<String> paused();
}
