package dev.handover.examples.kv.system;

import dev.handover.examples.kv.KvNode;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** SIGKILL. */
class KillIT extends SystemTest {
    @Test
    void shouldGoOnWithoutTheLeader() {
        play(nodes(3), (cluster, load) -> {
            KvNode leader = cluster.leader();
            long from = System.nanoTime();
            leader.kill();
            cluster.awaitOtherLeader(leader, SOON);
            load.awaitWrites(200, SOON);
            assertGap(load, from, TAKE_OVER);
            cluster.awaitInSync(2, SOON);
            assertNobodyHung(load);
        });
    }

    @Test
    void shouldGoOnWithoutAFollower() {
        play(nodes(3), (cluster, load) -> {
            KvNode follower = others(cluster, cluster.leader()).get(0);
            long from = System.nanoTime();
            follower.kill();
            cluster.awaitInSync(2, SOON);
            load.awaitWrites(200, SOON);
            assertGap(load, from, TAKE_OVER);
            assertNobodyHung(load);
        });
    }

    @Test
    void shouldKeepEverythingWhenAllAreKilledAtOnce() {
        play(nodes(3), (cluster, load) -> {
            for (KvNode node : cluster.nodes()) {
                ProcessHandle.of(node.process().pid()).ifPresent(ProcessHandle::destroyForcibly);
            }
            for (KvNode node : cluster.nodes()) {
                node.kill();
            }
            allBack(cluster);
            load.awaitWrites(200, SOON);
        });
    }

    @Test
    void shouldLetTheSurvivorOfTwoGoOnAlone() {
        play(nodes(2), (cluster, load) -> {
            KvNode leader = cluster.leader();
            KvNode other = others(cluster, leader).get(0);
            for (KvNode victim : new KvNode[] {other, leader}) {
                long from = System.nanoTime();
                victim.kill();
                cluster.awaitInSync(1, SOON);
                load.awaitWrites(200, SOON);
                assertGap(load, from, TAKE_OVER);
                victim.start();
                victim.awaitReady();
                cluster.awaitInSync(2, SOON);
            }
            assertNobodyHung(load);
        });
    }

    @Test
    void shouldLoseNothingWhenLeadersDieAtRandomTimes() {
        Random random = new Random(seed());
        play(nodes(3), (cluster, load) -> {
            long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            while (System.nanoTime() < end) {
                Thread.sleep(random.nextInt(1500));
                KvNode leader = cluster.leader();
                leader.kill();
                leader.start(); // at once: it may be the only one in sync, and then nobody else may lead
                cluster.awaitLeader(SOON);
            }
            load.awaitWrites(200, SOON);
            assertNobodyHung(load);
        });
    }
}
