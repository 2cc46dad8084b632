package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** ZooKeeper stopped, killed and back again. */
class ZooKeeperIT extends SystemTest {
    /** Longer than ZooKeeper's session time-out of 10 s. */
    private static final Duration AWAY = Duration.ofSeconds(12);

    private static final Duration NO_PAUSE = Duration.ofMillis(1500);

    @Test
    void shouldWriteOnWithoutAPauseWhileZooKeeperIsStopped() {
        play(nodes(3), (cluster, load) -> {
            String epoch = cluster.leader().info().get("epoch");
            cluster.zooKeeper().pause();
            try {
                long from = System.nanoTime();
                Thread.sleep(AWAY.toMillis());
                assertGap(load, from, NO_PAUSE);
            } finally {
                cluster.zooKeeper().resume();
            }
            KvNode leader = cluster.leader();
            assertThat(leader.info().get("epoch")).as("nothing has changed").isEqualTo(epoch);
            long from = System.nanoTime();
            leader.kill(); // ZooKeeper works for them again
            cluster.awaitOtherLeader(leader, SOON);
            load.awaitWrites(200, SOON);
            assertGap(load, from, SOON);
            assertNobodyHung(load);
        });
    }

    @Test
    void shouldFailFastWhenTheLeaderDiesWhileZooKeeperIsAway() {
        play(nodes(3), (cluster, load) -> {
            long from = System.nanoTime();
            cluster.zooKeeper().kill();
            load.awaitWrites(1000, SOON);
            assertGap(load, from, NO_PAUSE);

            KvNode leader = cluster.leader();
            leader.kill();
            for (KvNode survivor : others(cluster, leader)) {
                try (RawClient client = survivor.client()) {
                    for (int i = 0; i < 2; i++) {
                        Request append = Request.of("APPEND", "l-away-" + survivor.id(), load.token());
                        long invoked = System.nanoTime();
                        String reply = client.call(append.array());
                        assertThat(Duration.ofNanos(System.nanoTime() - invoked))
                                .isLessThan(COMMAND_TIMEOUT.plusSeconds(1));
                        assertThat(reply).matches("-(TRYAGAIN|UNCERTAIN) .{20,}");
                        load.history().replied("away", survivor.id(), append, reply, invoked);
                    }
                }
            }

            from = System.nanoTime();
            cluster.startZooKeeper();
            cluster.awaitOtherLeader(leader, SOON);
            load.awaitWrites(200, SOON);
            assertGap(load, from, SOON);
            assertNobodyHung(load);
        });
    }
}
