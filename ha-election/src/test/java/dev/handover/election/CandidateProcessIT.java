package dev.handover.election;

import static dev.handover.election.LeaderElectionTest.awaitFollowing;
import static dev.handover.election.LeaderElectionTest.awaitLeading;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Registration;
import dev.handover.election.zookeeper.Await;
import dev.handover.leadership.Leadership;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, killed and paused. */
@Timeout(120)
class CandidateProcessIT {
    private static final Duration DEFAULT_SESSION = Duration.ofSeconds(10);
    private static final int ROUNDS = 9;

    @TempDir
    Path directory;

    private Ensemble ensemble;

    @BeforeEach
    void start() throws Exception {
        ensemble = new Ensemble(directory);
    }

    @AfterEach
    void stop() throws Exception {
        ensemble.close();
    }

    @Test
    void shouldKnowAfterAPauseThatItNoLongerLeads() throws Exception {
        CandidateProcess paused = new CandidateProcess(ensemble.connectString(), "a", Duration.ofSeconds(1), false);
        try {
            paused.await("leads");
            CompletableFuture<Long> ledMillis = new CompletableFuture<>();
            LeaderElection b = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                    .candidate("b")
                    .listener(told -> {
                        if (told instanceof Leadership.Leading) {
                            ledMillis.complete(System.currentTimeMillis());
                        }
                    }));
            awaitFollowing(b, "a");
            paused.signal("STOP");
            long led = Await.get(ledMillis);
            paused.signal("CONT");
            assertThat(Long.parseLong(paused.await("believed"))).isLessThan(led);
        } finally {
            paused.kill();
        }
    }

    @Test
    void shouldTakeOverInMillisecondsWhenThatIsSwitchedOn() throws Exception {
        LeaderElection b = ensemble.start(
                LeaderElection.builder(ensemble.client(ensemble.connectString(), DEFAULT_SESSION), "/jobs/billing")
                        .candidate("b")
                        .priority(1) // those that were killed before stand until their sessions end, and are waited for
                        // by lower ones
                        .fastTakeOver(new InetSocketAddress("127.0.0.1", 0)));
        long[] tookMillis = new long[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            CandidateProcess a = new CandidateProcess(ensemble.connectString(), "a" + round, DEFAULT_SESSION, true);
            try {
                String leader = "a" + round;
                awaitLeading(b);
                Await.until("a stands", () -> b.candidates().stream()
                        .anyMatch(candidate -> candidate.name().equals(leader)));
                Await.get(b.transferTo(leader));
                a.await("leads");
                awaitFollowing(b, leader);
                Await.until("b watches", () -> LivenessTest.isConnected("handover-election-b-liveness"));
                long from = System.nanoTime();
                CompletableFuture<Long> led = new CompletableFuture<>();
                Registration listening = b.listen(leadership -> {
                    if (leadership instanceof Leadership.Leading) {
                        led.complete(System.nanoTime());
                    }
                });
                a.kill();
                tookMillis[round] = TimeUnit.NANOSECONDS.toMillis(Await.get(led) - from);
                listening.close();
                assertThat(b.lastChange().orElseThrow().reason()).isEqualTo("the process of '" + leader + "' is gone");
            } finally {
                a.kill();
            }
        }
        Arrays.sort(tookMillis);
        System.out.println("take-over of an election after SIGKILL, ms: " + Arrays.toString(tookMillis));
        assertThat(tookMillis[ROUNDS / 2]).isLessThanOrEqualTo(50);
        assertThat(tookMillis[ROUNDS - 1]).isLessThan(DEFAULT_SESSION.toMillis() / 4);
    }

    @Test
    void shouldWaitForTheSessionsEndWhenThatIsNotSwitchedOn() throws Exception {
        LeaderElection b = ensemble.start(LeaderElection.builder(ensemble.client(), "/jobs/billing")
                .candidate("b")
                .priority(-1));
        CandidateProcess a = new CandidateProcess(ensemble.connectString(), "a", Ensemble.SESSION, false);
        try {
            awaitLeading(b);
            Await.until("a stands", () -> b.candidates().size() == 2);
            Await.get(b.transferTo("a"));
            a.await("leads");
            long from = System.nanoTime();
            a.kill();
            awaitLeading(b);
            assertThat(System.nanoTime() - from)
                    .isBetween(
                            Ensemble.SESSION.dividedBy(2).toNanos(),
                            Ensemble.SESSION.multipliedBy(3).toNanos());
        } finally {
            a.kill();
        }
    }
}
