package dev.handover.replication.explorer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.simulator.Mutant;
import dev.handover.replication.simulator.Mutation;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Which mutations of the core the explorer finds, too. Profile {@code mutation}; {@code explore.states} (80,000) bounds the search of each scenario, {@code sim.mutation} names a single mutation. Those
 * that need snapshots, sessions, other releases or more time than the scenarios have are the simulator's.
 */
@Tag("mutation")
class ExplorerMutationTest {
    /** Found within the default bound; {@code r8-before-barrier} takes more and has a test of its own, see {@link ExplorerTest}. */
    private static final Set<String> FOUND = Set.of(
            "r2-stale-append",
            "r2-epoch-not-forced",
            "r3-length-only",
            "r4-own-end",
            "r4-not-durable",
            "r4-older-epoch",
            "r4-keeps-counting",
            "r6-two-changes",
            "r7-at-once",
            "r10-taken-for-lost",
            "r10-taken-for-done",
            "r10-by-name",
            "r11-resumes",
            "r13-outsider",
            "r16-no-round");

    @Test
    @Timeout(7200)
    void shouldFindTheMutationsThatItHasFoundBefore() throws Exception {
        String only = System.getProperty("sim.mutation");
        long states = Long.getLong("explore.states", 80_000);
        List<String> missed = new ArrayList<>();
        int tried = 0;
        for (Mutation mutation : Mutation.ALL) {
            if (only != null && !only.equals(mutation.name())) {
                continue;
            }
            String found = Mutant.hunt(mutation, ExplorerHunt.class.getName(), states, -1);
            tried++;
            System.out.printf(
                    "explorer: %-4s %-22s %s%n",
                    mutation.rule(), mutation.name(), found.isEmpty() ? "not in " + states + " states" : found);
            if (found.isEmpty() && FOUND.contains(mutation.name())) {
                missed.add(mutation.name() + ": " + mutation.what());
            }
        }
        assertThat(tried).isPositive();
        assertThat(missed)
                .as("mutations that the explorer does not find any more")
                .isEmpty();
    }

    @Test
    void shouldKnowTheMutationsByName() {
        assertThat(Mutation.ALL.stream().map(Mutation::name)).containsAll(FOUND);
    }
}
