package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static dev.handover.replication.protocol.CoreBench.MILLIS;
import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.Role;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Leases for reads (R16): events in, effects out. Every mutation of these rules is found by a method here; see the profile {@code mutation}. */
class LeaseProtocolTest {
    private static final long PERIOD = 1000 * MILLIS;
    private static final ProtocolOptions LEASED = ProtocolOptions.defaults().withLeases(new LeaseOptions(PERIOD, 0.25));

    /** A leads with B and C in sync; the group knows of leases, nobody has granted one. */
    private static CoreBench leader() {
        CoreBench bench = CoreBench.leaderAlone(LEASED);
        bench.connect(B);
        bench.connect(C);
        bench.receive(B, new Message.Join(1, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        bench.receive(B, new Message.Ack(1, 1, 0));
        bench.grantCas();
        bench.persist();
        bench.receive(B, new Message.Ack(2, 1, 0));
        bench.receive(C, new Message.Join(2, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        bench.receive(C, new Message.Ack(2, 1, 0));
        bench.grantCas();
        bench.persist();
        bench.receive(B, new Message.Ack(3, 1, 0));
        bench.receive(C, new Message.Ack(3, 1, 0));
        assertThat(bench.core.configuration().inSync()).containsExactly(A, B, C);
        bench.forget();
        bench.tick(60);
        return bench;
    }

    private static Message.LeaseRequest asked(CoreBench bench) {
        List<Message.LeaseRequest> asked = bench.sent(Message.LeaseRequest.class);
        assertThat(asked).isNotEmpty();
        return asked.get(asked.size() - 1);
    }

    private static void grant(CoreBench bench, Message.LeaseRequest request) {
        bench.receive(B, new Message.LeaseGranted(request.epoch(), request.sentNanos()));
        bench.receive(C, new Message.LeaseGranted(request.epoch(), request.sentNanos()));
    }

    private static List<Effect.ReadLeased> read(CoreBench bench) {
        bench.forget();
        bench.step(new Event.ReadLeased(List.of(9L)));
        return bench.all(Effect.ReadLeased.class);
    }

    @Test
    void shouldRelyOnAGrantFromWhenItWasAskedForLessTheDrift() {
        CoreBench bench = leader();
        Message.LeaseRequest request = asked(bench);
        assertThat(request.periodNanos()).isEqualTo(PERIOD);
        bench.tick(100);
        grant(bench, request);
        Lease lease = read(bench).get(0).lease();
        assertThat(lease.untilNanos()).isEqualTo(request.sentNanos() + PERIOD * 3 / 4);
    }

    @Test
    void shouldNeedEveryOtherMember() {
        CoreBench bench = leader();
        Message.LeaseRequest request = asked(bench);
        bench.receive(B, new Message.LeaseGranted(request.epoch(), request.sentNanos()));
        assertThat(read(bench)).isEmpty();
        assertThat(bench.sent(Message.Append.class)).as("a round instead").isNotEmpty();
    }

    @Test
    void shouldNotTakeAGrantOfAnotherEpoch() {
        CoreBench bench = leader();
        Message.LeaseRequest request = asked(bench);
        bench.receive(B, new Message.LeaseGranted(request.epoch(), request.sentNanos()));
        bench.receive(C, new Message.LeaseGranted(request.epoch() - 1, request.sentNanos()));
        assertThat(read(bench)).isEmpty();
    }

    @Test
    void shouldLookAtTheClockAndAtTheTermAfterTheRead() {
        Lease lease = new Lease(3, 500);
        assertThat(lease.holds(2, 499)).isTrue();
        assertThat(lease.holds(2, 500)).isFalse();
        assertThat(lease.holds(3, 499)).isFalse();
        assertThat(new Lease(1, Long.MIN_VALUE + 5).holds(0, Long.MAX_VALUE))
                .as("clocks wrap")
                .isTrue();
    }

    @Test
    void shouldDropTheLeaseBeforeItProposesAndTakeNoneWhileInDoubt() {
        CoreBench bench = leader();
        grant(bench, asked(bench));
        Lease lease = read(bench).get(0).lease();
        bench.step(new Event.Transfer(7, B.node(), 100 * MILLIS));
        Effect.CompareAndSet proposed = bench.last(Effect.CompareAndSet.class);
        Effect.LeaseDropped dropped = bench.last(Effect.LeaseDropped.class);
        assertThat(lease.holds(dropped.term(), 0)).isFalse();
        assertThat(bench.effects().indexOf(dropped)).isLessThan(bench.effects().indexOf(proposed));
        assertThat(read(bench)).as("R6: in doubt").isEmpty();
    }

    @Test
    void shouldHaveNoLeasesUnlessAskedFor() {
        CoreBench bench = CoreBench.leaderAlone(ProtocolOptions.defaults());
        bench.tick(60);
        assertThat(read(bench)).isEmpty();
        assertThat(bench.last(Effect.ReadReady.class).index()).isEqualTo(1);
        assertThat(bench.core.configuration().leaseNanos()).isZero();
    }

    /** B, that follows A in epoch 3 and has granted it a lease of a period just now. */
    private static CoreBench granter() {
        CoreBench bench = CoreBench.member(B, leased(3, A), 1);
        bench.tick(2 * PERIOD / MILLIS); // whatever an earlier process has granted
        bench.connect(A);
        bench.persist();
        bench.receive(A, append(3, 1, 1, 1));
        bench.receive(A, new Message.LeaseRequest(3, 77, PERIOD));
        assertThat(bench.sent(Message.LeaseGranted.class)).containsExactly(new Message.LeaseGranted(3, 77));
        return bench;
    }

    private static Configuration leased(long epoch, dev.handover.ReplicaId leader) {
        return configuration(epoch, leader, A, B).withLeaseNanos(PERIOD);
    }

    /** A is gone, B leads alone from now on. */
    private static void takeOver(CoreBench bench) {
        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));
        bench.grantCas();
        bench.persist();
        bench.persist();
    }

    @Test
    void shouldCommitNothingAndAdmitNobodyAsNewLeaderBeforeItsGrantHasLapsed() {
        CoreBench bench = granter();
        takeOver(bench);
        bench.connect(C);
        bench.receive(C, new Message.Join(4, bench.core.lineage(), 2, 4, FeatureLevels.NEWEST));
        bench.receive(C, new Message.Ack(4, 2, 0));
        bench.forget();
        bench.tick(PERIOD / MILLIS - 1);
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
        assertThat(bench.core.commitIndex()).isEqualTo(1);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        bench.tick(1);
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.core.commitIndex()).isEqualTo(2);
    }

    @Test
    void shouldNotWaitForALeaderThatSaidGoodbyeInThisEpoch() {
        CoreBench bench = granter();
        bench.receive(A, new Message.Goodbye(3));
        takeOver(bench);
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
    }

    @Test
    void shouldWaitForALeaderWhoseGoodbyeIsOfAnEarlierEpoch() {
        CoreBench bench = granter();
        bench.receive(A, new Message.Goodbye(2));
        takeOver(bench);
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
    }

    @Test
    void shouldWaitAfterARestartForWhatAnEarlierProcessMayHaveGranted() {
        CoreBench bench = CoreBench.member(B, leased(3, A), 1);
        bench.connect(A);
        bench.persist();
        bench.receive(A, append(3, 1, 1, 1));
        takeOver(bench);
        bench.tick(PERIOD / MILLIS - 1);
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
        bench.tick(1);
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
    }

    @Test
    void shouldGrantOnlyToTheLeaderOfTheAdoptedEpoch() {
        CoreBench bench = granter();
        bench.forget();
        bench.receive(A, new Message.LeaseRequest(2, 78, PERIOD));
        bench.receive(C, new Message.LeaseRequest(3, 79, PERIOD));
        bench.receive(A, new Message.LeaseRequest(3, 80, 0));
        bench.receive(A, new Message.LeaseRequest(3, 81, Long.MAX_VALUE));
        assertThat(bench.sent(Message.LeaseGranted.class)).isEmpty();
    }
}
