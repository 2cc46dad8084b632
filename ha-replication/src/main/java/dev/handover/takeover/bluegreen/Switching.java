package dev.handover.takeover.bluegreen;

import dev.handover.NodeId;
import dev.handover.event.HaEvent.SwitchStep;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * The last switch of a service, open or over.
 *
 * @param from colour that was live when it began
 * @param fromVersion its versions, when the switch left {@link SwitchStep#PREPARE}; empty before
 * @param toVersion version of the new colour; empty before
 * @param step that has begun
 * @param approved steps that people have approved
 * @param participants instances of the new version that take part, and which process each is: fixed when {@link SwitchStep#PREPARE} ends
 * @param reason why the step began
 * @param context of whoever has begun it, as {@link dev.handover.event.EventBus#carried} gives it, a trace say; nothing is decided by it
 */
record Switching(
        UUID id,
        SwitchPlan plan,
        String from,
        String fromVersion,
        String toVersion,
        SwitchStep step,
        Set<SwitchStep> approved,
        SortedMap<NodeId, UUID> participants,
        String reason,
        Map<String, String> context) {
    Switching {
        context = Collections.unmodifiableMap(new TreeMap<>(context));
        Set<SwitchStep> copy = EnumSet.noneOf(SwitchStep.class);
        copy.addAll(approved);
        approved = Collections.unmodifiableSet(copy);
        participants = Collections.unmodifiableSortedMap(new TreeMap<>(participants));
    }

    String to() {
        return plan.to();
    }

    boolean isOpen() {
        return !step.isLast();
    }

    /** Whether going back must stay possible: no new format may be written. */
    boolean mayGoBack() {
        return isOpen() && step != SwitchStep.COMMIT && step != SwitchStep.DRAIN;
    }

    /** Steps that begin only when they are approved, and are not yet. */
    Set<SwitchStep> approvals() {
        Set<SwitchStep> open = new TreeSet<>();
        if (mayGoBack() && step != SwitchStep.ROLL_BACK) {
            open.addAll(plan.holdBefore());
            open.removeAll(approved);
        }
        return open;
    }

    Switching at(SwitchStep next, String why) {
        return new Switching(id, plan, from, fromVersion, toVersion, next, approved, participants, why, context);
    }

    Switching in(Map<String, String> caller) {
        return new Switching(id, plan, from, fromVersion, toVersion, step, approved, participants, reason, caller);
    }

    Switching withParticipants(SortedMap<NodeId, UUID> nodes, String oldVersions, String newVersion) {
        return new Switching(id, plan, from, oldVersions, newVersion, step, approved, nodes, reason, context);
    }

    Switching withApproval(SwitchStep approval) {
        Set<SwitchStep> more = EnumSet.noneOf(SwitchStep.class);
        more.addAll(approved);
        more.add(approval);
        return new Switching(id, plan, from, fromVersion, toVersion, step, more, participants, reason, context);
    }

    void encode(Fields into) {
        into.put("switch.id", id)
                .put("switch.from", from)
                .put("switch.fromVersion", fromVersion)
                .put("switch.toVersion", toVersion)
                .put("switch.step", step)
                .putAll("switch.approved", approved)
                .put("switch.reason", reason);
        participants.forEach((node, process) -> into.put("switch.participant." + node, process));
        context.forEach((key, value) -> into.put("switch.context." + key, value));
        plan.encode(into);
    }

    static Switching decode(Fields from) {
        SortedMap<NodeId, UUID> participants = new TreeMap<>();
        String prefix = "switch.participant.";
        for (String node : from.keys(prefix)) {
            participants.put(NodeId.of(node), from.uuid(prefix + node));
        }
        Map<String, String> context = new TreeMap<>();
        from.keys("switch.context.").forEach(key -> context.put(key, from.text("switch.context." + key)));
        Set<SwitchStep> approved = EnumSet.noneOf(SwitchStep.class);
        from.parts("switch.approved").forEach(step -> approved.add(SwitchStep.valueOf(step)));
        return new Switching(
                from.uuid("switch.id"),
                SwitchPlan.decode(from),
                from.text("switch.from"),
                from.text("switch.fromVersion"),
                from.text("switch.toVersion"),
                SwitchStep.valueOf(from.text("switch.step")),
                approved,
                participants,
                from.text("switch.reason"),
                context);
    }
}
