package dev.handover.examples.kv.system;

import java.util.List;

/** A command on one key, as it is sent. */
record Request(List<String> words) {
    static Request of(String... words) {
        return new Request(List.of(words));
    }

    String verb() {
        return words.get(0);
    }

    String key() {
        return words.get(1);
    }

    String argument(int index) {
        return words.get(2 + index);
    }

    boolean isRead() {
        return verb().equals("GET");
    }

    String[] array() {
        return words.toArray(new String[0]);
    }

    @Override
    public String toString() {
        return String.join(" ", words);
    }
}
