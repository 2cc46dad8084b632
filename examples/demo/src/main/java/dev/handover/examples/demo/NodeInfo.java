package dev.handover.examples.demo;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a server says in {@code INFO replication}.
 *
 * @param state LEADER, FOLLOWER, LEARNER and so on
 * @param epoch highest that it has adopted
 * @param inSync ids of the nodes in the in-sync set, as far as it knows
 * @param applied index of the last entry that its store has applied
 */
record NodeInfo(String node, String state, long epoch, List<String> inSync, long applied) {
    /** It leads, and its barrier has committed. */
    boolean serves() {
        return state.equals("LEADER");
    }

    /**
     * Reads the answer.
     *
     * @throws IllegalArgumentException if a field is missing or malformed
     */
    static NodeInfo parse(String info) {
        Map<String, String> fields = new HashMap<>();
        for (String line : info.split("\r\n")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1));
            }
        }
        String inSync = field(fields, "in_sync");
        return new NodeInfo(
                field(fields, "node"),
                field(fields, "state"),
                Long.parseLong(field(fields, "epoch")),
                inSync.isEmpty() ? List.of() : List.of(inSync.split(",")),
                Long.parseLong(field(fields, "applied_index")));
    }

    private static String field(Map<String, String> fields, String name) {
        String value = fields.get(name);
        if (value == null) {
            throw new IllegalArgumentException("INFO replication has no field '" + name + "' but " + fields.keySet());
        }
        return value;
    }
}
