package dev.handover.coordination;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a node tells about itself beside its address: names and values that whoever routes, places or shows nodes can read. At most {@value #MAX_ENTRIES} of them; a name has 1 to
 * {@value #MAX_NAME} letters, digits, and after the first character also {@code - _ .}; a value has at most {@value #MAX_VALUE} characters and no control characters. Nothing that must be
 * right rests on them.
 */
public final class MemberAttributes {
    /** Where the node stands: a data centre, a rack. */
    public static final String ZONE = "zone";
    /** How much the node should lead, compared with the others: a whole number, the higher the rather. {@code priority.GROUP} is that for one group. */
    public static final String PRIORITY = "priority";
    /** The zone whose nodes should lead; counts for a node that is in it. */
    public static final String PREFERRED_ZONE = "preferred-zone";
    /** How much of the work the node should get, compared with the others: a whole number. */
    public static final String WEIGHT = "weight";
    /** Which of two releases that run side by side the node belongs to: {@code blue} or {@code green}, say. */
    public static final String COLOUR = "colour";
    /** {@code true}: the node should lead nothing that another can; absent: it may lead. */
    public static final String DRAINING = "draining";
    /** Release of the application. */
    public static final String VERSION = "version";

    static final int MAX_ENTRIES = 32;
    static final int MAX_NAME = 96;
    static final int MAX_VALUE = 256;

    private MemberAttributes() {}

    /**
     * A sorted copy that cannot be changed.
     *
     * @throws IllegalArgumentException if there are too many, or one is not allowed; the message names it
     */
    public static SortedMap<String, String> check(Map<String, String> attributes) {
        if (attributes.size() > MAX_ENTRIES) {
            throw new IllegalArgumentException(
                    attributes.size() + " attributes are more than " + MAX_ENTRIES + "; leave some out");
        }
        attributes.forEach(MemberAttributes::check);
        return Collections.unmodifiableSortedMap(new TreeMap<>(attributes));
    }

    /**
     * Checks one attribute.
     *
     * @throws IllegalArgumentException if name or value is not allowed; the message names it
     */
    public static void check(String name, String value) {
        if (name.isEmpty() || name.length() > MAX_NAME) {
            throw new IllegalArgumentException(
                    "attribute name '" + name + "' has " + name.length() + " characters; use 1 to " + MAX_NAME);
        }
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean letterOrDigit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            if (!letterOrDigit && (i == 0 || (c != '-' && c != '_' && c != '.'))) {
                throw new IllegalArgumentException("attribute name '" + name + "' has the character '" + c + "' at " + i
                        + "; use letters, digits, and after the first character also '-', '_' and '.'");
            }
        }
        if (value.length() > MAX_VALUE) {
            throw new IllegalArgumentException("attribute " + name + " has a value of " + value.length()
                    + " characters, '" + value.substring(0, 40) + "…'; use at most " + MAX_VALUE);
        }
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                throw new IllegalArgumentException(
                        "attribute " + name + " has a control character at " + i + " of its value; leave it out");
            }
        }
    }
}
