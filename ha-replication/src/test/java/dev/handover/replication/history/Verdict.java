package dev.handover.replication.history;

import java.util.List;

/** What {@link Linearizability#check} has found. */
public sealed interface Verdict {
    /** There is an order that explains all answers. */
    record Linearizable() implements Verdict {}

    /**
     * There is none.
     *
     * @param key the part of the history that has none
     * @param explained the longest order found, of operations one after the other
     * @param stuck the earliest answered operations that no order could go on with
     */
    record NotLinearizable(Object key, List<? extends Operation<?, ?>> explained, List<? extends Operation<?, ?>> stuck)
            implements Verdict {
        private static final int SHOWN = 20;

        @Override
        public String toString() {
            StringBuilder text =
                    new StringBuilder("the history of " + key + " is not linearizable; longest order found, its last "
                            + Math.min(SHOWN, explained.size()) + " of " + explained.size() + ":");
            explained
                    .subList(Math.max(0, explained.size() - SHOWN), explained.size())
                    .forEach(operation -> text.append("\n  ").append(operation));
            text.append("\nnone of these can follow:");
            stuck.forEach(operation -> text.append("\n  ").append(operation));
            return text.toString();
        }
    }

    /**
     * It would take too long to know.
     *
     * @param key the part of the history that is too hard
     * @param configurations so many were looked at
     */
    record Undecided(Object key, long configurations) implements Verdict {}
}
