package dev.handover.replication.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The simulator has teeth: it finds every mutation of the core. Profile {@code mutation}; {@code sim.mutation.seeds} (10000) and {@code sim.steps} (2000) bound
 * the search, {@code sim.mutation} names a single one, or those that begin so.
 */
@Tag("mutation")
class MutationTest {
    private static final List<String> RULES =
            List.of("R2", "R3", "R4", "R6", "R7", "R8", "R10", "R11", "R15", "R16", "R17", "R23");

    @Test
    @Timeout(3600)
    void shouldFindEveryMutation() throws Exception {
        long seeds = Long.getLong("sim.mutation.seeds", 10000);
        long steps = Long.getLong("sim.steps", 2000);
        String only = System.getProperty("sim.mutation");
        Map<Mutation, Future<String>> hunts = new LinkedHashMap<>();
        ExecutorService workers =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        List<String> survivors = new ArrayList<>();
        try {
            for (Mutation mutation : Mutation.ALL) {
                if (only == null || mutation.name().startsWith(only)) {
                    hunts.put(mutation, workers.submit(() -> Mutant.hunt(mutation, seeds, steps)));
                }
            }
            for (Map.Entry<Mutation, Future<String>> hunt : hunts.entrySet()) {
                Mutation mutation = hunt.getKey();
                String found = hunt.getValue().get();
                System.out.printf(
                        "%-4s %-20s %s%n",
                        mutation.rule(), mutation.name(), found.isEmpty() ? "NOT FOUND in " + seeds + " seeds" : found);
                if (found.isEmpty()) {
                    survivors.add(mutation.name() + ": " + mutation.what());
                }
            }
        } finally {
            workers.shutdownNow();
        }
        assertThat(hunts).isNotEmpty();
        assertThat(survivors).as("mutations that the simulator did not find").isEmpty();
    }

    @Test
    void shouldMutateEveryRuleThatSafetyRestsOn() {
        assertThat(Mutation.ALL.stream().map(Mutation::rule).collect(Collectors.toSet()))
                .containsAll(RULES);
    }

    @Test
    void shouldRefuseASnippetThatIsNotThereExactlyOnce() {
        Mutation mutation = new Mutation("R0", "none", "", "File.java", "old", "new");

        assertThat(mutation.applyTo("the old text")).isEqualTo("the new text");
        assertThatThrownBy(() -> mutation.applyTo("the text")).hasMessageContaining("nowhere");
        assertThatThrownBy(() -> mutation.applyTo("old and old")).hasMessageContaining("more than once");
    }
}
