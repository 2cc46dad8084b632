package dev.handover;

/**
 * Name of one process of the application, unique in its cluster and kept over restarts.
 *
 * @param value 1 to 64 letters, digits, and after the first character also {@code - _ .}
 */
public record NodeId(String value) implements Comparable<NodeId> {
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

    @Override
    public int compareTo(NodeId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
