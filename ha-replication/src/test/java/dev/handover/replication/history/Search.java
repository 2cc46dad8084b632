package dev.handover.replication.history;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Searches the order of one object's operations. Calls and returns stand in a list by time. An operation can come next in the order if its call stands
 * before the first return; it is then lifted out of the list with its return. Where none fits, the last choice is taken back. A
 * configuration (set of operations taken, state) that was met before is not entered again. Operations of unknown outcome have a call and no
 * return, so they can come anywhere after their call and need not come at all; they are tried last.
 */
final class Search<S, I, O> {
    private final SequentialModel<S, I, O> model;
    private final Object key;
    private final List<Operation<I, O>> operations;
    private final int answered;
    private final long limit;

    private final Node head = new Node(-1, false);
    private final long[] taken;
    private final long[] unknownTaken;
    private final Set<Configuration> seen = new HashSet<>();
    private final Deque<Choice<S>> choices = new ArrayDeque<>();
    private int left;
    private int deepest;

    Search(SequentialModel<S, I, O> model, Object key, Collection<Operation<I, O>> history, long limit) {
        this.model = model;
        this.key = key;
        this.limit = limit;
        operations = new ArrayList<>(history);
        operations.removeIf(operation -> operation.isUnknown() && model.isReadOnly(operation.input()));
        // the answered ones first, by invocation: what is taken of them is a long run and a short ragged end, which
        // makes small keys
        Comparator<Operation<I, O>> unknownLast = Comparator.comparing(Operation::isUnknown);
        operations.sort(unknownLast.thenComparingLong(Operation::invoked));
        answered = (int) operations.stream().filter(o -> !o.isUnknown()).count();
        left = answered;
        taken = new long[(answered + 63) / 64];
        unknownTaken = new long[(operations.size() - answered + 63) / 64];
        link();
    }

    /** Builds the list. A call at the same time as a return comes first: the two operations overlap. */
    private void link() {
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < operations.size(); i++) {
            Node call = new Node(i, true);
            nodes.add(call);
            if (i < answered) {
                call.match = new Node(i, false);
                nodes.add(call.match);
            }
        }
        nodes.sort(Comparator.comparingLong((Node n) -> n.call
                        ? operations.get(n.operation).invoked()
                        : operations.get(n.operation).completed())
                .thenComparing(n -> !n.call));
        Node last = head;
        for (Node node : nodes) {
            last.next = node;
            node.previous = last;
            last = node;
        }
    }

    Verdict run() {
        Verdict verdict = run(-1);
        // only now is it known how far one can get: once more, to show it
        return verdict != null
                ? verdict
                : Objects.requireNonNull(new Search<>(model, key, operations, limit).run(deepest));
    }

    /** Null if there is no order; with a depth, the violation as it shows at that depth. */
    private @Nullable Verdict run(int shownDepth) {
        S state = model.initial();
        Node node = head.next;
        boolean unknownTurn = false;
        while (left > 0) {
            if (!node.call && !unknownTurn) { // no answered operation that could come before this return fits
                unknownTurn = true;
                node = head.next;
            }
            if (node.call) {
                Operation<I, O> operation = operations.get(node.operation);
                if (operation.isUnknown() == unknownTurn
                        && (unknownTurn || model.accepts(state, operation.input(), operation.output()))) {
                    S next = model.next(state, operation.input());
                    flip(node.operation);
                    if (seen.add(configuration(next))) {
                        if (seen.size() > limit) {
                            return new Verdict.Undecided(key, seen.size());
                        }
                        choices.push(new Choice<>(node, state));
                        lift(node);
                        state = next;
                        node = head.next;
                        unknownTurn = false;
                        continue;
                    }
                    flip(node.operation);
                }
                node = node.next;
            } else { // nor does one of unknown outcome
                deepest = Math.max(deepest, choices.size());
                if (choices.size() == shownDepth) {
                    return violation();
                }
                Choice<S> choice = choices.poll();
                if (choice == null) {
                    return null;
                }
                state = choice.before;
                flip(choice.node.operation);
                unlift(choice.node);
                unknownTurn = operations.get(choice.node.operation).isUnknown();
                node = choice.node.next;
            }
        }
        return new Verdict.Linearizable();
    }

    private void flip(int operation) {
        if (operation < answered) {
            taken[operation >> 6] ^= 1L << operation;
        } else {
            unknownTaken[(operation - answered) >> 6] ^= 1L << (operation - answered);
        }
    }

    private void lift(Node call) {
        call.unlink();
        if (call.match != null) {
            call.match.unlink();
            left--;
        }
    }

    private void unlift(Node call) {
        if (call.match != null) {
            call.match.relink();
            left++;
        }
        call.relink();
    }

    private Configuration configuration(S state) {
        int run = 0;
        while (run < taken.length && taken[run] == -1L) {
            run++;
        }
        int end = taken.length;
        while (end > run && taken[end - 1] == 0) {
            end--;
        }
        return new Configuration(run, Arrays.copyOfRange(taken, run, end), unknownTaken.clone(), state);
    }

    private Verdict violation() {
        List<Operation<I, O>> explained = new ArrayList<>();
        choices.descendingIterator().forEachRemaining(c -> explained.add(operations.get(c.node.operation)));
        List<Operation<I, O>> stuck = new ArrayList<>();
        for (Node node = head.next; node.call; node = node.next) {
            stuck.add(operations.get(node.operation));
        }
        return new Verdict.NotLinearizable(key, explained, stuck);
    }

    /** A call or a return in the list. */
    private static final class Node {
        final int operation;
        final boolean call;

        @Nullable
        Node match;

        Node previous;
        Node next;

        Node(int operation, boolean call) {
            this.operation = operation;
            this.call = call;
        }

        void unlink() {
            previous.next = next;
            if (next != null) {
                next.previous = previous;
            }
        }

        void relink() {
            previous.next = this;
            if (next != null) {
                next.previous = this;
            }
        }
    }

    private record Choice<S>(Node node, S before) {}

    /** What was taken, without the run of full words at its beginning and of empty ones at its end; and the state after it. */
    private record Configuration(int run, long[] words, long[] unknown, Object state) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Configuration that
                    && run == that.run
                    && Arrays.equals(words, that.words)
                    && Arrays.equals(unknown, that.unknown)
                    && state.equals(that.state);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * (31 * run + Arrays.hashCode(words)) + Arrays.hashCode(unknown)) + state.hashCode();
        }
    }
}
