package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.NodeId;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one instance says of itself, in a record that nobody else writes.
 *
 * @param process differs with every start
 * @param featureLevel highest that it supports
 * @param switchId the switch that it takes part in; null if none. The rest is about that one
 * @param applied what it has applied of each group, while the switch is prepared
 * @param warm how its warm-up ended
 * @param gate whether it is ready
 * @param drain how its drain ended
 * @param before its traffic before the switch
 * @param since its traffic since it bakes
 */
record Report(
        NodeId node,
        UUID process,
        String colour,
        String version,
        int featureLevel,
        @Nullable UUID switchId,
        SortedMap<GroupId, Long> applied,
        Task warm,
        Task gate,
        Task drain,
        @Nullable TrafficSample before,
        @Nullable TrafficSample since) {
    private static final int FORMAT = 1;

    /** How far a piece of work is. */
    enum State {
        /** Not begun, or under way. */
        PENDING,
        DONE,
        FAILED
    }

    /** With words for people. */
    record Task(State state, String detail) {
        static final Task NONE = new Task(State.PENDING, "");

        static Task done() {
            return new Task(State.DONE, "");
        }

        static Task failed(String why) {
            return new Task(State.FAILED, why);
        }

        boolean isDone() {
            return state == State.DONE;
        }

        boolean isFailed() {
            return state == State.FAILED;
        }

        String encode() {
            return state + ":" + detail;
        }

        static Task decode(String text) {
            int colon = text.indexOf(':');
            return new Task(State.valueOf(text.substring(0, colon)), text.substring(colon + 1));
        }
    }

    Report {
        applied = Collections.unmodifiableSortedMap(new TreeMap<>(applied));
    }

    static String name(String service, NodeId node) {
        return SwitchRecord.name(service) + ":" + node;
    }

    /** One that takes part in no switch. */
    static Report of(NodeId node, UUID process, String colour, String version, int featureLevel) {
        return new Report(
                node,
                process,
                colour,
                version,
                featureLevel,
                null,
                new TreeMap<>(),
                Task.NONE,
                Task.NONE,
                Task.NONE,
                null,
                null);
    }

    boolean takesPartIn(Switching current) {
        return current.id().equals(switchId);
    }

    byte[] encode() {
        Fields fields = Fields.ofFormat(FORMAT)
                .put("node", node)
                .put("process", process)
                .put("colour", colour)
                .put("version", version)
                .put("featureLevel", featureLevel)
                .put("switch", switchId)
                .put("warm", warm.encode())
                .put("gate", gate.encode())
                .put("drain", drain.encode())
                .put("before", before == null ? null : before.encode())
                .put("since", since == null ? null : since.encode());
        applied.forEach((group, index) -> fields.put("applied." + group, index));
        return fields.encode();
    }

    /** Throws {@link IllegalArgumentException} with the content in its message, if it cannot be understood. */
    static Report decode(byte[] content) {
        Fields fields = Fields.decode(content, FORMAT);
        SortedMap<GroupId, Long> applied = new TreeMap<>();
        for (String group : fields.keys("applied.")) {
            applied.put(GroupId.of(group), fields.number("applied." + group));
        }
        return new Report(
                NodeId.of(fields.text("node")),
                fields.uuid("process"),
                fields.text("colour"),
                fields.text("version"),
                Math.toIntExact(fields.number("featureLevel")),
                fields.has("switch") ? fields.uuid("switch") : null,
                applied,
                Task.decode(fields.text("warm")),
                Task.decode(fields.text("gate")),
                Task.decode(fields.text("drain")),
                fields.has("before") ? TrafficSample.decode(fields.text("before")) : null,
                fields.has("since") ? TrafficSample.decode(fields.text("since")) : null);
    }
}
