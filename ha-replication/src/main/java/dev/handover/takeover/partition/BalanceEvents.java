package dev.handover.takeover.partition;

import dev.handover.GroupId;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.BalanceStep;
import dev.handover.replication.HaNode;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Tells what happens to the partitions as {@link HaEvent.PartitionBalance}. On the thread of the balancer. */
final class BalanceEvents {
    private final HaNode node;
    private final String name;
    private final GroupId first;
    private @Nullable BalanceStep last;
    private String lastDetail = "";

    BalanceEvents(HaNode node, String name, GroupId first) {
        this.node = node;
        this.name = name;
        this.first = first;
    }

    /** Something about one partition. */
    void tell(GroupId group, BalanceStep step, String detail) {
        node.events().publish(new HaEvent.PartitionBalance(Instant.now(), node.id(), group, name, step, detail));
    }

    /** What a look has found: told when it is settled, when it is so no more, and when others are awaited or drain. */
    void looked(BalanceStatus status) {
        BalanceStep step = status.settled() ? BalanceStep.SETTLED : BalanceStep.SPREADING;
        String detail = (status.awaited().isEmpty() ? "nobody is awaited" : "awaited: " + status.awaited())
                + (status.draining().isEmpty() ? "" : ", draining: " + status.draining());
        if (step != last || !detail.equals(lastDetail)) {
            last = step;
            lastDetail = detail;
            tell(first, step, "this instance leads " + status.led() + ", " + status.left() + " are to move, " + detail);
        }
    }
}
