package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent.SwitchStep;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the instances of a service agree on: the one record that a compare-and-set protects. As text, as people can read it:
 *
 * <pre>
 * [zk] get /handover/records/blue-green:orders
 * by=b1
 * format=1
 * generation=2
 * groups=orders
 * history.5=1732622400123|SWITCH|blue|green|green|2|b1: everybody is ready
 * live=green
 * nonce=c0de4f10-...
 * switch.from=blue
 * switch.step=SWITCH
 * ...
 * </pre>
 *
 * @param groups of the service, sorted
 * @param live colour whose instances shall lead the groups
 * @param generation grows by one whenever {@code live} changes
 * @param last the last switch; null before the first
 * @param history its and earlier steps, the newest last; bounded
 * @param by who wrote this
 * @param nonce makes it different from every other proposal
 */
record SwitchRecord(
        List<GroupId> groups,
        String live,
        long generation,
        @Nullable Switching last,
        List<HistoryLine> history,
        NodeId by,
        UUID nonce) {
    private static final int FORMAT = 1;
    private static final int KEPT = 24;

    SwitchRecord {
        groups = groups.stream().sorted().toList();
        history = List.copyOf(history);
    }

    /** The record's name in the store. */
    static String name(String service) {
        return "blue-green:" + service;
    }

    static SwitchRecord first(List<GroupId> groups, String live, NodeId by, UUID nonce) {
        return new SwitchRecord(groups, live, 1, null, List.of(), by, nonce);
    }

    /** The switch that is open; null if none is. */
    @Nullable
    Switching open() {
        Switching current = last;
        return current != null && current.isOpen() ? current : null;
    }

    /** The same with the switch at its next step; the colour that is live changes where a step says so. */
    SwitchRecord with(Switching next, NodeId author, Instant at, UUID newNonce) {
        String nextLive =
                switch (next.step()) {
                    case SWITCH -> next.to();
                    case ROLL_BACK -> next.from();
                    default -> live;
                };
        long nextGeneration = nextLive.equals(live) ? generation : generation + 1;
        List<HistoryLine> lines = new ArrayList<>(history);
        long number = lines.isEmpty() ? 1 : lines.get(lines.size() - 1).number() + 1;
        lines.add(new HistoryLine(
                number,
                at,
                next.step(),
                next.from(),
                next.to(),
                nextLive,
                nextGeneration,
                author + ": " + next.reason()));
        List<HistoryLine> kept = lines.subList(Math.max(0, lines.size() - KEPT), lines.size());
        return new SwitchRecord(groups, nextLive, nextGeneration, next, kept, author, newNonce);
    }

    /** The same with an approval; no step begins. */
    SwitchRecord approved(SwitchStep step, NodeId author, UUID newNonce) {
        Switching current = open();
        if (current == null) {
            throw new IllegalStateException("no switch is open");
        }
        return new SwitchRecord(groups, live, generation, current.withApproval(step), history, author, newNonce);
    }

    /** The same, of a switch that has just been begun in this context. */
    SwitchRecord begunIn(Map<String, String> context) {
        Switching current = last;
        return current == null
                ? this
                : new SwitchRecord(groups, live, generation, current.in(context), history, by, nonce);
    }

    byte[] encode() {
        Fields fields = Fields.ofFormat(FORMAT)
                .putAll("groups", groups)
                .put("live", live)
                .put("generation", generation)
                .put("by", by)
                .put("nonce", nonce);
        history.forEach(line -> fields.put("history." + line.number(), line.encode()));
        if (last != null) {
            last.encode(fields);
        }
        return fields.encode();
    }

    /** Throws {@link IllegalArgumentException} with the content in its message, if it cannot be understood. */
    static SwitchRecord decode(byte[] content) {
        Fields fields = Fields.decode(content, FORMAT);
        List<HistoryLine> history = new ArrayList<>();
        String prefix = "history.";
        fields.keys(prefix).stream().map(Long::parseLong).sorted().forEach(number -> {
            history.add(HistoryLine.decode(number, fields.text(prefix + number)));
        });
        return new SwitchRecord(
                fields.parts("groups").stream().map(GroupId::of).toList(),
                fields.text("live"),
                fields.number("generation"),
                fields.has("switch.id") ? Switching.decode(fields) : null,
                history,
                NodeId.of(fields.text("by")),
                fields.uuid("nonce"));
    }
}
