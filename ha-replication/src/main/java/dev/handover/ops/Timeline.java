package dev.handover.ops;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.event.HaEvent;
import dev.handover.event.HaEvent.BalanceStep;
import dev.handover.event.HaEvent.StorageFinding;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Makes lines for people of events: the steps of one take-over become one line. Guarded by itself. */
final class Timeline {
    private final int capacity;
    private final Deque<OpsEvent> lines = new ArrayDeque<>();
    private final Map<GroupId, Long> suspectedNanos = new HashMap<>();
    private final Map<GroupId, Long> transferredNanos = new HashMap<>();
    private final Map<GroupId, NodeId> leaders = new HashMap<>();
    private final Map<GroupId, Boolean> storeReachable = new HashMap<>();
    private long sequence;

    Timeline(int capacity) {
        this.capacity = capacity;
    }

    synchronized List<OpsEvent> lines() {
        return List.copyOf(lines);
    }

    synchronized boolean storeReachable(GroupId group) {
        return storeReachable.getOrDefault(group, true);
    }

    synchronized void add(
            Instant at, OpsLevel level, String kind, String subject, String text, @Nullable Double millis) {
        lines.addLast(new OpsEvent(++sequence, at, level, kind, subject, text, millis));
        if (lines.size() > capacity) {
            lines.removeFirst();
        }
    }

    synchronized void accept(HaEvent event) {
        if (event instanceof HaEvent.TakeOver step) {
            takeOver(step);
        } else if (event instanceof HaEvent.Transfer step) {
            transfer(step);
        } else if (event instanceof HaEvent.ConfigurationChanged changed) {
            NodeId leader = changed.configuration().leader().node();
            if (!leader.equals(leaders.put(event.group(), leader)) && !leader.equals(event.node())) {
                add(
                        event,
                        OpsLevel.OK,
                        "leader",
                        leader + " leads epoch " + changed.configuration().epoch() + ": "
                                + changed.configuration().reason());
            }
        } else if (event instanceof HaEvent.RedundancyChanged changed) {
            Redundancy.Level level = changed.redundancy().level();
            add(
                    event,
                    level == Redundancy.Level.FULL
                            ? OpsLevel.OK
                            : level == Redundancy.Level.REFUSING ? OpsLevel.BAD : OpsLevel.WARN,
                    "redundancy",
                    "in sync: " + changed.redundancy().inSync() + ", missing: "
                            + changed.redundancy().missing() + " (" + changed.reason() + ")");
        } else if (event instanceof HaEvent.ReplicaFaulted faulted) {
            add(event, OpsLevel.BAD, "fault", faulted.reason());
        } else if (event instanceof HaEvent.Coordination coordination) {
            storeReachable.put(event.group(), coordination.reachable());
            add(
                    event,
                    coordination.reachable() ? OpsLevel.OK : OpsLevel.WARN,
                    "store",
                    (coordination.reachable()
                                    ? "the configuration store answers again"
                                    : "the configuration store does not answer")
                            + ": " + coordination.detail());
        } else if (event instanceof HaEvent.ColourSwitch step) {
            boolean bad = step.step() == SwitchStep.ROLL_BACK
                    || step.step() == SwitchStep.ROLLED_BACK
                    || step.step() == SwitchStep.ABORTED;
            add(
                    step.at(),
                    bad ? OpsLevel.WARN : OpsLevel.OK,
                    "switch",
                    step.service(),
                    step.step() + " to " + step.to() + ", " + step.live() + " is live: " + step.detail(),
                    null);
        } else if (event instanceof HaEvent.PartitionBalance balance
                && balance.step() != BalanceStep.MOVED
                && balance.step() != BalanceStep.NOT_MOVED) { // each is a transfer, and there may be very many
            add(
                    balance.at(),
                    balance.step() == BalanceStep.TO_AND_FRO ? OpsLevel.WARN : OpsLevel.OK,
                    "partitions",
                    balance.partitions(),
                    balance.step() + ": " + balance.detail(),
                    null);
        } else if (event instanceof HaEvent.Storage storage) {
            StorageFinding finding = storage.finding();
            add(event, finding.isAlarm() ? OpsLevel.WARN : OpsLevel.OK, "storage", storage.detail());
        }
    }

    private void takeOver(HaEvent.TakeOver step) {
        if (step.step() == TakeOverStep.SUSPECTED) {
            suspectedNanos.put(step.group(), step.nanos());
        } else if (step.step() == TakeOverStep.LOST) {
            suspectedNanos.remove(step.group());
        } else if (step.step() == TakeOverStep.SERVING) {
            Long from = suspectedNanos.remove(step.group());
            leaders.put(step.group(), step.node());
            if (from == null) {
                add(step, OpsLevel.OK, "leader", step.node() + " leads epoch " + step.epoch());
            } else {
                add(
                        step.at(),
                        OpsLevel.WARN,
                        "take-over",
                        step.group().value(),
                        step.node() + " took over, epoch " + step.epoch(),
                        (step.nanos() - from) / 1e6);
            }
        }
    }

    private void transfer(HaEvent.Transfer step) {
        if (step.step() == TransferStep.TRANSFERRED) {
            transferredNanos.put(step.group(), step.nanos());
        } else if (step.step() == TransferStep.SERVING) {
            Long from = transferredNanos.remove(step.group());
            add(
                    step.at(),
                    OpsLevel.OK,
                    "transfer",
                    step.group().value(),
                    step.node() + " handed over to " + Objects.toString(step.target(), "nobody") + ", epoch "
                            + step.epoch(),
                    from == null ? null : (step.nanos() - from) / 1e6);
        } else if (step.step().isLast()) {
            transferredNanos.remove(step.group());
            add(
                    step,
                    OpsLevel.WARN,
                    "transfer",
                    "to " + Objects.toString(step.target(), "the best") + ", "
                            + step.step().name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": "
                            + step.detail());
        }
    }

    private void add(HaEvent event, OpsLevel level, String kind, String text) {
        add(event.at(), level, kind, event.group().value(), text, null);
    }
}
