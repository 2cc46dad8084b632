package dev.handover.replication.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class LinearizabilityTest {
    private static final Register REGISTER = new Register();

    @Test
    void shouldAcceptConcurrentWritesInEitherOrder() {
        assertThat(check(write(1, 0, 10), write(2, 0, 10), read(1, 11, 12), read(1, 13, 14)))
                .isInstanceOf(Verdict.Linearizable.class);
        assertThat(check(write(1, 0, 10), write(2, 0, 10), read(2, 11, 12), read(2, 13, 14)))
                .isInstanceOf(Verdict.Linearizable.class);
    }

    @Test
    void shouldRejectAStaleRead() {
        Verdict verdict = check(write(1, 0, 1), write(2, 2, 3), read(1, 4, 5));

        assertThat(verdict).isInstanceOf(Verdict.NotLinearizable.class);
        assertThat(verdict.toString()).contains("none of these can follow").contains("READ");
    }

    @Test
    void shouldRejectReadsThatGoBack() {
        assertThat(check(write(1, 0, 20), read(1, 1, 2), read(0, 3, 4))).isInstanceOf(Verdict.NotLinearizable.class);
    }

    @Test
    void shouldLetAnUnknownWriteHappenLateOrNever() {
        assertThat(check(unknown(7, 0), read(0, 1, 2), read(7, 3, 4))).isInstanceOf(Verdict.Linearizable.class);
        assertThat(check(unknown(7, 0), read(0, 1, 2))).isInstanceOf(Verdict.Linearizable.class);
        assertThat(check(unknown(7, 0), read(7, 1, 2), read(0, 3, 4))).isInstanceOf(Verdict.NotLinearizable.class);
        assertThat(check(read(7, 1, 2), unknown(7, 3))).isInstanceOf(Verdict.NotLinearizable.class);
    }

    @Test
    void shouldCheckEachKeyByItself() {
        Verdict verdict = Linearizability.check(
                REGISTER,
                Input::key,
                List.of(
                        Operation.answered("a", new Input("x", Kind.WRITE, 1), 0, 0, 1),
                        Operation.answered("a", new Input("y", Kind.READ, 0), 0, 2, 3),
                        Operation.answered("a", new Input("x", Kind.READ, 0), 0, 4, 5)));

        assertThat(verdict).isInstanceOfSatisfying(Verdict.NotLinearizable.class, v -> assertThat(v.key())
                .isEqualTo("x"));
    }

    @Test
    void shouldSayWhenItGivesUp() {
        List<Operation<Input, Integer>> history = new ArrayList<>();
        for (int i = 1; i < 15; i++) {
            history.add(write(i, 0, 100));
        }
        history.add(read(99, 101, 102));

        assertThat(Linearizability.check(REGISTER, Input::key, history, 1000)).isInstanceOf(Verdict.Undecided.class);
    }

    @Test
    void shouldAgreeWithBruteForceOnSmallHistories() {
        int[] verdicts = new int[2];
        for (long seed = 0; seed < 20_000; seed++) {
            List<Operation<Input, Integer>> history = randomHistory(new SplittableRandom(seed));
            boolean expected = BruteForce.isLinearizable(REGISTER, history);
            Verdict verdict = Linearizability.check(REGISTER, Input::key, history);
            assertThat(verdict instanceof Verdict.Linearizable)
                    .as("seed %d: %s", seed, history)
                    .isEqualTo(expected);
            verdicts[expected ? 1 : 0]++;
        }
        assertThat(verdicts[0]).as("not linearizable").isGreaterThan(2000);
        assertThat(verdicts[1]).as("linearizable").isGreaterThan(2000);
    }

    @Test
    @Timeout(20)
    void shouldCheckALongHistoryWithUnknownOperations() {
        SplittableRandom random = new SplittableRandom(5);
        List<Operation<Input, Integer>> history = new ArrayList<>();
        int value = 0;
        for (int i = 0; i < 50_000; i++) { // true order with overlapping times
            long at = 10L * i;
            if (i % 10_000 == 17) {
                history.add(unknown(i, at));
            } else if (random.nextBoolean()) {
                value = i;
                history.add(write(i, at - random.nextInt(20), at + random.nextInt(20)));
            } else {
                history.add(read(value, at - random.nextInt(20), at + random.nextInt(20)));
            }
        }
        assertThat(Linearizability.check(REGISTER, Input::key, history)).isInstanceOf(Verdict.Linearizable.class);

        history.add(read(-1, 10L * 25_000, 10L * 25_000 + 5));
        assertThat(Linearizability.check(REGISTER, Input::key, history)).isInstanceOf(Verdict.NotLinearizable.class);
    }

    private static List<Operation<Input, Integer>> randomHistory(SplittableRandom random) {
        List<Operation<Input, Integer>> history = new ArrayList<>();
        int size = 1 + random.nextInt(6);
        for (int i = 0; i < size; i++) {
            int from = random.nextInt(12);
            int to = from + random.nextInt(6);
            int kind = random.nextInt(5);
            Input input =
                    new Input("x", kind < 2 ? Kind.WRITE : kind < 4 ? Kind.READ : Kind.ADD, 1 + random.nextInt(3));
            history.add(
                    random.nextInt(6) == 0
                            ? Operation.unknown("c" + i, input, from)
                            : Operation.answered(
                                    "c" + i, input, input.kind == Kind.WRITE ? 0 : random.nextInt(4), from, to));
        }
        return history;
    }

    @SafeVarargs
    private static Verdict check(Operation<Input, Integer>... history) {
        List<Operation<Input, Integer>> list = new ArrayList<>();
        for (Operation<Input, Integer> operation : history) {
            list.add(operation);
        }
        return Linearizability.check(REGISTER, Input::key, list);
    }

    private static Operation<Input, Integer> write(int value, long from, long to) {
        return Operation.answered("w", new Input("x", Kind.WRITE, value), 0, from, to);
    }

    private static Operation<Input, Integer> read(int value, long from, long to) {
        return Operation.answered("r", new Input("x", Kind.READ, 0), value, from, to);
    }

    private static Operation<Input, Integer> unknown(int value, long from) {
        return Operation.unknown("u", new Input("x", Kind.WRITE, value), from);
    }

    private enum Kind {
        READ,
        WRITE,
        ADD
    }

    private record Input(String key, Kind kind, int value) {}

    /** A number that is read, written, or added to (which tells what it was). */
    private static final class Register implements SequentialModel<Integer, Input, Integer> {
        @Override
        public Integer initial() {
            return 0;
        }

        @Override
        public Integer next(Integer state, Input input) {
            return switch (input.kind) {
                case READ -> state;
                case WRITE -> input.value;
                case ADD -> state + input.value;
            };
        }

        @Override
        public boolean accepts(Integer state, Input input, Integer output) {
            return input.kind == Kind.WRITE || state.equals(output);
        }

        @Override
        public boolean isReadOnly(Input input) {
            return input.kind == Kind.READ;
        }
    }

    /** The definition, word by word: tries every subset of the unknown operations in every order. */
    private static final class BruteForce {
        static <S, I, O> boolean isLinearizable(SequentialModel<S, I, O> model, List<Operation<I, O>> history) {
            return extend(model, model.initial(), history, new boolean[history.size()]);
        }

        private static <S, I, O> boolean extend(
                SequentialModel<S, I, O> model, S state, List<Operation<I, O>> history, boolean[] done) {
            boolean complete = true;
            for (int i = 0; i < done.length; i++) {
                complete &= done[i] || history.get(i).isUnknown();
            }
            if (complete) {
                return true;
            }
            for (int i = 0; i < done.length; i++) {
                Operation<I, O> next = history.get(i);
                boolean first = !done[i];
                for (int j = 0; j < done.length; j++) {
                    first &= done[j] || history.get(j).completed() >= next.invoked();
                }
                if (first && (next.isUnknown() || model.accepts(state, next.input(), next.output()))) {
                    done[i] = true;
                    if (extend(model, model.next(state, next.input()), history, done)) {
                        return true;
                    }
                    done[i] = false;
                }
            }
            return false;
        }
    }
}
