package dev.handover.examples.kv.resp;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/** A command typed as a line. Words are split at spaces; quotes as in Redis: {@code "a\n\x00"} with escapes, {@code 'a'} with only {@code \'}. */
final class InlineCommand {
    private final byte[] line;
    private int at;

    private InlineCommand(byte[] line) {
        this.line = line;
    }

    /**
     * The words of the line, none if it is blank.
     *
     * @throws IllegalArgumentException if a quote is not closed, or closed within a word
     */
    static List<byte[]> split(byte[] line) {
        return new InlineCommand(line).words();
    }

    private List<byte[]> words() {
        List<byte[]> words = new ArrayList<>();
        while (true) {
            while (at < line.length && isSpace(line[at])) {
                at++;
            }
            if (at == line.length) {
                return words;
            }
            words.add(word());
        }
    }

    private byte[] word() {
        ByteArrayOutputStream word = new ByteArrayOutputStream();
        while (at < line.length && !isSpace(line[at])) {
            byte b = line[at++];
            if (b == '"' || b == '\'') {
                quoted(word, b);
            } else {
                word.write(b);
            }
        }
        return word.toByteArray();
    }

    private void quoted(ByteArrayOutputStream word, byte quote) {
        while (at < line.length) {
            byte b = line[at++];
            if (b == quote) {
                if (at < line.length && !isSpace(line[at])) {
                    break;
                }
                return;
            }
            if (b == '\\' && at < line.length && (quote == '"' || line[at] == '\'')) {
                b = escaped();
            }
            word.write(b);
        }
        throw new IllegalArgumentException("unbalanced quotes in request");
    }

    private byte escaped() {
        byte b = line[at++];
        if (b == 'x' && at + 1 < line.length) {
            int high = Character.digit(line[at], 16);
            int low = Character.digit(line[at + 1], 16);
            if (high >= 0 && low >= 0) {
                at += 2;
                return (byte) (high << 4 | low);
            }
        }
        return switch (b) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'b' -> '\b';
            case 'a' -> 7;
            default -> b;
        };
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || (b >= '\t' && b <= '\r') || b == 0;
    }
}
