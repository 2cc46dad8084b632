package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static dev.handover.replication.protocol.CoreBench.LINEAGE;
import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static dev.handover.replication.protocol.CoreBench.entry;
import static dev.handover.replication.protocol.CoreBench.stored;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.protocol.RecoveredReplica.EpochStart;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A log that begins after index 1, snapshots that are taken, sent and installed: events in, effects out. */
class SnapshotProtocolTest {
    private static final ProtocolOptions NO_MARGIN = ProtocolOptions.defaults().withSnapshotMarginEntries(0);

    @Test
    void shouldKnowTheEpochBeforeTheLogsFirstEntryAndNothingBelow() { // "unknown", never "no such entry"
        EpochIndex index = new EpochIndex(List.of(new EpochStart(10, 2), new EpochStart(13, 4)), 11, 14);
        assertThat(index.epochAt(15)).isEqualTo(EpochIndex.NONE);
        assertThat(index.epochAt(14)).isEqualTo(4);
        assertThat(index.epochAt(12)).isEqualTo(2);
        assertThat(index.epochAt(10)).isEqualTo(2);
        assertThat(index.epochAt(9)).isEqualTo(EpochIndex.UNKNOWN);
        assertThat(index.epochAt(0)).isEqualTo(EpochIndex.UNKNOWN);
        assertThat(index.lastNotAbove(14, 3)).isEqualTo(12);
        assertThat(index.lastNotAbove(14, 1)).isZero();
        assertThat(index.lastNotAbove(9, 4)).isZero();
    }

    @Test
    void shouldKeepTheEpochOfTheLastEntryThatIsDropped() {
        EpochIndex index = new EpochIndex(List.of(new EpochStart(1, 1), new EpochStart(5, 3)), 1, 8);
        index.compact(4);
        assertThat(index.epochAt(3)).isEqualTo(1);
        assertThat(index.epochAt(5)).isEqualTo(3);
        index.compact(9);
        assertThat(index.firstIndex()).isEqualTo(9);
        assertThat(index.epochAt(8)).isEqualTo(3);
        assertThat(index.epochAt(7)).isEqualTo(EpochIndex.UNKNOWN);
        index.append(9, 3);
        index.truncateFrom(9);
        assertThat(index.lastIndex()).isEqualTo(8);
        assertThat(index.lastEpoch()).isEqualTo(3);
        assertThatThrownBy(() -> index.compact(3)).isInstanceOf(InvariantViolation.class);
    }

    @Test
    void shouldBeginBehindTheSnapshotAfterARestart() {
        CoreBench bench = follower(B, configuration(2, A, A, B), 5, 8, 6);
        assertThat(bench.core.commitIndex()).isEqualTo(6);
        bench.receive(A, append(2, 8, 2, 8));
        assertThat(bench.last(Effect.Fetch.class).fromIndex())
                .as("applied from the log behind the snapshot")
                .isEqualTo(7);
        assertThat(bench.sent(Message.Ack.class)).contains(new Message.Ack(2, 8, 0));
    }

    @Test
    void shouldTakeWhatItHasInASnapshotForEqualToTheLeadersLog() { // R3
        CoreBench bench = follower(B, configuration(2, A, A, B), 5, 5, 5);
        bench.receive(A, append(2, 2, 1, 2, entry(3, 2), entry(4, 2)));
        assertThat(bench.sent(Message.Ack.class)).containsExactly(new Message.Ack(2, 5, 0));
        assertThat(bench.sent(Message.Mismatch.class)).isEmpty();
        assertThat(bench.core.lastIndex()).isEqualTo(5);
        bench.receive(A, append(2, 3, 2, 2, entry(4, 2), entry(5, 2), entry(6, 2)));
        assertThat(bench.core.lastIndex()).isEqualTo(6);
    }

    @Test
    void shouldFaultIfTheLeaderContradictsWhatIsInASnapshot() { // R3
        CoreBench bench = follower(B, configuration(2, A, A, B), 5, 5, 5);
        bench.receive(A, append(3, 3, 1, 2, entry(4, 3), entry(5, 3)));
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("cut the log at 5");
        CoreBench other = follower(B, configuration(2, A, A, B), 5, 5, 5);
        other.receive(A, append(2, 5, 1, 2));
        assertThat(other.last(Effect.Faulted.class).reason()).contains("committed and in a snapshot");
    }

    @Test
    void shouldCompactOnlyBehindTheSnapshotBeforeTheNewestOne() {
        CoreBench bench = leaderAlone(NO_MARGIN, 8);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(4, 1, 1)));
        assertThat(bench.all(Effect.CompactLog.class)).isEmpty();
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(7, 1, 1)));
        assertThat(bench.last(Effect.CompactLog.class).firstIndex()).isEqualTo(5);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(7, 1, 1)));
        assertThat(bench.all(Effect.CompactLog.class)).hasSize(1);
    }

    @Test
    void shouldKeepAMarginForFollowersThatAreBehind() {
        CoreBench bench = leaderAlone(NO_MARGIN.withSnapshotMarginEntries(6), 12);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(9, 1, 1)));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(11, 1, 1)));
        assertThat(bench.last(Effect.CompactLog.class).firstIndex()).isEqualTo(6);
    }

    @Test
    void shouldKeepNoLongerAMarginThanItsBytesAllow() {
        CoreBench bench = leaderAlone(NO_MARGIN.withSnapshotMarginEntries(6), 12);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(9, 1, 1)));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(11, 1, 1), 8));
        assertThat(bench.last(Effect.CompactLog.class).firstIndex()).isEqualTo(8);
        CoreBench few = leaderAlone(NO_MARGIN.withSnapshotMarginEntries(6), 12);
        few.step(new Event.SnapshotTaken(new SnapshotPosition(9, 1, 1)));
        few.step(new Event.SnapshotTaken(new SnapshotPosition(11, 1, 1), 2));
        assertThat(few.last(Effect.CompactLog.class).firstIndex()).isEqualTo(6);
        CoreBench none = leaderAlone(NO_MARGIN.withSnapshotMarginEntries(6), 12);
        none.step(new Event.SnapshotTaken(new SnapshotPosition(9, 1, 1)));
        none.step(new Event.SnapshotTaken(new SnapshotPosition(11, 1, 1), 12));
        assertThat(none.last(Effect.CompactLog.class).firstIndex())
                .as("what is behind the snapshot before stays anyway")
                .isEqualTo(10);
    }

    @Test
    void shouldFaultOnASnapshotOfWhatIsNotApplied() { // I9
        CoreBench bench = leaderAlone(NO_MARGIN, 8);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(9, 1, 1)));
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("applied is only what is up to 8");
    }

    @Test
    void shouldSendASnapshotIfTheLogWasCompactedUnderAProbe() { // simulator, seed 2000248: it asked for ever
        CoreBench bench = leaderAlone(NO_MARGIN, 8);
        bench.connect(B);
        bench.receive(B, new Message.Join(1, bench.core.lineage(), 2, 1, FeatureLevels.NEWEST));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(4, 1, 1)));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(7, 1, 1)));
        bench.forget();
        bench.tick(60);
        assertThat(bench.sent(Message.Append.class)).containsExactly(append(1, 4, 1, 8));
        bench.receive(B, new Message.Mismatch(1, 4, 2, 1, 0));
        assertThat(bench.last(Effect.SendSnapshot.class)).isEqualTo(new Effect.SendSnapshot(B, 7));
    }

    @Test
    void shouldSendASnapshotOnceToAFollowerThatNeedsWhatIsGone() {
        CoreBench bench = compactedLeader();
        joins(bench, 2);
        assertThat(bench.all(Effect.SendSnapshot.class)).containsExactly(new Effect.SendSnapshot(B, 7));
        bench.forget();
        bench.tick(60);
        assertThat(bench.sent(Message.Append.class))
                .as("a heartbeat, and no entries without what comes before them")
                .containsExactly(append(1, 4, 1, 8));
        bench.receive(B, new Message.Mismatch(1, 4, 2, 1, 0));
        bench.propose("x");
        assertThat(bench.all(Effect.SendSnapshot.class)).isEmpty();
        bench.step(new Event.SnapshotSendEnded(B));
        bench.tick(60);
        bench.receive(B, new Message.Mismatch(1, 4, 2, 1, 0));
        assertThat(bench.all(Effect.SendSnapshot.class)).as("it did not help").hasSize(1);
        bench.receive(B, new Message.Ack(1, 7, 0));
        Message.Append next = bench.sent(Message.Append.class).stream()
                .filter(append -> append.prevIndex() == 7)
                .findFirst()
                .orElseThrow();
        assertThat(next.prevEpoch()).isEqualTo(1);
    }

    @Test
    void shouldNotWaitForAReplicaThatIsBeingFedASnapshot() { // R8
        CoreBench bench = compactedLeader();
        joins(bench, 2);
        bench.receive(B, new Message.Ack(1, 2, 0));
        bench.tick(10);
        bench.propose("x");
        bench.persist();
        assertThat(bench.core.commitIndex()).as("commits go on without it").isEqualTo(bench.core.lastIndex());
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldKeepTheLogBehindASnapshotThatIsBeingSent() {
        CoreBench bench = compactedLeader();
        joins(bench, 2);
        grow(bench, 6);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(10, 1, 1)));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(12, 1, 1)));
        assertThat(bench.last(Effect.CompactLog.class).firstIndex()).isEqualTo(8);
        bench.step(new Event.SnapshotSendEnded(B));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(13, 1, 1)));
        assertThat(bench.last(Effect.CompactLog.class).firstIndex()).isEqualTo(13);
    }

    @Test
    void shouldInstallASnapshotBehindItsLogAndAcknowledgeItWhenTheLogIsReset() { // R4
        CoreBench bench = learner(3);
        bench.receive(A, append(2, 20, 2, 20));
        bench.forget();
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(20, 2, 1), LINEAGE));
        Effect.InstallSnapshot install = bench.last(Effect.InstallSnapshot.class);
        assertThat(install.position().index()).isEqualTo(20);
        assertThat(bench.sent(Message.Ack.class)).as("not before it is durable").noneMatch(a -> a.durableIndex() > 0);
        bench.persist();
        assertThat(bench.sent(Message.Ack.class)).contains(new Message.Ack(2, 20, 0));
        assertThat(bench.core.commitIndex()).isEqualTo(20);
        bench.receive(A, append(2, 20, 2, 21, entry(21, 2)));
        assertThat(bench.last(Effect.Apply.class).entries())
                .extracting(LogEntry::index)
                .containsExactly(21L);
        bench.forget();
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(20, 2, 1), LINEAGE));
        assertThat(bench.all(Effect.InstallSnapshot.class)).as("came twice").isEmpty();
    }

    @Test
    void shouldKeepALogThatMatchesTheSnapshot() { // R3
        CoreBench bench = CoreBench.member(B, configuration(2, A, A), 9);
        bench.connect(A);
        bench.receive(A, append(2, 12, 2, 0));
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(6, 1, 1), LINEAGE));
        assertThat(bench.all(Effect.InstallSnapshot.class)).isEmpty();
        assertThat(bench.core.lastIndex()).isEqualTo(9);
        assertThat(bench.core.commitIndex()).isEqualTo(6);
        assertThat(bench.last(Effect.Fetch.class).fromIndex()).isEqualTo(1);
        assertThat(bench.sent(Message.Ack.class)).contains(new Message.Ack(2, 6, 0));
    }

    @Test
    void shouldReplaceALearnersConflictingLog() {
        CoreBench bench = CoreBench.member(B, configuration(2, A, A), 9);
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(6, 2, 1), LINEAGE));
        assertThat(bench.last(Effect.InstallSnapshot.class).position().index()).isEqualTo(6);
        assertThat(bench.core.lastIndex()).isEqualTo(6);
    }

    @Test
    void shouldFaultIfAMemberOfTheInSyncSetLacksWhatASnapshotHolds() { // I3
        CoreBench bench = CoreBench.member(B, configuration(2, A, A, B), 9);
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(6, 2, 1), LINEAGE));
        assertThat(bench.core.role()).isEqualTo(Role.FAULTED);
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("member of the in-sync set");
    }

    @Test
    void shouldAcknowledgeNothingInANewEpochBeforeThatIsDurableWhenAnInstallEnds() { // R2
        CoreBench bench = learner(3);
        bench.receive(A, append(2, 20, 2, 20));
        bench.receive(C, append(3, 22, 3, 20));
        bench.forget();
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(20, 2, 1), LINEAGE));
        assertThat(bench.last(Effect.InstallSnapshot.class).position().index())
                .as("what is committed stays so in every epoch")
                .isEqualTo(20);
        assertThat(bench.sent(Message.Ack.class)).isEmpty();
        bench.persist();
        assertThat(bench.sent(Message.Ack.class)).containsExactly(new Message.Ack(3, 20, 0));
    }

    @Test
    void shouldRefuseASnapshotOfAnotherHistory() { // R12
        CoreBench bench = learner(3);
        bench.step(new Event.SnapshotReceived(new SnapshotPosition(20, 2, 1), new UUID(1, 2)));
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("lineage");
    }

    @Test
    void shouldTakeOverWithALogThatBeginsLate() { // R9
        CoreBench bench = follower(B, configuration(2, A, A, B), 5, 5, 5);
        bench.connect(A);
        bench.receive(A, append(2, 5, 2, 5));
        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));
        bench.grantCas();
        bench.persist();
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.core.commitIndex()).isEqualTo(6);
        bench.connect(A);
        bench.receive(A, new Message.Join(3, LINEAGE, 2, 1, FeatureLevels.NEWEST));
        bench.receive(A, new Message.Mismatch(3, 5, 2, 1, 0));
        assertThat(bench.last(Effect.SendSnapshot.class)).isEqualTo(new Effect.SendSnapshot(A, 5));
    }

    // ---- helpers

    private static CoreBench leaderAlone(ProtocolOptions options, int lastIndex) {
        CoreBench bench = CoreBench.leaderAlone(options);
        grow(bench, lastIndex - 1);
        return bench;
    }

    private static void grow(CoreBench bench, int count) {
        for (int i = 0; i < count; i++) {
            bench.propose("c" + i);
        }
        bench.persist();
        bench.step(new Event.Applied(bench.core.lastIndex()));
    }

    /** Leads epoch 1 alone, its log is 5 to 8, its newest snapshot at 7. */
    private static CoreBench compactedLeader() {
        CoreBench bench = leaderAlone(NO_MARGIN, 8);
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(4, 1, 1)));
        bench.step(new Event.SnapshotTaken(new SnapshotPosition(7, 1, 1)));
        return bench;
    }

    private static void joins(CoreBench bench, long lastIndex) {
        bench.forget();
        bench.connect(B);
        bench.receive(B, new Message.Join(1, bench.core.lineage(), lastIndex, 1, FeatureLevels.NEWEST));
        assertThat(bench.sent(Message.Append.class)).containsExactly(append(1, 4, 1, 8));
        bench.receive(B, new Message.Mismatch(1, 4, lastIndex, 1, 0));
    }

    private static CoreBench learner(long lastIndex) {
        CoreBench bench = CoreBench.member(B, configuration(2, A, A), lastIndex);
        bench.connect(A);
        bench.connect(C);
        return bench;
    }

    /** Its log is {@code base + 1} to {@code lastIndex}, all of epoch 2. */
    private static CoreBench follower(
            ReplicaId self, Configuration configuration, long base, long lastIndex, long snapshot) {
        CoreBench bench = new CoreBench(
                self,
                new RecoveredReplica(
                        LINEAGE,
                        configuration.epoch(),
                        2,
                        base + 1,
                        lastIndex,
                        List.of(new EpochStart(base, 2)),
                        1,
                        new SnapshotPosition(snapshot, 2, 1)),
                NO_MARGIN);
        bench.boot(stored(configuration));
        return bench;
    }
}
