package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static dev.handover.replication.protocol.CoreBench.entry;
import static dev.handover.replication.protocol.CoreBench.replica;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.ReplicaId;
import dev.handover.Role;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** R21. */
class RestTest {
    private static final ReplicaId A = replica("a");
    private static final ReplicaId B = replica("b");
    private static final ProtocolOptions OPTIONS = ProtocolOptions.defaults();
    private static final long AFTER = 100 * CoreBench.MILLIS;

    // ---- the leader

    private static CoreBench leaderOfTwo() {
        CoreBench bench = CoreBench.leaderAlone(OPTIONS);
        admitB(bench);
        return bench;
    }

    private static void admitB(CoreBench bench) {
        bench.core.mayRestAfter(AFTER);
        bench.connect(B);
        bench.receive(B, new Message.Join(0, new UUID(0, 0), 0, 0, FeatureLevels.NEWEST));
        acknowledge(bench);
        acknowledge(bench);
        bench.grantCas();
        bench.persist();
        acknowledge(bench);
        bench.step(new Event.Applied(bench.core.commitIndex()));
    }

    private static void acknowledge(CoreBench bench) {
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
    }

    /** Time goes by; the follower acknowledges, and answers no question. */
    private static void idle(CoreBench bench, int millis) {
        for (int i = 0; i < millis; i += 10) {
            bench.tick(10);
            acknowledge(bench);
        }
    }

    private static CoreBench restingLeader() {
        CoreBench bench = leaderOfTwo();
        idle(bench, 200);
        bench.receive(B, new Message.Resting(bench.core.epoch(), bench.core.lastIndex()));
        assertThat(bench.core.rests()).isTrue();
        bench.forget();
        return bench;
    }

    @Test
    void shouldAskAFollowerToRestWhenThereWasNothingToDoForAWhile() {
        CoreBench bench = leaderOfTwo();

        idle(bench, 90);
        assertThat(bench.sent(Message.Rest.class)).isEmpty();
        idle(bench, 110);

        assertThat(bench.sent(Message.Rest.class))
                .containsOnly(new Message.Rest(bench.core.epoch(), bench.core.lastIndex()));
        assertThat(bench.core.rests()).isFalse();
        assertThat(bench.core.restsWith()).isEmpty();
    }

    @Test
    void shouldNeverAskWhereTheShellDoesNotVouch() {
        CoreBench bench = leaderOfTwo();
        bench.core.mayRestAfter(Long.MAX_VALUE);

        idle(bench, 2000);

        assertThat(bench.sent(Message.Rest.class)).isEmpty();
        assertThat(bench.core.rests()).isFalse();
    }

    @Test
    void shouldNotAskWithLeasesWhichMustBeRenewed() {
        LeaseOptions leases = new LeaseOptions(OPTIONS.failureTimeoutNanos(), 0.1);
        CoreBench bench = CoreBench.leaderAlone(OPTIONS.withLeases(leases));
        admitB(bench);

        idle(bench, 2000);

        assertThat(bench.sent(Message.Rest.class)).isEmpty();
    }

    @Test
    void shouldSendNothingToAFollowerThatRestsAndNotRemoveIt() {
        CoreBench bench = restingLeader();

        bench.tick(10);
        bench.tick(60_000); // nobody ticks a group that rests
        bench.tick(60_000);

        assertThat(bench.all(Effect.Send.class)).isEmpty();
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        assertThat(bench.core.restsWith()).containsExactly(B.node());
    }

    @Test
    void shouldGoOnWithTheNextCommand() {
        CoreBench bench = restingLeader();
        bench.tick(60_000);

        bench.propose("x");
        bench.persist();
        acknowledge(bench);

        assertThat(bench.sent(Message.Append.class)).isNotEmpty();
        assertThat(bench.core.rests()).isFalse();
        assertThat(bench.core.commitIndex()).isEqualTo(bench.core.lastIndex());
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty(); // it has a time-out to be heard from now on
    }

    @Test
    void shouldNotTakeAnAnswerForOneToALaterQuestion() {
        CoreBench bench = leaderOfTwo();
        idle(bench, 200);
        long epoch = bench.core.epoch();
        long before = bench.core.lastIndex();

        bench.propose("x");
        bench.persist();
        bench.receive(B, new Message.Resting(epoch, before));

        assertThat(bench.core.restsWith()).isEmpty();
        acknowledge(bench);
        bench.receive(B, new Message.Resting(epoch, bench.core.lastIndex())); // and was not asked since
        assertThat(bench.core.restsWith()).isEmpty();
    }

    @Test
    void shouldRemoveAFollowerThatNobodyVouchesForAndThatIsSilent() {
        CoreBench bench = restingLeader();
        bench.tick(10_000);

        bench.step(new Event.Unvouched(B.node(), 0));
        bench.tick(10);
        bench.step(new Event.ConfigurationRead(CoreBench.stored(bench.core.configuration()))); // R7: the store is heard
        bench.tick(10);

        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    @Test
    void shouldEndWithTheConnectionAndWithAFollowerThatJoins() {
        CoreBench bench = restingLeader();
        bench.step(new Event.PeerDisconnected(B.node()));
        assertThat(bench.core.restsWith()).isEmpty();

        bench = restingLeader();
        bench.receive(
                B,
                new Message.Join(
                        bench.core.epoch(), bench.core.lineage(), bench.core.lastIndex(), 1, FeatureLevels.NEWEST));
        assertThat(bench.core.restsWith()).isEmpty();
        assertThat(bench.sent(Message.Append.class)).isNotEmpty();
    }

    // ---- the follower

    private static CoreBench follower() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.core.mayRestAfter(AFTER);
        bench.connect(A);
        bench.persist();
        return bench;
    }

    private static CoreBench restingFollower() {
        CoreBench bench = follower();
        bench.receive(A, append(1, 3, 1, 3));
        bench.receive(A, new Message.Rest(1, 3));
        assertThat(bench.sent(Message.Resting.class)).containsExactly(new Message.Resting(1, 3));
        assertThat(bench.core.restsUnder()).isEqualTo(A.node());
        bench.forget();
        return bench;
    }

    @Test
    void shouldNotSuspectALeaderWhileItRestsUnderIt() {
        CoreBench bench = restingFollower();
        assertThat(bench.core.rests()).isTrue();

        bench.tick(10);
        bench.tick(60_000);
        bench.tick(10);

        assertThat(bench.all(Effect.Send.class)).isEmpty();
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
    }

    @Test
    void shouldTakeOverAtOnceFromALeaderWhoseNodeWasSilentForTheTimeOut() {
        CoreBench bench = restingFollower();
        bench.tick(60_000);

        bench.step(new Event.Unvouched(A.node(), 0));
        bench.tick(10);

        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(B);
    }

    @Test
    void shouldWatchForItselfAgainAfterAnAppend() {
        CoreBench bench = restingFollower();

        bench.receive(A, append(1, 3, 1, 3, entry(4, 1)));
        bench.persist();
        assertThat(bench.core.restsUnder()).isNull();
        for (int i = 0; i < 80; i++) {
            bench.tick(10);
        }

        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(B);
    }

    @Test
    void shouldNotRestWithoutEverythingDurableAndCommitted() {
        CoreBench bench = follower();
        bench.receive(A, append(1, 3, 1, 3, entry(4, 1)));
        bench.receive(A, new Message.Rest(1, 4)); // not durable
        bench.persist();
        bench.receive(A, new Message.Rest(1, 4)); // not known to be committed
        bench.receive(A, append(1, 4, 1, 4));
        bench.receive(A, new Message.Rest(1, 5)); // not here
        bench.receive(A, new Message.Rest(2, 4)); // another epoch
        bench.receive(replica("c"), new Message.Rest(1, 4)); // not the leader
        assertThat(bench.sent(Message.Resting.class)).isEmpty();
        assertThat(bench.core.restsUnder()).isNull();

        bench.receive(A, new Message.Rest(1, 4));
        assertThat(bench.sent(Message.Resting.class)).hasSize(1);
    }

    @Test
    void shouldTakeOverFromALeaderThatRefusesConnections() {
        CoreBench bench = restingFollower();

        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));

        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(B);
    }
}
