package dev.handover.replication;

import dev.handover.NodeId;
import dev.handover.event.HaEvent.TransferStep;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a transfer of the leadership ended. All times are by the old leader's clock.
 *
 * @param outcome {@link TransferStep#SERVING}, {@link TransferStep#UNHEARD}: transferred, and the new leader was, or was not, heard to serve; {@link
 *     TransferStep#GIVEN_UP}: not transferred, this leader goes on; {@link TransferStep#OVERTAKEN}: somebody else than the target leads that epoch or a later one
 * @param from the old leader
 * @param to the target; null if none was chosen
 * @param epoch that the transfer made, or would have made
 * @param catchUp until the target held everything; the old leader served
 * @param compareAndSet until the configuration store had confirmed it; the old leader served
 * @param pause from then until the new leader was known to serve: as long as a command may have waited. Zero if it was not transferred
 * @param detail in words
 */
public record TransferResult(
        TransferStep outcome,
        NodeId from,
        @Nullable NodeId to,
        long epoch,
        Duration catchUp,
        Duration compareAndSet,
        Duration pause,
        String detail) {
    /** Whether the target became leader, and nobody else since as far as is known. */
    public boolean transferred() {
        return outcome == TransferStep.SERVING || outcome == TransferStep.UNHEARD;
    }
}
