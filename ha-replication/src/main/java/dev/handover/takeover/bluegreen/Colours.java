package dev.handover.takeover.bluegreen;

/** The one rule for colours, versions and services' names, which end up in records, events and logs. */
final class Colours {
    private Colours() {}

    static String check(String colour) {
        return check("colour", colour);
    }

    static String check(String what, String value) {
        if (!value.matches("[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")) {
            throw new IllegalArgumentException(what + " '" + value
                    + "' is not 1 to 64 letters, digits, and after the first character '-', '_', '.' and '+'");
        }
        return value;
    }
}
