package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.protocol.Effect.MembersOutcome;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who may be in the group at all (R22): events in, effects out. */
class MembershipTest {
    private static final long PATIENCE = 100 * CoreBench.MILLIS;

    /** A leads epoch 2 with B in sync, everything up to 1 is committed; C is connected. */
    private static CoreBench leaderOfTwo(int minInSync) {
        CoreBench bench = CoreBench.leaderAlone(ProtocolOptions.defaults().withMinInSync(minInSync));
        bench.connect(B);
        bench.connect(C);
        bench.receive(B, join(bench, 1, false));
        bench.receive(B, new Message.Ack(1, 1, 0));
        bench.grantCas();
        bench.persist();
        bench.receive(B, new Message.Ack(2, 1, 0));
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.core.configuration().inSync()).containsExactly(A, B);
        bench.forget();
        return bench;
    }

    private static Message.Join join(CoreBench bench, long epoch, boolean learner) {
        return new Message.Join(epoch, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST, learner);
    }

    private static void ask(CoreBench bench, ReplicaId who, boolean remove) {
        bench.step(new Event.ChangeMembers(7, who.node(), remove, PATIENCE));
    }

    @Test
    void shouldRemoveAMemberAndKeepEveryReplicaOfThatNodeOutUntilItIsAdmittedAgain() {
        CoreBench bench = leaderOfTwo(1);
        ask(bench, B, true);
        Configuration removed = bench.last(Effect.CompareAndSet.class).next();
        assertThat(removed.inSync()).containsExactly(A);
        assertThat(removed.removed()).containsExactly(B.node());
        assertThat(bench.all(Effect.MembersChanged.class)).isEmpty();
        bench.grantCas();
        bench.persist();
        assertThat(bench.last(Effect.MembersChanged.class).outcome()).isEqualTo(MembersOutcome.DONE);

        bench.forget();
        ReplicaId replaced = new ReplicaId(B.node(), new UUID(7, 7));
        for (ReplicaId one : List.of(B, replaced)) {
            bench.receive(one, join(bench, 3, false));
            bench.receive(one, new Message.Ack(3, 1, 0));
            bench.tick(10);
        }
        assertThat(bench.sent(Message.Append.class)).isEmpty();
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();

        ask(bench, B, false);
        assertThat(bench.grantCas().removed()).isEmpty();
        bench.persist();
        bench.receive(replaced, join(bench, 4, false));
        bench.receive(replaced, new Message.Ack(4, 1, 0));
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A, replaced);
    }

    @Test
    void shouldCarryOnWhoIsRemovedWithEveryOtherChange() {
        CoreBench bench = leaderOfTwo(1);
        ask(bench, C, true); // is not in sync; forgotten all the same
        assertThat(bench.grantCas().removed()).containsExactly(C.node());
        bench.persist();
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.step(new Event.PeerRefused(B.node()));
        Configuration shrunk = bench.last(Effect.CompareAndSet.class).next();
        assertThat(shrunk.inSync()).containsExactly(A);
        assertThat(shrunk.removed()).containsExactly(C.node());
    }

    @Test
    void shouldRefuseWhatWouldStopWritesAndWhatOnlyAnotherCanDo() {
        CoreBench bench = leaderOfTwo(1);
        ask(bench, A, true);
        assertThat(bench.last(Effect.MembersChanged.class).detail()).contains("a leads; hand the leadership over");
        CoreBench follower = CoreBench.member(B, CoreBench.configuration(1, A, A, B), 1);
        ask(follower, C, true);
        assertThat(follower.last(Effect.MembersChanged.class).outcome()).isEqualTo(MembersOutcome.REFUSED);
        assertThat(follower.last(Effect.MembersChanged.class).detail()).contains("does not lead; ask a");
        assertThat(follower.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldNeitherCountNorAdmitALearnerButSendItEverything() {
        CoreBench bench = leaderOfTwo(1);
        bench.receive(C, join(bench, 2, true));
        bench.receive(C, new Message.Ack(2, 1, 0));
        bench.propose("x");
        bench.persist();
        long index = bench.core.lastIndex();
        assertThat(bench.all(Effect.Send.class).stream()
                        .filter(send -> send.to().equals(C.node())))
                .anySatisfy(send ->
                        assertThat(((Message.Append) send.message()).entries()).isNotEmpty());
        bench.receive(B, new Message.Ack(2, index, 0));
        assertThat(bench.core.commitIndex()).as("without the learner").isEqualTo(index);
        bench.receive(C, new Message.Ack(2, index, 0));
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldTakeAMemberThatHasBecomeALearnerOut() {
        CoreBench bench = leaderOfTwo(1);
        bench.receive(B, join(bench, 2, true));
        bench.tick(1);
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    @Test
    void shouldNeverTakeOverNorFoundAGroupAsALearner() {
        ProtocolOptions learner = ProtocolOptions.defaults().withLearner(true);
        CoreBench empty = new CoreBench(B, RecoveredReplica.empty(), learner);
        empty.boot(null);
        empty.tick(600);
        assertThat(empty.all(Effect.CompareAndSet.class)).isEmpty();
        assertThat(empty.all(Effect.ReadConfiguration.class))
                .as("it looks again")
                .hasSizeGreaterThan(1);

        CoreBench member = new CoreBench(
                B,
                new RecoveredReplica(CoreBench.LINEAGE, 1, 2, 3, List.of(new RecoveredReplica.EpochStart(1, 1)), 0),
                learner);
        member.boot(CoreBench.stored(CoreBench.configuration(1, A, A, B)));
        member.connect(A);
        member.tick(1);
        assertThat(member.sent(Message.Join.class))
                .allMatch(Message.Join::learner)
                .isNotEmpty();
        member.step(new Event.PeerDisconnected(A.node()));
        member.step(new Event.PeerRefused(A.node()));
        member.tick(600);
        assertThat(member.all(Effect.CompareAndSet.class)).isEmpty();

        CoreBench last = new CoreBench(
                B,
                new RecoveredReplica(CoreBench.LINEAGE, 1, 2, 3, List.of(new RecoveredReplica.EpochStart(1, 1)), 0),
                learner);
        last.boot(CoreBench.stored(CoreBench.configuration(1, B, B)));
        assertThat(last.last(Effect.Faulted.class).reason()).contains("set to be a learner");
    }
}
