package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static dev.handover.replication.protocol.CoreBench.LINEAGE;
import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static dev.handover.replication.protocol.CoreBench.stored;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.Role;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** R20: what is written at a level is written only when everybody can read it. */
class FeatureLevelTest {
    private static final ProtocolOptions NEW = ProtocolOptions.defaults();
    private static final ProtocolOptions OLD = NEW.withFeatureLevel(FeatureLevels.FIRST);

    @Test
    void shouldRaiseTheLevelOnceTheOtherMemberHasSaidThatItCanReadIt() {
        CoreBench bench = leaderOfTwo();
        assertThat(bench.all(Effect.CompareAndSet.class))
                .as("B has said nothing")
                .isEmpty();
        bench.receive(B, new Message.Supports(bench.core.epoch(), 2));
        Configuration raised = bench.grantCas();
        assertThat(raised.featureLevel()).isEqualTo(2);
        assertThat(raised.inSync()).containsExactly(A, B);
        assertThat(raised.epoch()).isEqualTo(3);
    }

    @Test
    void shouldNotRaiseTheLevelWhileALearnerCannotReadIt() {
        CoreBench bench = leaderOfTwo();
        bench.connect(C);
        bench.receive(C, new Message.Join(2, LINEAGE, 0, 0, 1));
        bench.receive(B, new Message.Supports(bench.core.epoch(), 2));
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldRaiseTheLevelOnlyWhenItIsNotHeldAnyMore() {
        CoreBench bench = leaderOfTwo();
        bench.step(new Event.HoldFeatureLevel(true));
        bench.receive(B, new Message.Supports(bench.core.epoch(), 2));
        bench.tick(60);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        bench.step(new Event.HoldFeatureLevel(false));
        bench.receive(B, new Message.Supports(bench.core.epoch(), 2));
        bench.tick(60);
        assertThat(bench.grantCas().featureLevel()).isEqualTo(2);
    }

    @Test
    void shouldForgetWhatAMemberSupportedWhenItsProcessMayBeAnother() {
        CoreBench bench = leaderOfTwo();
        bench.connect(C);
        bench.receive(C, new Message.Join(2, LINEAGE, 0, 0, 1)); // holds the group back
        bench.receive(B, new Message.Supports(bench.core.epoch(), 2));
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.connect(B);
        bench.step(new Event.PeerDisconnected(C.node()));
        bench.tick(10);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldNotTakeInAReplicaThatCannotReadTheGroupsLevel() {
        CoreBench bench = CoreBench.leaderAlone(NEW);
        assertThat(bench.core.configuration().featureLevel())
                .as("a new group begins with the newest")
                .isEqualTo(FeatureLevels.NEWEST);
        bench.connect(B);
        bench.receive(B, new Message.Join(1, new UUID(0, 0), 0, 0, 1));
        bench.tick(60);
        assertThat(bench.sent(Message.Append.class)).isEmpty();
        bench.receive(B, new Message.Join(1, new UUID(0, 0), 0, 0, 2));
        assertThat(bench.sent(Message.Append.class)).isNotEmpty();
    }

    @Test
    void shouldTellTheLeaderWhatItSupportsWhileTheGroupIsBelow() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.connect(A);
        bench.receive(A, append(1, 3, 1, 2));
        assertThat(bench.sent(Message.Supports.class)).containsExactly(new Message.Supports(1, 2));
        bench.step(new Event.ConfigurationSeen(stored(atLevel(2, 2, A, A, B))));
        bench.persist();
        bench.forget();
        bench.receive(A, append(2, 3, 1, 2));
        assertThat(bench.sent(Message.Supports.class)).isEmpty();
    }

    @Test
    void shouldRefuseToStartInAGroupThatWritesWhatItCannotRead() {
        CoreBench bench = new CoreBench(B, RecoveredReplica.empty(), OLD);
        bench.boot(stored(atLevel(7, 2, A, A)));
        assertThat(bench.core.role()).isEqualTo(Role.FAULTED);
        assertThat(bench.last(Effect.Faulted.class).reason())
                .contains("feature level 2", "supports levels up to 1", "never lowered");
    }

    @Test
    void shouldWriteWhyAnEpochBeganIntoItsBarrierAtLevelTwoOnly() {
        assertThat(barrierAfterTakeOver(1).payload()).isEmpty();
        assertThat(new String(barrierAfterTakeOver(2).payload(), StandardCharsets.US_ASCII))
                .isEqualTo("take-over from " + A);
    }

    @Test
    void shouldRefuseALevelThatThisReleaseDoesNotKnow() {
        assertThatThrownBy(() -> NEW.withFeatureLevel(99))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("featureLevel 99 is above " + FeatureLevels.NEWEST);
    }

    private static LogEntry barrierAfterTakeOver(int level) {
        CoreBench bench = CoreBench.member(B, atLevel(1, level, A, A, B), 3);
        bench.connect(A);
        bench.receive(A, append(1, 3, 1, 2));
        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));
        bench.grantCas();
        return bench.last(Effect.WriteEntries.class).entries().get(0);
    }

    private static Configuration atLevel(long epoch, int level, ReplicaId leader, ReplicaId... inSync) {
        return new Configuration(LINEAGE, epoch, leader, List.of(inSync), 1, level, new UUID(9, epoch), "test");
    }

    /** A leads with B since epoch 2, at level 1, and serves. */
    private static CoreBench leaderOfTwo() {
        CoreBench bench = CoreBench.member(A, configuration(1, C, A, B, C), 3);
        bench.connect(B);
        bench.connect(C);
        bench.receive(C, append(1, 3, 1, 2));
        bench.step(new Event.PeerDisconnected(C.node()));
        bench.step(new Event.PeerRefused(C.node()));
        bench.grantCas();
        bench.persist();
        bench.receive(B, new Message.Ack(2, 4, 0));
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        bench.forget();
        return bench;
    }
}
