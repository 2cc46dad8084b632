package dev.handover.election.zookeeper;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The content of a znode: lines of {@code key=value}, UTF-8, each closed by a line feed, so that a person with {@code zkCli.sh} can read it.
 *
 * <pre>
 * format=1
 * epoch=7
 * reason=a does not answer
 * </pre>
 *
 * The order of the lines is free, everything else is strict: each key exactly once, no unknown key, numbers and UUIDs as
 * Java prints them. In values a backslash is written {@code \\}, and control characters and lone surrogates as a backslash, a {@code u} and
 * four hexadecimal digits. {@code format} is the version of the content; a reader refuses every other one than its own.
 */
public final class Content {
    static final int MAX_BYTES = 256 * 1024;
    private static final String FORMAT = "format";

    private final Map<String, String> values;

    private Content(Map<String, String> values) {
        this.values = values;
    }

    public static Content ofFormat(int format) {
        return new Content(new LinkedHashMap<>()).with(FORMAT, format);
    }

    public Content with(String key, Object value) {
        values.put(key, value.toString());
        return this;
    }

    public byte[] encode() {
        StringBuilder text = new StringBuilder(256);
        values.forEach((key, value) -> {
            text.append(key).append('=');
            escape(value, text);
            text.append('\n');
        });
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("content of " + bytes.length + " bytes exceeds the " + MAX_BYTES
                    + " that a znode of ours may have; shorten its texts: "
                    + text.substring(0, 200) + "...");
        }
        return bytes;
    }

    public static Content decode(byte[] bytes, int format) throws MalformedContentException {
        if (bytes.length > MAX_BYTES) {
            throw new MalformedContentException("more than " + MAX_BYTES + " bytes");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new MalformedContentException("not UTF-8");
        }
        Map<String, String> values = new LinkedHashMap<>();
        int from = 0;
        while (from < text.length()) {
            int end = text.indexOf('\n', from);
            if (end < 0) {
                throw new MalformedContentException("the last line is cut off");
            }
            String line = text.substring(from, end);
            int equals = line.indexOf('=');
            if (equals < 1) {
                throw new MalformedContentException("no key=value in line '" + line + "'");
            }
            if (values.put(line.substring(0, equals), unescape(line.substring(equals + 1))) != null) {
                throw new MalformedContentException("the key of line '" + line + "' is there twice");
            }
            from = end + 1;
        }
        Content content = new Content(values);
        int found = content.takeInt(FORMAT);
        if (found != format) {
            throw new MalformedContentException("its format is " + found + " and this release knows " + format);
        }
        return content;
    }

    /** To be called last: everything must have been taken. */
    public void expectNoMore() throws MalformedContentException {
        if (!values.isEmpty()) {
            throw new MalformedContentException(
                    "unknown key '" + values.keySet().iterator().next() + "'");
        }
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    public String take(String key) throws MalformedContentException {
        String value = values.remove(key);
        if (value == null) {
            throw new MalformedContentException("the key '" + key + "' is missing");
        }
        return value;
    }

    /** All keys that begin so, without their beginning, and their values. */
    Map<String, String> takeAll(String prefix) {
        Map<String, String> taken = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                taken.put(key.substring(prefix.length()), value);
            }
        });
        values.keySet().removeIf(key -> key.startsWith(prefix));
        return taken;
    }

    /** The comma-separated parts; none for an empty value. */
    List<String> takeList(String key) throws MalformedContentException {
        String value = take(key);
        return value.isEmpty() ? new ArrayList<>() : new ArrayList<>(List.of(value.split(",", -1)));
    }

    public long takeLong(String key) throws MalformedContentException {
        String value = take(key);
        try {
            long number = Long.parseLong(value);
            if (Long.toString(number).equals(value)) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw new MalformedContentException(key + " '" + value + "' is not a number");
        }
        throw new MalformedContentException(key + " '" + value + "' is not a number in its plain form");
    }

    public int takeInt(String key) throws MalformedContentException {
        long number = takeLong(key);
        if (number != (int) number) {
            throw new MalformedContentException(key + " " + number + " is out of range");
        }
        return (int) number;
    }

    public UUID takeUuid(String key) throws MalformedContentException {
        return uuid(key, take(key));
    }

    static UUID uuid(String key, String value) throws MalformedContentException {
        try {
            UUID uuid = UUID.fromString(value);
            if (uuid.toString().equals(value)) {
                return uuid;
            }
        } catch (IllegalArgumentException e) {
            throw new MalformedContentException(key + " '" + value + "' is not a UUID");
        }
        throw new MalformedContentException(key + " '" + value + "' is not a UUID in its plain form");
    }

    private static void escape(String value, StringBuilder out) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '\\') {
                out.append("\\\\");
            } else if (Character.isHighSurrogate(c)
                    && i + 1 < value.length()
                    && Character.isLowSurrogate(value.charAt(i + 1))) {
                out.append(c).append(value.charAt(++i));
            } else if (Character.isISOControl(c) || Character.isSurrogate(c)) {
                out.append("\\u").append(String.format("%04x", (int) c));
            } else {
                out.append(c);
            }
        }
    }

    private static String unescape(String value) throws MalformedContentException {
        if (value.indexOf('\\') < 0) {
            return value;
        }
        StringBuilder out = new StringBuilder(value.length());
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c != '\\') {
                out.append(c);
            } else if (value.startsWith("\\\\", i)) {
                out.append('\\');
                i++;
            } else if (value.startsWith("\\u", i) && i + 6 <= value.length()) {
                out.append(hex(value.substring(i + 2, i + 6)));
                i += 5;
            } else {
                throw new MalformedContentException("bad escape in '" + value + "'");
            }
        }
        return out.toString();
    }

    private static char hex(String digits) throws MalformedContentException {
        int value = 0;
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw new MalformedContentException("bad escape '\\u" + digits + "'");
            }
            value = value * 16 + digit;
        }
        return (char) value;
    }
}
