package dev.handover.replication.explorer;

import dev.handover.replication.explorer.Action.Budget;
import dev.handover.replication.explorer.Action.Kind;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Where a search begins, and how much may happen.
 *
 * @param together nodes that have formed a group and come to rest; the others are new and not started
 */
record Scenario(String name, int nodes, int together, int minInSync, Map<Budget, Integer> budgets) {
    /** What {@code mvn verify} looks at. */
    static final List<Scenario> ALL = List.of(
            of("pair", 2, 2, 1, Budget.CRASHES, 1, Budget.SUSPICIONS, 1, Budget.COMMANDS, 1, Budget.TICKS, 1),
            of(
                    "pair, store in doubt",
                    2,
                    2,
                    1,
                    Budget.SUSPICIONS,
                    1,
                    Budget.DOUBTS,
                    1,
                    Budget.COMMANDS,
                    1,
                    Budget.READS,
                    1),
            of("three", 3, 3, 1, Budget.CRASHES, 1, Budget.SUSPICIONS, 1, Budget.COMMANDS, 1),
            of("pair and a learner", 3, 2, 1, Budget.CRASHES, 1),
            of("pair, learner, command", 3, 2, 1, Budget.CRASHES, 1, Budget.COMMANDS, 1),
            of("pair, transfer", 2, 2, 1, Budget.TRANSFERS, 1, Budget.COMMANDS, 1, Budget.CRASHES, 1));

    /** Its place in {@link #ALL}. */
    static int numberOf(String name) {
        for (int i = 0; i < ALL.size(); i++) {
            if (ALL.get(i).name().equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no scenario '" + name + "'; there are "
                + ALL.stream().map(Scenario::name).toList());
    }

    private static Scenario of(String name, int nodes, int together, int minInSync, Object... budgets) {
        Map<Budget, Integer> amounts = new EnumMap<>(Budget.class);
        for (int i = 0; i < budgets.length; i += 2) {
            amounts.put((Budget) budgets[i], (Integer) budgets[i + 1]);
        }
        return new Scenario(name, nodes, together, minInSync, amounts);
    }

    /** The first state: the group is at rest, by the shortest way, and everything else is still to come. */
    int[] begin(World world) {
        int[] state = world.initial();
        for (int i = 0; i < together; i++) {
            state = settle(world, world.next(state, new Action(Kind.START, i, 0)));
        }
        for (int round = 0; !isAtRest(world, state); round++) {
            if (round == 20) {
                throw new IllegalStateException("no rest: " + world.describe(state));
            }
            for (int i = 0; i < together; i++) {
                state = world.withBudget(state, Budget.TICKS, 1);
                state = settle(world, world.next(state, new Action(Kind.TICK, i, 0)));
            }
        }
        for (Map.Entry<Budget, Integer> budget : budgets.entrySet()) {
            state = world.withBudget(state, budget.getKey(), budget.getValue());
        }
        return state;
    }

    private static int[] settle(World world, int[] begun) {
        int[] state = begun;
        for (int steps = 0; steps < 1000; steps++) {
            Action next = world.actions(state).stream()
                    .filter(action -> action.kind().costs == null && action.kind() != Kind.START)
                    .findFirst()
                    .orElse(null);
            if (next == null) {
                return state;
            }
            state = world.next(state, next);
        }
        throw new IllegalStateException("never settles: " + world.describe(state));
    }

    private boolean isAtRest(World world, int[] state) {
        Shared shared = world.shared(state);
        if (shared.newest().configuration().inSync().size() < together) {
            return false;
        }
        for (int i = 0; i < together; i++) {
            if (world.node(state, i).core().commitIndex != world.node(state, 0).core().lastIndex
                    || world.node(state, i).core().epoch != shared.stored().size()) {
                return false;
            }
        }
        return true;
    }
}
