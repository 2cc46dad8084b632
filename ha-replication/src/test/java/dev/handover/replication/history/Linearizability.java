package dev.handover.replication.history;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Is there one order of all operations that explains every answer, and respects that what was answered before another was
 * asked comes first? The search is that of Wing and Gong with the memory of Lowe (<i>Testing for linearizability</i>, 2016): see {@link Search}.
 * Histories of independent objects are checked one by one, since linearizability is local (Herlihy and Wing 1990).
 */
public final class Linearizability {
    /** So many configurations are looked at before {@link Verdict.Undecided}. */
    public static final long DEFAULT_LIMIT = 2_000_000;

    private Linearizability() {}

    /**
     * Checks a history, in any order.
     *
     * @param model of one object
     * @param key which object an operation is about
     */
    public static <K, S, I, O> Verdict check(
            SequentialModel<S, I, O> model, Function<? super I, ? extends K> key, List<Operation<I, O>> history) {
        return check(model, key, history, DEFAULT_LIMIT);
    }

    /** The same, giving up on an object after {@code limit} configurations. A violation of any object counts more than another left undecided. */
    public static <K, S, I, O> Verdict check(
            SequentialModel<S, I, O> model,
            Function<? super I, ? extends K> key,
            List<Operation<I, O>> history,
            long limit) {
        Map<K, List<Operation<I, O>>> parts = new LinkedHashMap<>();
        for (Operation<I, O> operation : history) {
            parts.computeIfAbsent(key.apply(operation.input()), k -> new ArrayList<>())
                    .add(operation);
        }
        Verdict verdict = new Verdict.Linearizable();
        for (Map.Entry<K, List<Operation<I, O>>> part : parts.entrySet()) {
            Verdict found = new Search<>(model, part.getKey(), part.getValue(), limit).run();
            if (found instanceof Verdict.NotLinearizable) {
                return found;
            }
            if (found instanceof Verdict.Undecided) {
                verdict = found;
            }
        }
        return verdict;
    }
}
