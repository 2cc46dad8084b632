package dev.handover.election;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.election.zookeeper.EmbeddedZooKeeper;
import dev.handover.leadership.Leadership;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An election that was given a connect string has a client of its own, and closes it. */
class OwnClientTest {
    @TempDir
    Path directory;

    @Test
    @Timeout(60)
    void shouldLeadAndGiveItsSessionBack() throws Exception {
        try (EmbeddedZooKeeper zooKeeper =
                EmbeddedZooKeeper.builder().dataDirectory(directory).start()) {
            zooKeeper.awaitServing(Duration.ofSeconds(30));
            LeaderElection first = awaitLeading(zooKeeper, "first");
            first.close();
            first.close();
            awaitLeading(zooKeeper, "second").close();
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().contains("Curator"));
    }

    /** Within far less than the session time-out of one minute. */
    private static LeaderElection awaitLeading(EmbeddedZooKeeper zooKeeper, String name) throws Exception {
        CompletableFuture<Void> leads = new CompletableFuture<>();
        LeaderElection election = LeaderElection.builder(zooKeeper.connectString(), "/jobs/own-client")
                .candidate(name)
                .sessionTimeout(Duration.ofMinutes(1))
                .listener(leadership -> {
                    if (leadership instanceof Leadership.Leading) {
                        leads.complete(null);
                    }
                })
                .start();
        leads.get(20, TimeUnit.SECONDS);
        return election;
    }
}
