package dev.handover.replication.explorer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Breadth first through all states of a {@link World} that can be reached from the first one, each looked at once; so a violation is found by one of the shortest ways. */
final class Explorer {
    /**
     * How it went.
     *
     * @param depth up to which everything was looked at
     * @param whole nothing is left: that was all there is
     * @param states different ones
     * @param ways transitions
     * @param coreStates different states of a core
     * @param trace shortest way to a violation, in words; empty if there is none
     * @param violation null if there is none
     */
    record Result(
            String scenario,
            int depth,
            boolean whole,
            int states,
            long ways,
            int coreStates,
            double seconds,
            String violation,
            List<String> trace) {
        @Override
        public String toString() {
            return String.format(
                    "explorer: %-20s depth %d%s, %d states (%d of a core), %d ways in %.1f s (%.0f states/s)%s",
                    scenario,
                    depth,
                    whole ? ", all of it" : "",
                    states,
                    coreStates,
                    ways,
                    seconds,
                    states / Math.max(seconds, 1e-3),
                    violation == null ? "" : "; " + violation);
        }
    }

    private final Scenario scenario;
    private final World world;
    private final int maxDepth;
    private final int maxStates;
    private final long deadline;
    private final long start = System.nanoTime();

    private long[] seen = new long[1 << 16];
    private int states;
    private long ways;
    /** By state in the order of discovery: the one before it, and the action between. */
    private int[] before = new int[1 << 16];

    private int[] action = new int[1 << 16];

    Explorer(Scenario scenario, int maxDepth, int maxStates, double maxSeconds) {
        this(scenario, maxDepth, maxStates, maxSeconds, false);
    }

    Explorer(Scenario scenario, int maxDepth, int maxStates, double maxSeconds, boolean comparing) {
        this.scenario = scenario;
        this.maxDepth = maxDepth;
        this.maxStates = maxStates;
        deadline = start + (long) (maxSeconds * 1e9);
        world = new World(scenario.nodes(), scenario.minInSync(), comparing);
    }

    Result run() {
        int[] first;
        try {
            first = scenario.begin(world);
        } catch (Violation violation) {
            return result(0, false, violation, List.of("before the first state of " + scenario));
        }
        List<int[]> layer = new ArrayList<>();
        layer.add(first);
        add(first, -1, 0);
        int layerStart = 0;
        int depth = 0;
        while (!layer.isEmpty() && depth < maxDepth) {
            List<int[]> next = new ArrayList<>();
            int nextStart = states;
            for (int i = 0; i < layer.size(); i++) {
                int[] state = layer.get(i);
                layer.set(i, null);
                for (Action possible : world.actions(state)) {
                    ways++;
                    int[] reached;
                    try {
                        reached = world.next(state, possible);
                    } catch (Violation violation) {
                        return result(depth, false, violation, trace(first, layerStart + i, possible));
                    }
                    if (reached != null && add(reached, layerStart + i, possible.encoded())) {
                        next.add(reached);
                    }
                }
                if (states >= maxStates || System.nanoTime() > deadline) {
                    return result(depth, false, null, List.of());
                }
            }
            layer = next;
            layerStart = nextStart;
            depth++;
        }
        return result(depth, layer.isEmpty(), null, List.of());
    }

    World world() {
        return world;
    }

    private Result result(int depth, boolean whole, Violation violation, List<String> trace) {
        return new Result(
                scenario.name(),
                depth,
                whole,
                states,
                ways,
                world.automaton().states(),
                (System.nanoTime() - start) / 1e9,
                violation == null ? null : world.text(violation.getMessage()),
                trace);
    }

    // ---- states that were seen

    /** False if it was there. */
    private boolean add(int[] state, int from, int by) {
        if (2L * 2 * (states + 1) > seen.length) {
            grow();
        }
        long high = hash(state, 0x9E3779B97F4A7C15L);
        long low = hash(state, 0xC2B2AE3D27D4EB4FL) | 1; // 0 marks a free place
        if (!place(seen, high, low)) {
            return false;
        }
        if (states == before.length) {
            before = Arrays.copyOf(before, 2 * states);
            action = Arrays.copyOf(action, 2 * states);
        }
        before[states] = from;
        action[states] = by;
        states++;
        return true;
    }

    private static boolean place(long[] table, long high, long low) {
        int mask = table.length / 2 - 1;
        int at = (int) high & mask;
        while (table[2 * at + 1] != 0) {
            if (table[2 * at] == high && table[2 * at + 1] == low) {
                return false;
            }
            at = at + 1 & mask;
        }
        table[2 * at] = high;
        table[2 * at + 1] = low;
        return true;
    }

    private void grow() {
        long[] bigger = new long[2 * seen.length];
        for (int i = 0; i < seen.length; i += 2) {
            if (seen[i + 1] != 0) {
                place(bigger, seen[i], seen[i + 1]);
            }
        }
        seen = bigger;
    }

    /** The numbers are exact, so only this hash of 127 bits could take two states for one. */
    private static long hash(int[] state, long odd) {
        long hash = odd;
        for (int part : state) {
            hash = (hash ^ part) * odd;
            hash ^= hash >>> 31;
        }
        return (hash ^ (hash >>> 32)) * 0xD6E8FEB86659FD93L;
    }

    // ---- what happened

    private List<String> trace(int[] first, int last, Action violating) {
        List<Action> path = new ArrayList<>();
        path.add(violating);
        for (int i = last; before[i] >= 0; i = before[i]) {
            path.add(0, Action.decoded(action[i]));
        }
        List<String> lines = new ArrayList<>();
        lines.add("at first: " + world.describe(first));
        world.told = lines;
        int[] state = first;
        int number = 0;
        for (Action one : path) {
            lines.add(++number + ". " + world.name(state, one));
            try {
                state = world.next(state, one);
                lines.add("  = " + world.describe(state));
            } catch (Violation violation) {
                lines.add("!! " + world.text(violation.getMessage()));
            }
        }
        world.told = null;
        return lines;
    }
}
