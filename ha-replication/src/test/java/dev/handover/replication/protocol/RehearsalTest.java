package dev.handover.replication.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RehearsalTest {
    @Test
    void shouldPlayAWholeTakeOverToItsEndEachTime() {
        for (int i = 0; i < 300; i++) {
            assertThat(Rehearsal.takeOver(ProtocolOptions.defaults()))
                    .as("4 commands under each leader")
                    .isEqualTo(8);
        }
    }

    @Test
    void shouldBePlayedByLearnersAndByThoseWhoWantManyCopies() {
        assertThat(Rehearsal.takeOver(ProtocolOptions.defaults().withLearner(true)))
                .isEqualTo(8);
        for (int copies = 2; copies <= 5; copies++) {
            assertThat(Rehearsal.takeOver(ProtocolOptions.defaults().withMinInSync(copies)))
                    .isEqualTo(8);
        }
    }
}
