package dev.handover.examples.kv.system;

import dev.handover.replication.history.SequentialModel;
import org.jspecify.annotations.Nullable;

/** What one key does: its value, or the empty text while there is none (no test stores an empty value). Answers are in the words of {@code RawClient}. */
final class KeyModel implements SequentialModel<String, Request, String> {
    @Override
    public String initial() {
        return "";
    }

    @Override
    public String next(String value, Request request) {
        return switch (request.verb()) {
            case "GET" -> value;
            case "SET" -> request.argument(0);
            case "APPEND" -> value + request.argument(0);
            case "INCR" -> Long.toString(number(value) + 1);
            case "CAS" -> matches(value, request) ? request.argument(1) : value;
            case "DEL" -> "";
            default -> throw new AssertionError("no model of " + request);
        };
    }

    @Override
    public boolean accepts(String value, Request request, @Nullable String reply) {
        String expected =
                switch (request.verb()) {
                    case "GET" -> value.isEmpty() ? "nil" : '"' + value + '"';
                    case "SET" -> "+OK";
                    case "APPEND" -> ":" + (value.length() + request.argument(0).length());
                    case "INCR" -> ":" + (number(value) + 1);
                    case "CAS" -> matches(value, request) ? ":1" : ":0";
                    case "DEL" -> value.isEmpty() ? ":0" : ":1";
                    default -> throw new AssertionError("no model of " + request);
                };
        return expected.equals(reply);
    }

    @Override
    public boolean isReadOnly(Request request) {
        return request.isRead();
    }

    private static boolean matches(String value, Request request) {
        return !value.isEmpty() && value.equals(request.argument(0));
    }

    private static long number(String value) {
        return value.isEmpty() ? 0 : Long.parseLong(value);
    }
}
