package dev.handover.examples.admin;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Words and options of a command line: {@code --name value}, {@code --name=value}, and switches. */
final class Arguments {
    private final List<String> words = new ArrayList<>();
    private final Map<String, String> options = new HashMap<>();

    /** @throws IllegalArgumentException naming an option that is unknown, repeated, or without its value */
    Arguments(List<String> arguments, Set<String> valued, Set<String> switches) {
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            if (!argument.startsWith("--")) {
                words.add(argument);
                continue;
            }
            int equal = argument.indexOf('=');
            String name = equal < 0 ? argument : argument.substring(0, equal);
            String value;
            if (switches.contains(argument)) {
                value = "";
            } else if (!valued.contains(name)) {
                throw new IllegalArgumentException("unknown option '" + argument + "'");
            } else if (equal >= 0) {
                value = argument.substring(equal + 1);
            } else if (++i < arguments.size()) {
                value = arguments.get(i);
            } else {
                throw new IllegalArgumentException(name + " has no value");
            }
            if (options.put(name, value) != null) {
                throw new IllegalArgumentException(name + " is given twice");
            }
        }
    }

    List<String> words() {
        return words;
    }

    boolean has(String name) {
        return options.containsKey(name);
    }

    @Nullable
    String get(String name) {
        return options.get(name);
    }

    String required(String name) {
        String value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }

    long number(String name, long usual) {
        String value = options.get(name);
        try {
            return value == null ? usual : Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " '" + value + "' is no number", e);
        }
    }
}
