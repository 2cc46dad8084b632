package dev.handover.replication;

import static dev.handover.replication.TestCluster.LONG;
import static dev.handover.replication.TestCluster.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.event.HaEvent;
import dev.handover.replication.TestCluster.Running;
import dev.handover.replication.protocol.FeatureLevels;
import dev.handover.replication.storage.StorageOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A group whose nodes are upgraded one after the other under load (R20). */
@Timeout(120)
class RollingUpgradeTest {
    @TempDir
    Path directory;

    private final TestCluster cluster = new TestCluster();

    @AfterEach
    void close() {
        cluster.close();
    }

    private void release(int featureLevel) {
        cluster.settings = builder -> builder.maxFeatureLevel(featureLevel)
                .storage(StorageOptions.defaults().withSegmentBytes(1 << 20).withReserveBytes(0));
    }

    @Test
    void shouldRaiseTheLevelAfterTheLastNodeWithoutAFailedWriteAndRefuseTheOldReleaseThen() throws Exception {
        cluster.onDisk = directory;
        release(FeatureLevels.FIRST);
        cluster.startInSync("a", "b", "c");
        assertThat(levelsSeenBy("c")).containsOnly(FeatureLevels.FIRST);
        release(FeatureLevels.NEWEST);
        AtomicBoolean enough = new AtomicBoolean();
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        Thread writer = new Thread(() -> {
            while (!enough.get()) {
                answers.add(cluster.running.get("c").log().submit(bytes("c" + answers.size())));
                answers.get(answers.size() - 1).exceptionally(e -> null).join();
            }
        });
        writer.start();
        try {
            for (String node : List.of("a", "b")) { // c goes on, at the older level
                cluster.running.get(node).node().close();
                cluster.start(node).log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
                assertThat(levelsSeenBy("c")).containsOnly(FeatureLevels.FIRST);
            }
        } finally {
            enough.set(true);
            writer.join(30_000);
        }
        assertThat(answers).isNotEmpty();
        for (CompletableFuture<byte[]> answer : answers) {
            answer.get(20, TimeUnit.SECONDS); // no failed write
        }
        cluster.running.get("c").node().close();
        Running c = cluster.start("c");
        c.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS);
        TestCluster.await("the level is raised", () -> levelsSeenBy("c").contains(FeatureLevels.NEWEST));
        c.log().submit(bytes("after")).get(20, TimeUnit.SECONDS);

        c.node().close();
        release(FeatureLevels.FIRST);
        Running older = cluster.start("c");
        assertThatThrownBy(() -> older.log().awaitInSync(LONG).get(30, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("feature level " + FeatureLevels.NEWEST);
        cluster.running.get("a").log().submit(bytes("without c")).get(20, TimeUnit.SECONDS);
    }

    private List<Integer> levelsSeenBy(String node) {
        return cluster.running.get(node).events().stream()
                .filter(HaEvent.ConfigurationChanged.class::isInstance)
                .map(HaEvent.ConfigurationChanged.class::cast)
                .map(HaEvent.ConfigurationChanged::configuration)
                .map(Configuration::featureLevel)
                .toList();
    }
}
