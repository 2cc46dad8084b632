package dev.handover.examples.demo;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * What the comparison of the ledgers with the values read back has found. All lists hold {@code key=token}.
 *
 * @param lost acknowledged and not there
 * @param duplicated there more than once, each surplus one counted
 * @param foreign never sent, or not a token at all, or acknowledged in another order than found
 */
record Audit(List<String> lost, List<String> duplicated, List<String> foreign) {
    /** Nothing found. */
    Audit() {
        this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    /** Whether everything is as it was acknowledged. */
    boolean clean() {
        return lost.isEmpty() && duplicated.isEmpty() && foreign.isEmpty();
    }

    /**
     * Compares a writer's ledger with what a node has under its keys, and adds what it finds.
     *
     * @param values in the order of {@link Ledger#keys()}, the empty string for a missing key
     */
    void compare(Ledger ledger, List<String> values) {
        List<String> keys = ledger.keys();
        if (keys.size() != values.size()) {
            throw new IllegalArgumentException(values.size() + " values for " + keys.size() + " keys");
        }
        for (int number = 0; number < keys.size(); number++) {
            compare(ledger, number, keys.get(number), values.get(number));
        }
    }

    private void compare(Ledger ledger, int number, String key, String value) {
        int first = Ledger.firstOf(number);
        int end = ledger.endOf(number);
        int[] found = new int[end - first];
        int last = -1;
        for (int from = 0; from < value.length(); ) {
            int comma = value.indexOf(',', from);
            String text = comma < 0 ? value.substring(from) : value.substring(from, comma);
            int token = comma < 0 ? -1 : token(text);
            if (token < first || token >= end) {
                foreign.add(key + "=" + text);
            } else {
                if (found[token - first]++ > 0) {
                    duplicated.add(key + "=" + token);
                } else if (ledger.isAcknowledged(token)) {
                    if (token < last) {
                        foreign.add(key + "=" + token + " after " + last);
                    }
                    last = Math.max(last, token);
                }
            }
            from = comma < 0 ? value.length() : comma + 1;
        }
        for (int token = first; token < end; token++) {
            if (found[token - first] == 0 && ledger.isAcknowledged(token)) {
                lost.add(key + "=" + token);
            }
        }
    }

    /** The number if it is written as {@link Ledger#text} does, else -1. */
    private static int token(String text) {
        if (text.isEmpty() || text.length() > 9 || !text.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        int token = Integer.parseInt(text);
        return String.valueOf(token).equals(text) ? token : -1;
    }

    /** The worse of two looks at the same ledgers: a token that is lost on one node is lost. */
    static Audit worst(List<Audit> audits) {
        return new Audit(
                longest(audits.stream().map(Audit::lost).toList()),
                longest(audits.stream().map(Audit::duplicated).toList()),
                longest(audits.stream().map(Audit::foreign).toList()));
    }

    private static List<String> longest(List<List<String>> lists) {
        return lists.stream().max((a, b) -> Integer.compare(a.size(), b.size())).orElse(Collections.emptyList());
    }
}
