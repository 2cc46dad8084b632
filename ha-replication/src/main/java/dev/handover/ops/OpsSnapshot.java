package dev.handover.ops;

import java.time.Instant;
import java.util.List;

/**
 * What the operations page shows, at one moment, as this node knows it.
 *
 * @param at the wall clock of this node
 * @param version grows with every change and every sample
 * @param timeline the newest last, at most {@value OpsModel#MAX_EVENTS}
 */
public record OpsSnapshot(
        Instant at,
        String node,
        long version,
        List<OpsGroup> groups,
        List<OpsElection> elections,
        List<OpsEvent> timeline,
        List<OpsItem> items,
        List<OpsAction> actions) {
    /** As the page reads it; made of letters that are safe in HTML. */
    public String toJson() {
        return OpsJson.write(this);
    }
}
