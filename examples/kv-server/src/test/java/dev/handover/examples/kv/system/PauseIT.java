package dev.handover.examples.kv.system;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.examples.kv.KvNode;
import dev.handover.examples.kv.RawClient;
import dev.handover.examples.kv.Waiting;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** SIGSTOP for longer than the failure time-out of 500 ms, and SIGCONT. */
class PauseIT extends SystemTest {
    private static final int PROBES = 5;

    @Test
    void shouldNotHearStaleAnswersFromALeaderThatWasPaused() {
        play(nodes(3), (cluster, load) -> {
            KvNode leader = cluster.leader();
            List<RawClient> readers = new ArrayList<>();
            try (RawClient writer = leader.client()) {
                for (int i = 0; i < PROBES; i++) {
                    RawClient reader = leader.client();
                    readers.add(reader);
                    assertThat(reader.call("PING")).isEqualTo("+PONG");
                }
                assertThat(writer.call("SET", "stale", "before")).isEqualTo("+OK");
                Request append = Request.of("APPEND", "l-paused-" + System.nanoTime(), load.token());
                long appendInvoked = System.nanoTime();

                long from = System.nanoTime();
                leader.process().pause();
                try {
                    writer.send(RawClient.command(append.array()));
                    KvNode next = cluster.awaitOtherLeader(leader, SOON);
                    load.awaitWrites(200, SOON);
                    assertGap(load, from, TAKE_OVER);
                    Waiting.until("a write of the new leader", SOON, () -> next.call("SET", "stale", "after")
                            .equals("+OK"));
                    for (RawClient reader : readers) {
                        reader.send(RawClient.command("GET", "stale"));
                    }
                } finally {
                    leader.process().resume();
                }

                for (RawClient reader : readers) {
                    String reply = reader.reply();
                    assertThat(reply).matches("\"after\"|-TRYAGAIN .*");
                }
                load.history().replied("paused", leader.id(), append, writer.reply(), appendInvoked);
            } finally {
                for (RawClient reader : readers) {
                    reader.close();
                }
            }
        });
    }

    @Test
    void shouldGoOnWithoutAFollowerThatIsPaused() {
        play(nodes(3), (cluster, load) -> {
            KvNode follower = others(cluster, cluster.leader()).get(0);
            long from = System.nanoTime();
            follower.process().pause();
            try {
                cluster.awaitInSync(2, SOON);
                load.awaitWrites(500, SOON);
                assertGap(load, from, TAKE_OVER);
            } finally {
                follower.process().resume();
            }
        });
    }
}
