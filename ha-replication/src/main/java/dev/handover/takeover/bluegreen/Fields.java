package dev.handover.takeover.bluegreen;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The content of a record: lines of {@code key=value} in UTF-8, sorted, as {@link Properties} reads them and people, too. */
final class Fields {
    private static final String FORMAT = "format";

    private final Map<String, String> values = new TreeMap<>();

    static Fields ofFormat(int format) {
        return new Fields().put(FORMAT, format);
    }

    /** Throws {@link IllegalArgumentException} with the content in its message, if it is not of that format. */
    static Fields decode(byte[] content, int format) {
        String text = new String(content, StandardCharsets.UTF_8);
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(text));
        } catch (IOException | IllegalArgumentException e) {
            throw new IllegalArgumentException("cannot be read (" + e.getMessage() + "): " + text, e);
        }
        Fields fields = new Fields();
        properties.stringPropertyNames().forEach(key -> fields.values.put(key, properties.getProperty(key)));
        if (!String.valueOf(format).equals(fields.values.get(FORMAT))) {
            throw new IllegalArgumentException("its format is " + fields.values.get(FORMAT) + " and this release knows "
                    + format + "; upgrade this instance. It holds: " + text);
        }
        return fields;
    }

    byte[] encode() {
        StringBuilder text = new StringBuilder();
        values.forEach((key, value) ->
                text.append(key).append('=').append(escaped(value)).append('\n'));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String escaped(String value) {
        String escaped = value.replace("\\", "\\\\")
                .replace("\n", "\\n")
                .replace("\r", "\\r")
                .replace("\f", "\\f");
        return escaped.startsWith(" ") || escaped.startsWith("\t") ? "\\" + escaped : escaped;
    }

    Fields put(String key, @Nullable Object value) {
        if (value != null) {
            values.put(key, value.toString());
        }
        return this;
    }

    Fields putAll(String key, Iterable<?> parts) {
        StringBuilder joined = new StringBuilder();
        for (Object part : parts) {
            joined.append(joined.isEmpty() ? "" : ",").append(part);
        }
        return put(key, joined);
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    /** The keys that begin so, without that beginning. */
    List<String> keys(String prefix) {
        return values.keySet().stream()
                .filter(key -> key.startsWith(prefix))
                .map(key -> key.substring(prefix.length()))
                .collect(Collectors.toList());
    }

    String text(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new IllegalArgumentException("the key '" + key + "' is missing; there are " + values.keySet());
        }
        return value;
    }

    String text(String key, String absent) {
        return values.getOrDefault(key, absent);
    }

    long number(String key) {
        return Long.parseLong(text(key));
    }

    UUID uuid(String key) {
        return UUID.fromString(text(key));
    }

    List<String> parts(String key) {
        String value = text(key, "");
        return value.isEmpty() ? List.of() : Arrays.asList(value.split(",", -1));
    }
}
