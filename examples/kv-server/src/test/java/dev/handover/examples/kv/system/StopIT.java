package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvNode;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** SIGTERM. */
class StopIT extends SystemTest {
    @Test
    void shouldHandOverWhenTheLeaderIsToldToStop() {
        play(nodes(3), (cluster, load) -> {
            KvNode leader = cluster.leader();
            long from = System.nanoTime();
            assertThat(leader.stop()).as("exit code").isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - from))
                    .as("time to exit")
                    .isLessThan(Duration.ofSeconds(5));
            cluster.awaitOtherLeader(leader, SOON);
            load.awaitWrites(200, SOON);
            assertGap(load, from, TAKE_OVER);
            assertThat(load.history().uncertain())
                    .as("commands whose outcome nobody knows")
                    .isEmpty();
            assertThat(load.history().broken())
                    .as("connections that ended with a command under way, but for those to the node that stopped")
                    .allMatch(trouble -> trouble.node().equals(leader.id()) || trouble.atNanos() < from);
            assertNobodyHung(load);
        });
    }
}
