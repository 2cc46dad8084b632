package dev.handover;

/**
 * Name of one process of the application, unique in its cluster and kept over restarts.
 *
 * @param value 1 to 64 letters, digits, and after the first character also {@code - _ .}
 */
public record NodeId(String value) implements Comparable<NodeId> {
    /** The operators' tool: a run of it has this as its name, a dot, and something that no other run has. No node may be named so. */
    public static final String TOOL = "ha-admin";

    /** Checks the name. */
    public NodeId {
        Names.check("node id", value);
    }

    /**
     * Returns the id of that name.
     *
     * @throws IllegalArgumentException if the name is empty, too long or has other characters; the message names them
     */
    public static NodeId of(String value) {
        return new NodeId(value);
    }

    /** Whether it is a run of the operators' {@link #TOOL}, and no node. */
    public boolean isTool() {
        return value.startsWith(TOOL + ".");
    }

    @Override
    public int compareTo(NodeId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
