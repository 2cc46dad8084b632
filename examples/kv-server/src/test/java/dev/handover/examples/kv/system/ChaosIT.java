package dev.handover.examples.kv.system;

import dev.handover.examples.kv.KvCluster;
import dev.handover.examples.kv.KvNode;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Everything, at random. The seed decides what is done and when, not what happens in between. */
class ChaosIT extends SystemTest {
    private static final Duration LEAST = Duration.ofSeconds(30);

    @Test
    void shouldLoseNothingWhateverHappens() {
        Random random = new Random(seed());
        play(nodes(3), (cluster, load) -> {
            long end = System.nanoTime() + (SOAK.compareTo(LEAST) > 0 ? SOAK : LEAST).toNanos();
            while (System.nanoTime() < end) {
                mischief(cluster, random);
                Thread.sleep(random.nextInt(1000));
            }
            allBack(cluster);
            load.awaitWrites(200, SOON);
        });
    }

    private static void mischief(KvCluster cluster, Random random) throws Exception {
        List<KvNode> alive = cluster.alive();
        int choice = random.nextInt(10);
        if (alive.size() < cluster.nodes().size() && (alive.isEmpty() || choice < 5)) {
            for (KvNode node : cluster.nodes()) {
                if (!node.isAlive()) {
                    LOG.info("start {}", node);
                    node.start(); // when it is ready depends on who else runs: it may not be in sync
                    return;
                }
            }
        }
        KvNode victim = alive.get(random.nextInt(alive.size()));
        switch (choice) {
            case 0, 1, 2, 3 -> {
                LOG.info("kill {}", victim);
                victim.kill();
            }
            case 4, 5, 6 -> pause(victim, 50 + random.nextInt(1500));
            case 7 -> {
                LOG.info("stop {}", victim);
                victim.process().terminate();
                victim.process().awaitExit(SOON);
            }
            case 8 -> {
                int millis = random.nextInt(3000);
                LOG.info("stop ZooKeeper for {} ms", millis);
                cluster.zooKeeper().pause();
                Thread.sleep(millis);
                cluster.zooKeeper().resume();
            }
            default -> {
                LOG.info("restart ZooKeeper");
                cluster.zooKeeper().kill();
                Thread.sleep(random.nextInt(1000));
                cluster.startZooKeeper();
            }
        }
    }

    private static void pause(KvNode victim, int millis) throws InterruptedException {
        LOG.info("pause {} for {} ms", victim, millis);
        victim.process().pause();
        try {
            Thread.sleep(millis);
        } finally {
            victim.process().resume();
        }
    }
}
