package dev.handover.replication;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.replication.protocol.ProtocolOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class RehearsingTest {
    private static boolean isThere(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals(name));
    }

    @Test
    void shouldRehearseUntilItIsEnoughAndLeaveNoThread() throws Exception {
        Rehearsing rehearsing = new Rehearsing("rehearsal-to-the-end", ProtocolOptions.defaults());
        rehearsing.start();
        TestCluster.await("the thread ends by itself", () -> !isThere("rehearsal-to-the-end"));
        assertThat(rehearsing.rounds()).isEqualTo(250);
        rehearsing.end(1000);
    }

    @Test
    void shouldEndAtOnceWhenItIsTold() {
        Rehearsing rehearsing = new Rehearsing("rehearsal-cut-short", ProtocolOptions.defaults());
        rehearsing.end(1000); // before the start: there is nothing to end
        Rehearsing other = new Rehearsing("rehearsal-cut-short", ProtocolOptions.defaults());
        other.start();
        other.end(5000);
        other.end(5000);
        assertThat(isThere("rehearsal-cut-short")).isFalse();
        assertThat(other.rounds()).isLessThan(250);
    }
}
