package dev.handover.replication.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** That every mutation still fits the core, in every build; whether it is found is seen by {@link MutationTest} only. */
class MutationSnippetsTest {
    @ParameterizedTest
    @FieldSource("dev.handover.replication.simulator.Mutation#ALL")
    void shouldFitTheCore(Mutation mutation) throws IOException {
        String source = Files.readString(Mutant.SOURCES.resolve(mutation.file()));
        assertThat(mutation.applyTo(source)).isNotEqualTo(source);
    }
}
