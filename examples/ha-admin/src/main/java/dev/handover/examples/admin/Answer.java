package dev.handover.examples.admin;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a command answers: names and values in order, printed for people or as one line of JSON. */
final class Answer {
    private final Map<String, Object> values = new LinkedHashMap<>();

    /** @param value a number, a boolean, a list of these, or anything else, which becomes text */
    Answer with(String name, Object value) {
        values.put(name, value);
        return this;
    }

    String text() {
        return values.entrySet().stream()
                .map(value -> value.getKey() + ": " + text(value.getValue()))
                .collect(Collectors.joining("\n"));
    }

    /** What has commas in it stands in lines of its own. */
    private static String text(Object value) {
        return value instanceof List<?> list
                        && list.stream().anyMatch(item -> item.toString().contains(", "))
                ? list.stream().map(item -> "\n  " + item).collect(Collectors.joining())
                : value.toString();
    }

    String json() {
        return values.entrySet().stream()
                .map(value -> quoted(value.getKey()) + ":" + json(value.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private static String json(Object value) {
        if (value instanceof Number || value instanceof Boolean) {
            return value.toString();
        } else if (value instanceof List<?> list) {
            return list.stream().map(Answer::json).collect(Collectors.joining(",", "[", "]"));
        }
        return quoted(value.toString());
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
