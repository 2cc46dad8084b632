package dev.handover;

/**
 * Name of a replicated log and of the replicas that keep it.
 *
 * @param value 1 to 64 letters, digits, and after the first character also {@code - _ .}
 */
public record GroupId(String value) implements Comparable<GroupId> {
    /** Checks the name. */
    public GroupId {
        Names.check("group id", value);
    }

    /**
     * Returns the id of that name.
     *
     * @throws IllegalArgumentException if the name is empty, too long or has other characters; the message names them
     */
    public static GroupId of(String value) {
        return new GroupId(value);
    }

    @Override
    public int compareTo(GroupId other) {
        return value.compareTo(other.value);
    }

    @Override
    public String toString() {
        return value;
    }
}
