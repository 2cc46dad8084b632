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

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The rules of the protocol, one replica at a time: events in, effects out. */
class ReplicaProtocolTest {
    private static final ProtocolOptions OPTIONS = ProtocolOptions.defaults();

    @Test
    void shouldMakeANewGroupAndLeadItAloneOnceTheBarrierIsDurable() {
        CoreBench bench = new CoreBench(A, RecoveredReplica.empty(), OPTIONS);
        bench.boot(null);
        Configuration made = bench.grantCas();
        assertThat(made.epoch()).isEqualTo(1);
        assertThat(made.inSync()).containsExactly(A);
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
        bench.persist();
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.core.commitIndex()).isEqualTo(1);
    }

    @Test
    void shouldCommitOnlyWhatEveryInSyncReplicaHoldsDurably() { // R5
        CoreBench bench = leaderOfTwo();
        bench.propose("x");
        bench.persist();
        long index = bench.core.lastIndex();
        assertThat(bench.core.commitIndex()).isLessThan(index);
        bench.receive(B, new Message.Ack(bench.core.epoch(), index, 0));
        assertThat(bench.core.commitIndex()).isEqualTo(index);
    }

    @Test
    void shouldTellACommitWithTheNextEntriesAndAloneOnlyWhenNoneCome() {
        CoreBench bench = leaderOfTwo();
        bench.propose("x");
        bench.persist();
        long index = bench.core.lastIndex();
        bench.receive(B, new Message.Ack(bench.core.epoch(), index, 0));
        bench.forget();
        bench.tick(1);
        assertThat(bench.sent(Message.Append.class)).isEmpty();
        bench.propose("y");
        assertThat(bench.sent(Message.Append.class)).singleElement().satisfies(append -> {
            assertThat(append.entries()).hasSize(1);
            assertThat(append.commitIndex()).isEqualTo(index);
        });
        bench.persist();
        bench.receive(B, new Message.Ack(bench.core.epoch(), index + 1, 0));
        bench.forget();
        bench.tick(5);
        assertThat(bench.sent(Message.Append.class)).singleElement().satisfies(append -> {
            assertThat(append.entries()).isEmpty();
            assertThat(append.commitIndex()).isEqualTo(index + 1);
        });
    }

    @Test
    void shouldNotCountAnAcknowledgementOfAnotherEpochOrAnotherLog() { // R4
        CoreBench bench = leaderOfTwo();
        bench.propose("x");
        bench.persist();
        long index = bench.core.lastIndex();
        long commit = bench.core.commitIndex();
        bench.receive(B, new Message.Ack(bench.core.epoch() - 1, index, 0));
        bench.receive(new ReplicaId(B.node(), new UUID(5, 5)), new Message.Ack(bench.core.epoch(), index, 0));
        assertThat(bench.core.commitIndex()).isEqualTo(commit);
    }

    @Test
    void shouldSendNothingInAnEpochBeforeTheEpochIsDurable() { // R2
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.connect(A);
        bench.forget();
        bench.receive(A, append(5, 3, 1, 3, entry(4, 5)));
        assertThat(bench.sent(Message.Ack.class)).isEmpty();
        bench.persist();
        assertThat(bench.sent(Message.Ack.class)).contains(new Message.Ack(5, 4, 0));
    }

    @Test
    void shouldAnswerAnOlderEpochWithItsOwnAndTakeNothing() { // R2
        CoreBench bench = CoreBench.member(B, configuration(4, A, A, B), 3);
        bench.receive(C, append(3, 3, 1, 3, entry(4, 3)));
        assertThat(bench.sent(Message.Stale.class)).containsExactly(new Message.Stale(4));
        assertThat(bench.core.lastIndex()).isEqualTo(3);
    }

    @Test
    void shouldAcknowledgeOnlyWhatMatchesTheLeadersLogAndNotItsOwnEnd() { // R4
        CoreBench bench = CoreBench.member(B, configuration(2, A, A, B), 7);
        bench.receive(A, append(2, 4, 1, 4));
        assertThat(bench.sent(Message.Ack.class)).containsExactly(new Message.Ack(2, 4, 0));
    }

    @Test
    void shouldCutAConflictingSuffixAndSayWhereTheLogsMayAgree() { // R3
        CoreBench bench = CoreBench.member(B, configuration(3, A, A, B), 7);
        bench.receive(A, append(3, 9, 2, 0));
        assertThat(bench.sent(Message.Mismatch.class)).containsExactly(new Message.Mismatch(3, 9, 7, 1, 0));
        bench.receive(A, append(3, 5, 1, 0, entry(6, 3)));
        assertThat(bench.last(Effect.TruncateLog.class).fromIndex()).isEqualTo(6);
        assertThat(bench.core.lastIndex()).isEqualTo(6);
    }

    @Test
    void shouldFaultRatherThanCutWhatIsCommitted() { // R3
        CoreBench bench = CoreBench.member(B, configuration(2, A, A, B), 7);
        bench.receive(A, append(2, 7, 1, 6));
        bench.receive(A, append(3, 4, 1, 0, entry(5, 3)));
        assertThat(bench.core.role()).isEqualTo(Role.FAULTED);
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("cut the log at 5", "6 is committed");
    }

    @Test
    void shouldTakeOverAtOnceWhenTheLeadersProcessIsGone() { // R9
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B, C), 3);
        bench.connect(A);
        bench.connect(C);
        bench.receive(A, append(1, 3, 1, 2));
        bench.step(new Event.PeerDisconnected(A.node()));
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
        bench.step(new Event.PeerRefused(A.node()));
        Effect.CompareAndSet cas = bench.last(Effect.CompareAndSet.class);
        assertThat(cas.next().leader()).isEqualTo(B);
        assertThat(cas.next().inSync()).containsExactly(B, C);
        assertThat(bench.core.role()).isEqualTo(Role.CANDIDATE);
        bench.grantCas();
        assertThat(bench.core.lastIndex()).as("whole log and barrier").isEqualTo(4);
        assertThat(bench.sent(Message.Append.class))
                .as("nothing before the epoch is durable")
                .isEmpty();
        bench.persist();
        Message.Append first = bench.sent(Message.Append.class).get(0);
        assertThat(first.epoch()).isEqualTo(2);
        bench.receive(C, new Message.Ack(2, 4, 0));
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.core.commitIndex()).isEqualTo(4);
    }

    @Test
    void shouldTakeOverAsSoonAsItKnowsTheConfigurationOfTheLeaderThatIsGone() { // R9; found by the simulator
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B, C), 3);
        bench.connect(A);
        bench.connect(C);
        bench.receive(A, append(2, 3, 1, 3)); // of an epoch that it has not read yet
        bench.persist();
        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        bench.step(new Event.ConfigurationRead(stored(configuration(2, A, A, B, C))));
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(B);
    }

    @Test
    void shouldGoOnAcknowledgingTheOldEpochUntilItLearnsThatItsProposalWon() { // R9
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.connect(A);
        bench.tick(600); // a pause of its own
        bench.tick(200);
        bench.tick(200);
        bench.tick(200);
        assertThat(bench.core.role()).isEqualTo(Role.CANDIDATE);
        bench.receive(A, append(1, 3, 1, 3, entry(4, 1)));
        bench.persist();
        assertThat(bench.sent(Message.Ack.class)).contains(new Message.Ack(1, 4, 0));
    }

    @Test
    void shouldResolveALostAnswerByReadingAndByItsNonce() { // R10
        CoreBench bench = suspecting();
        Effect.CompareAndSet cas = bench.last(Effect.CompareAndSet.class);
        bench.forget();
        bench.step(new Event.CasCompleted(cas.next().nonce(), new CasOutcome.InDoubt("connection lost")));
        assertThat(bench.all(Effect.ReadConfiguration.class)).hasSize(1);
        bench.step(new Event.ConfigurationRead(stored(configuration(1, A, A, B))));
        assertThat(bench.last(Effect.CompareAndSet.class))
                .as("unchanged: the very same again")
                .isEqualTo(cas);
        bench.step(new Event.CasCompleted(cas.next().nonce(), new CasOutcome.Conflict(stored(cas.next()))));
        assertThat(bench.core.role()).as("ours, by the nonce").isEqualTo(Role.RECONCILING);
    }

    @Test
    void shouldNotResolveALostAnswerByAReadThatIsOlder() { // R10; found by the simulator
        CoreBench bench = CoreBench.leaderAlone(OPTIONS);
        Configuration alone = bench.core.configuration();
        bench.connect(B);
        bench.connect(C);
        bench.receive(B, new Message.Stale(9)); // makes it read; the answer takes long
        bench.receive(B, new Message.Join(1, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        bench.receive(B, new Message.Ack(1, 1, 0));
        bench.grantCas();
        bench.persist();
        bench.receive(B, new Message.Ack(2, 1, 0));
        bench.receive(C, new Message.Join(2, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        bench.receive(C, new Message.Ack(2, 1, 0));
        Configuration proposal = bench.last(Effect.CompareAndSet.class).next();
        assertThat(proposal.inSync()).containsExactly(A, B, C);
        bench.step(new Event.CasCompleted(proposal.nonce(), new CasOutcome.InDoubt("lost")));

        bench.forget();
        bench.step(new Event.ConfigurationRead(stored(alone)));
        bench.propose("x");
        bench.persist();
        bench.receive(B, new Message.Ack(2, 2, 0));
        assertThat(bench.core.commitIndex()).as("in doubt: C is needed, too").isEqualTo(1);
        assertThat(bench.all(Effect.ReadConfiguration.class)).hasSize(1);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldFollowTheWinnerWhenItsProposalLost() { // R9
        CoreBench bench = suspecting();
        Effect.CompareAndSet cas = bench.last(Effect.CompareAndSet.class);
        Configuration winner = configuration(2, C, C);
        bench.step(new Event.CasCompleted(cas.next().nonce(), new CasOutcome.Conflict(stored(winner))));
        assertThat(bench.core.role()).isEqualTo(Role.LEARNER);
        assertThat(bench.core.epoch()).isEqualTo(2);
    }

    @Test
    void shouldNeverTakeOverOutsideTheInSyncSet() { // R13
        CoreBench bench = CoreBench.member(C, configuration(3, A, A, B), 3);
        bench.step(new Event.PeerRefused(A.node()));
        for (int i = 0; i < 20; i++) {
            bench.tick(200);
        }
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        assertThat(bench.core.role()).isEqualTo(Role.LEARNER);
    }

    @Test
    void shouldWinALeadershipAgainAfterARestartAndNotResumeIt() { // R11
        CoreBench bench = CoreBench.member(A, configuration(1, A, A), 3);
        Effect.CompareAndSet cas = bench.last(Effect.CompareAndSet.class);
        assertThat(cas.next().epoch()).isEqualTo(2);
        bench.propose("too early");
        assertThat(bench.last(Effect.Rejected.class).reason()).isEqualTo(Effect.Rejection.NOT_LEADER);
        bench.grantCas();
        bench.persist();
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.core.commitIndex()).isEqualTo(4);
    }

    @Test
    void shouldRemoveADeadFollowerAndCommitOnlyAfterTheStoreConfirmed() { // R6, R7
        CoreBench bench = leaderOfTwo();
        bench.propose("x");
        bench.persist();
        long index = bench.core.lastIndex();
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.step(new Event.PeerRefused(B.node()));
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
        bench.persist();
        assertThat(bench.core.commitIndex())
                .as("in doubt: the old set is needed")
                .isLessThan(index);
        bench.grantCas();
        bench.persist();
        assertThat(bench.core.commitIndex()).isEqualTo(index);
    }

    @Test
    void shouldNotWaitAnotherTimeOutForTheSecondOfTwoFollowersLostTogether() { // R7
        CoreBench bench = leaderOfTwo();
        admit(bench, C);
        bench.tick(100);
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.tick(50);
        bench.receive(C, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.forget();
        for (int millis = 0; millis < 500; millis += 50) {
            bench.tick(50);
        }
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A, C);
        bench.grantCas();
        bench.tick(20);
        bench.persist(); // the disk has taken 20 ms: so much more is given to C
        bench.forget();
        bench.tick(50);
        bench.tick(50);
        answerTheLook(bench);
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    /** Who hears nobody asks the store before it removes everybody. */
    private static void answerTheLook(CoreBench bench) {
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        assertThat(bench.all(Effect.ReadConfiguration.class)).hasSize(1);
        bench.step(new Event.ConfigurationRead(null));
        bench.tick(5);
    }

    @Test
    void shouldFallSilentRatherThanRemoveEverybodyWhenItHearsNeitherThemNorTheStore() { // R7
        CoreBench bench = leaderOfTwo();
        bench.forget();
        for (int millis = 0; millis < 1_000; millis += 50) {
            bench.tick(50);
        }
        bench.forget();
        bench.tick(100);
        bench.tick(100);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        assertThat(bench.all(Effect.Send.class)).as("so that B takes over").isEmpty();

        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.tick(100);
        assertThat(bench.all(Effect.Send.class)).as("it hears B again").isNotEmpty();
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldRemoveASilentMemberWithoutTheStoreWhenItHearsALearner() { // R7: then it is not the one that is deaf
        CoreBench bench = leaderOfTwo();
        joins(bench, C, 0);
        bench.forget();
        for (int millis = 0; millis <= 500; millis += 50) {
            bench.tick(50);
            bench.receive(C, new Message.Ack(bench.core.epoch(), 0, 0));
        }
        assertThat(bench.all(Effect.ReadConfiguration.class)).isEmpty();
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    @Test
    void shouldSpeakAgainWhenALearnerThatWasNotKnownIsHeard() { // R7
        CoreBench bench = leaderOfTwo();
        for (int millis = 0; millis <= 1_100; millis += 50) {
            bench.tick(50);
        }
        bench.connect(C);
        bench.forget();
        bench.receive(C, new Message.Join(0, new UUID(0, 0), 0, 0, FeatureLevels.NEWEST));
        assertThat(bench.sent(Message.Append.class)).isNotEmpty();
    }

    @Test
    void shouldRemoveTheOnlyOtherAtOnceWhenItRefusesConnections() { // R7: a refusal was heard
        CoreBench bench = leaderOfTwo();
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.step(new Event.PeerRefused(B.node()));
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    @Test
    void shouldGiveTheLeadershipAwayWhenItsOwnDiskStalls() { // R7
        CoreBench bench = leaderOfTwo();
        bench.propose("stalls");
        long last = bench.core.lastIndex();
        bench.forget();
        for (int millis = 0; millis <= 600; millis += 50) {
            bench.tick(50);
            bench.receive(B, new Message.Ack(bench.core.epoch(), last, 0));
        }
        Configuration next = bench.last(Effect.CompareAndSet.class).next();
        assertThat(next.leader()).isEqualTo(B);
        assertThat(next.inSync()).containsExactly(A, B);
    }

    @Test
    void shouldAdmitOnlyWhoReachesTheEndInTime() { // R8: however few entries are missing
        CoreBench bench = CoreBench.leaderAlone(OPTIONS);
        bench.propose("2", "3");
        bench.persist();
        bench.forget();
        joins(bench, B, 1);
        for (int millis = 0; millis < 600; millis += 50) { // large ones, over a slow link
            bench.tick(50);
            bench.receive(B, new Message.Ack(bench.core.epoch(), 2, 0));
        }
        bench.receive(B, new Message.Ack(bench.core.epoch(), 3, 0));
        bench.tick(5);
        assertThat(bench.all(Effect.CompareAndSet.class))
                .as("took 600 ms for it")
                .isEmpty();
        bench.receive(B, new Message.Ack(bench.core.epoch(), 3, 0));
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A, B);
    }

    @Test
    void shouldLetSomebodyWaitLongerEachTimeItIsRemoved() { // R7, R8: hysteresis
        CoreBench bench = leaderOfTwo();
        assertThat(millisUntilBack(bench)).isBetween(900L, 1_100L);
        assertThat(millisUntilBack(bench)).isBetween(1_900L, 2_100L);
        assertThat(millisUntilBack(bench)).isBetween(3_900L, 4_100L);
        assertThat(millisUntilBack(bench)).isBetween(7_900L, 8_100L);
        assertThat(millisUntilBack(bench)).as("at most").isBetween(7_900L, 8_100L);
    }

    /** B falls silent, is removed, and answers from then on. */
    private static long millisUntilBack(CoreBench bench) {
        bench.forget();
        for (int millis = 0; millis <= 500; millis += 50) {
            bench.tick(50);
        }
        answerTheLook(bench);
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
        bench.grantCas();
        bench.persist();
        bench.forget();
        long waited = 0;
        while (bench.all(Effect.CompareAndSet.class).isEmpty()) {
            bench.tick(50);
            waited += 50;
            bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
            assertThat(waited).isLessThan(20_000);
        }
        bench.grantCas();
        bench.persist();
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        return waited;
    }

    @Test
    void shouldAdmitNobodyBeforeItsOwnBarrierHasCommitted() { // R8
        CoreBench bench = suspecting();
        bench.connect(C);
        bench.grantCas();
        bench.persist();
        // the in-sync set is {B} alone, so the barrier is committed now; the same with C in sync and silent:
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);

        CoreBench waiting = CoreBench.member(B, configuration(1, A, A, B, C), 3);
        waiting.connect(C);
        waiting.step(new Event.PeerRefused(A.node()));
        waiting.grantCas();
        waiting.persist();
        assertThat(waiting.core.role()).isEqualTo(Role.RECONCILING);
        waiting.forget();
        ReplicaId learner = CoreBench.replica("d");
        waiting.connect(learner);
        waiting.receive(learner, new Message.Join(2, LINEAGE, 3, 1, FeatureLevels.NEWEST));
        waiting.receive(learner, new Message.Ack(2, 4, 0));
        waiting.tick(10);
        assertThat(waiting.all(Effect.CompareAndSet.class)).isEmpty();
        waiting.receive(C, new Message.Ack(2, 4, 0));
        waiting.receive(learner, new Message.Ack(2, 4, 0));
        assertThat(waiting.last(Effect.CompareAndSet.class).next().inSync()).contains(learner);
    }

    @Test
    void shouldNotBelieveALateGoodbyeOfAnEarlierProcess() { // R8; found by the simulator
        CoreBench bench = CoreBench.leaderAlone(OPTIONS);
        bench.connect(B);
        bench.receive(B, new Message.Join(1, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        bench.receive(B, new Message.Goodbye(bench.core.epoch()));
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.tick(10);
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).contains(B);
    }

    @Test
    void shouldNotAdmitALearnerThatLacksWhatWasCommittedAMomentAgo() { // R8; found by the simulator, seed 505677
        CoreBench bench = CoreBench.leaderAlone(OPTIONS);
        bench.propose("2", "3");
        bench.persist();
        joins(bench, B, 1); // has to reach 3 first
        bench.propose("4", "5");
        bench.persist();
        assertThat(bench.core.commitIndex()).isEqualTo(5);
        bench.receive(
                B, new Message.Ack(bench.core.epoch(), 3, 0)); // counted from now on, so nothing commits without it
        joins(bench, CoreBench.replica("d"), 5); // ready, so a proposal is under way and nobody else is counted
        Effect.CompareAndSet cas = bench.last(Effect.CompareAndSet.class);
        joins(bench, C, 5);
        bench.propose("6");
        bench.persist();
        assertThat(bench.core.commitIndex()).isEqualTo(5);
        Configuration same = bench.core.configuration();
        bench.step(new Event.CasCompleted(
                cas.next().nonce(), new CasOutcome.Conflict(new VersionedConfiguration(same, 99))));
        bench.step(new Event.PeerDisconnected(NodeId.of("d")));
        bench.forget();
        bench.tick(600); // B has been waited for long enough: 6 is committed, and C has 5
        assertThat(bench.core.commitIndex()).isEqualTo(6);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        bench.receive(C, new Message.Ack(bench.core.epoch(), 6, 0));
        Effect.CompareAndSet next = bench.last(Effect.CompareAndSet.class);
        assertThat(next.next().inSync()).containsExactly(A, C);
        assertThat(next.expectedVersion()).as("of the node as it is now").isEqualTo(99);
    }

    @Test
    void shouldExpandBelowMinInSyncAlthoughNothingCanCommitThere() { // R5, R8: else such a group would never come back
        CoreBench bench = CoreBench.leaderAlone(OPTIONS.withMinInSync(2));
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
        bench.propose("x");
        assertThat(bench.last(Effect.Rejected.class).reason()).isEqualTo(Effect.Rejection.TOO_FEW_IN_SYNC);
        admit(bench, B);
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        bench.propose("x");
        assertThat(bench.all(Effect.Accepted.class)).hasSize(1);
    }

    @Test
    void shouldConfirmAReadOnlyByAnswersToWhatWasSentAfterItCame() { // R16
        CoreBench bench = leaderOfTwo();
        bench.forget();
        bench.step(new Event.Read(List.of(77L)));
        Message.Append asked = bench.sent(Message.Append.class).get(0);
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), asked.round() - 1));
        assertThat(bench.all(Effect.ReadReady.class)).isEmpty();
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), asked.round()));
        assertThat(bench.last(Effect.ReadReady.class)).isEqualTo(new Effect.ReadReady(77, bench.core.commitIndex()));
    }

    @Test
    void shouldStopForGoodAtTheFirstDiskFailure() { // R15
        CoreBench bench = leaderOfTwo();
        bench.propose("x");
        bench.forget();
        bench.step(new Event.DiskFailed("Input/output error"));
        assertThat(bench.core.role()).isEqualTo(Role.FAULTED);
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("Input/output error", "restart");
        assertThat(bench.sent(Message.Goodbye.class))
                .as("the others take over at once")
                .hasSize(1);
        bench.forget();
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.tick(100);
        assertThat(bench.all(Effect.class)).isEmpty();
    }

    @Test
    void shouldRefuseToStartOnDataThatTheStoreDoesNotKnow() { // R12
        CoreBench bench = new CoreBench(A, recovered(LINEAGE, 3, 5), OPTIONS);
        bench.boot(null);
        assertThat(bench.last(Effect.Faulted.class).reason()).contains("knows no such group", LINEAGE.toString());
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldRefuseToStartOnAnotherLineageAnOlderStoreOrARolledBackVolume() { // R12
        CoreBench lineage = new CoreBench(A, recovered(new UUID(1, 1), 3, 5), OPTIONS);
        lineage.boot(stored(configuration(3, A, A)));
        assertThat(lineage.last(Effect.Faulted.class).reason()).contains("lineage");

        CoreBench store = new CoreBench(A, recovered(LINEAGE, 9, 5), OPTIONS);
        store.boot(stored(configuration(3, A, A)));
        assertThat(store.last(Effect.Faulted.class).reason()).contains("epoch 3", "epoch 9");

        CoreBench volume = new CoreBench(A, recovered(LINEAGE, 3, 5), OPTIONS);
        volume.step(new Event.BootRecorded(2));
        assertThat(volume.last(Effect.Faulted.class).reason()).contains("rolled back or copied", "start 2");

        CoreBench again = new CoreBench(A, recovered(LINEAGE, 3, 5), OPTIONS);
        again.step(new Event.BootRecorded(ConfigurationStore.CONDEMNED));
        assertThat(again.last(Effect.Faulted.class).reason()).contains("rolled back or copied", "earlier start");
    }

    @Test
    void shouldNotLeadWithAnEmptyDiskBesideAnExistingGroup() { // R12
        CoreBench bench = new CoreBench(new ReplicaId(A.node(), new UUID(8, 8)), RecoveredReplica.empty(), OPTIONS);
        bench.boot(stored(configuration(3, A, A)));
        for (int i = 0; i < 10; i++) {
            bench.tick(200);
        }
        assertThat(bench.core.role()).isEqualTo(Role.LEARNER);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldSayGoodbyeOnlyAfterEverythingIsCommitted() {
        CoreBench bench = leaderOfTwo();
        bench.propose("x");
        bench.forget();
        bench.step(new Event.Stop());
        assertThat(bench.sent(Message.Goodbye.class)).isEmpty();
        bench.persist();
        bench.receive(B, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.step(new Event.Applied(bench.core.lastIndex()));
        assertThat(bench.sent(Message.Goodbye.class)).hasSize(1);
        assertThat(bench.all(Effect.Stopped.class)).hasSize(1);
    }

    private static void joins(CoreBench bench, ReplicaId learner, long durableIndex) {
        bench.connect(learner);
        bench.receive(learner, new Message.Join(0, new UUID(0, 0), 0, 0, FeatureLevels.NEWEST));
        bench.receive(learner, new Message.Ack(bench.core.epoch(), durableIndex, 0));
    }

    private static CoreBench leaderOfTwo() {
        CoreBench bench = CoreBench.leaderAlone(OPTIONS);
        admit(bench, B);
        bench.step(new Event.Applied(bench.core.commitIndex()));
        return bench;
    }

    private static void admit(CoreBench bench, ReplicaId learner) {
        bench.connect(learner);
        bench.receive(learner, new Message.Join(0, new UUID(0, 0), 0, 0, FeatureLevels.NEWEST));
        bench.receive(learner, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.receive(learner, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
        bench.grantCas();
        bench.persist();
        bench.receive(learner, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
    }

    /** B of {A, B}, whose leader A is gone; the proposal is on its way. */
    private static CoreBench suspecting() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.step(new Event.PeerRefused(A.node()));
        return bench;
    }

    private static RecoveredReplica recovered(UUID lineage, long highestEpoch, long lastIndex) {
        return new RecoveredReplica(
                lineage, highestEpoch, 2, lastIndex, List.of(new RecoveredReplica.EpochStart(1, 1)), 0);
    }
}
