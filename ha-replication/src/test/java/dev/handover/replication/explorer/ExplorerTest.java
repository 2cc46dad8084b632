package dev.handover.replication.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.simulator.Mutant;
import dev.handover.replication.simulator.Mutation;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * All interleavings of small worlds, see {@link Scenario#ALL}. {@code explore.states} bounds each search (default 20,000); {@code explore.depth} and {@code explore.seconds} bound it
 * instead; {@code explore.scenario} names the only one.
 */
class ExplorerTest {
    @Test
    @Timeout(36_000)
    void shouldKeepAllInvariantsInAllInterleavings() {
        List<Explorer.Result> violated = new ArrayList<>();
        for (Explorer.Result result : ExplorerRuns.fromProperties()) {
            result.trace().forEach(System.out::println);
            if (result.violation() != null) {
                violated.add(result);
            }
        }
        assertThat(violated).as("see the traces above").isEmpty();
    }

    @Test
    @Timeout(600)
    void shouldFindTheMutationOfR8ByItself() throws Exception {
        Mutation mutation = Mutation.ALL.stream()
                .filter(one -> one.name().equals("r8-before-barrier"))
                .findFirst()
                .orElseThrow();

        String found =
                Mutant.hunt(mutation, ExplorerHunt.class.getName(), 400_000, Scenario.numberOf("pair and a learner"));

        System.out.println("explorer: r8-before-barrier: " + found);
        assertThat(found).contains("I7:").contains("not everybody holds its barrier");
    }

    /** Two states are taken for one if their dumps are equal: then they have to do the same, whatever happens next. */
    @Test
    @Timeout(600)
    void shouldTakeOnlyStatesThatBehaveAlikeForOne() {
        for (Scenario scenario : Scenario.ALL) {
            Explorer explorer = new Explorer(scenario, Integer.MAX_VALUE, 6_000, 1e6, true);

            Explorer.Result result = explorer.run();

            assertThat(result.violation()).as(scenario.name()).isNull();
            assertThat(explorer.world().automaton().compared())
                    .as(scenario.name())
                    .isGreaterThan(100);
        }
    }

    @Test
    void shouldShowTheWayToAViolationInWords() {
        Scenario scenario = Scenario.ALL.get(Scenario.numberOf("pair"));
        World world = new World(2, 1, false);
        int[] state = scenario.begin(world);

        List<String> names = world.actions(state).stream()
                .map(action -> world.name(state, action))
                .toList();

        assertThat(names).contains("a crash", "b suspect a", "a command", "b tick");
        assertThat(world.describe(state))
                .contains("a LEADER epoch 2 log [1@1b] durable 1 commit 1")
                .contains("store epoch 2 a of [a, b]; committed [1@1b]");
    }
}
