package dev.handover;

/** The one rule for names that end up in file names, znode paths, frames and metrics. */
final class Names {
    private static final int MAX_LENGTH = 64;

    private Names() {}

    static String check(String kind, String value) {
        if (value.isEmpty() || value.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    kind + " '" + value + "' has " + value.length() + " characters; use 1 to " + MAX_LENGTH);
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            boolean letterOrDigit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
            boolean inner = c == '-' || c == '_' || c == '.';
            if (!letterOrDigit && !(inner && i > 0)) {
                throw new IllegalArgumentException(kind + " '" + value + "' has the character '" + c + "' at " + i
                        + "; use letters, digits, and after the first character also '-', '_' and '.'");
            }
        }
        return value;
    }
}
