package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static dev.handover.replication.protocol.CoreBench.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** The planned way from one leader to the next (R18): events in, effects out. */
class TransferTest {
    private static final long PATIENCE = 100 * CoreBench.MILLIS;

    /** A leads epoch 2 with B and C in sync, everything up to 1 is committed. */
    private static CoreBench leader() {
        CoreBench bench = CoreBench.leaderAlone(ProtocolOptions.defaults());
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
        return bench;
    }

    private static VersionedConfiguration ofGroup(CoreBench bench, long epoch, ReplicaId leader, ReplicaId... inSync) {
        return CoreBench.stored(new Configuration(
                bench.core.lineage(), epoch, leader, List.of(inSync), 1, 1, new UUID(8, epoch), "test"));
    }

    private static void ask(CoreBench bench, NodeId target) {
        bench.step(new Event.Transfer(7, target, PATIENCE));
    }

    private static List<TransferStep> steps(CoreBench bench) {
        return bench.all(Effect.Transfer.class).stream()
                .map(Effect.Transfer::step)
                .toList();
    }

    private static String refusal(CoreBench bench, NodeId target) {
        bench.forget();
        ask(bench, target);
        Effect.Transfer refused = bench.last(Effect.Transfer.class);
        assertThat(refused.step()).isEqualTo(TransferStep.REFUSED);
        assertThat(refused.id()).isEqualTo(7);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        return refused.detail();
    }

    @Test
    void shouldProposeTheTargetWithTheSameInSyncSetOnceItHoldsEverything() {
        CoreBench bench = leader();
        bench.propose("x");
        bench.persist();
        ask(bench, B.node());
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        bench.receive(C, new Message.Ack(3, 2, 0));
        assertThat(bench.all(Effect.CompareAndSet.class)).as("B lacks x").isEmpty();
        bench.receive(B, new Message.Ack(3, 2, 0));
        Configuration next = bench.last(Effect.CompareAndSet.class).next();
        assertThat(next.leader()).isEqualTo(B);
        assertThat(next.epoch()).isEqualTo(4);
        assertThat(next.inSync()).containsExactly(A, B, C);
        assertThat(steps(bench)).containsExactly(TransferStep.ASKED, TransferStep.PROPOSED);
    }

    private static void grant(CoreBench bench, Configuration next) {
        bench.step(new Event.CasCompleted(next.nonce(), new CasOutcome.Applied(stored(next))));
    }

    private static void doubt(CoreBench bench, Configuration next) {
        bench.step(new Event.CasCompleted(next.nonce(), new CasOutcome.InDoubt("lost")));
    }

    /** The leader asked for a transfer to B, proposed. */
    private static Configuration proposed(CoreBench bench) {
        ask(bench, B.node());
        return bench.last(Effect.CompareAndSet.class).next();
    }

    @Test
    void shouldServeUntilItKnowsThatItIsStoredThenTellEverybodyAndFollow() {
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        bench.propose("meanwhile");
        bench.persist();
        bench.receive(B, new Message.Ack(3, 2, 0));
        bench.receive(C, new Message.Ack(3, 2, 0));
        assertThat(bench.core.commitIndex()).as("nobody waits for the store").isEqualTo(2);
        bench.propose("too late");
        bench.forget();

        grant(bench, next);
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
        assertThat(bench.core.epoch()).isEqualTo(4);
        assertThat(bench.last(Effect.StatusChanged.class).leader()).isEqualTo(B.node());
        assertThat(bench.all(Effect.Send.class).stream()
                        .filter(send -> send.message() instanceof Message.Transferred)
                        .map(Effect.Send::to))
                .containsExactly(B.node(), C.node());
        assertThat(bench.sent(Message.Transferred.class).get(0).configuration().configuration())
                .isEqualTo(next);
        bench.receive(B, new Message.Ack(3, 3, 0));
        bench.receive(C, new Message.Ack(3, 3, 0));
        assertThat(bench.core.commitIndex()).as("R1, R4: its epoch is over").isEqualTo(2);
        bench.propose("x");
        assertThat(bench.last(Effect.Rejected.class).reason()).isEqualTo(Effect.Rejection.NOT_LEADER);
    }

    @Test
    void shouldTellWhenTheNewLeaderServes() {
        CoreBench bench = leader();
        grant(bench, proposed(bench));
        bench.persist();
        bench.receive(B, append(4, 1, 1, 1, LogEntry.barrier(2, 4, 2000)));
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED);
        bench.persist();
        bench.receive(B, append(4, 2, 4, 2));
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED, TransferStep.SERVING);
    }

    @Test
    void shouldLeadTheEpochThatNamesItWhenItAdoptsItForTheFirstTime() {
        CoreBench bench = CoreBench.member(B, configuration(3, A, A, B), 5);
        bench.persist();
        bench.connect(A);
        bench.receive(A, append(3, 5, 1, 5));
        bench.forget();
        Configuration next = configuration(4, B, A, B);
        bench.receive(A, new Message.Transferred(stored(next)));
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
        assertThat(bench.sent(Message.Append.class))
                .as("R2: the epoch is not on disk")
                .isEmpty();
        bench.persist();
        Message.Append first = bench.sent(Message.Append.class).get(0);
        assertThat(first.epoch()).isEqualTo(4);
        bench.receive(A, new Message.Ack(4, 6, 0));
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        assertThat(bench.all(Effect.TakeOver.class).stream().map(Effect.TakeOver::step))
                .containsExactly(TakeOverStep.WON, TakeOverStep.SERVING);
        bench.receive(A, new Message.Transferred(stored(next)));
        assertThat(bench.core.role()).as("said twice").isEqualTo(Role.LEADER);
    }

    @Test
    void shouldLeadAlsoWhenItsWatchIsFaster() {
        CoreBench bench = CoreBench.member(B, configuration(3, A, A, B), 5);
        bench.persist();
        bench.step(new Event.ConfigurationSeen(stored(configuration(4, B, A, B))));
        assertThat(bench.core.role()).isEqualTo(Role.RECONCILING);
    }

    @Test
    void shouldNotLeadAnEpochThatNamesItAfterARestart() { // R11, R18
        CoreBench bench = CoreBench.member(B, configuration(4, B, A, B), 5);
        bench.connect(A);
        bench.persist();
        assertThat(bench.core.role()).isEqualTo(Role.CANDIDATE);
        assertThat(bench.sent(Message.Append.class)).isEmpty();
        assertThat(bench.last(Effect.CompareAndSet.class).next().epoch())
                .as("wins a new one")
                .isEqualTo(5);
    }

    @Test
    void shouldNotLeadAnEpochThatIsOver() {
        CoreBench bench = CoreBench.member(B, configuration(3, A, A, B, C), 5);
        bench.persist();
        bench.receive(C, append(5, 5, 1, 5));
        bench.receive(A, new Message.Transferred(stored(configuration(4, B, A, B, C))));
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
        assertThat(bench.core.epoch()).isEqualTo(5);
    }

    @Test
    void shouldNotBelieveAnotherHistory() { // R12
        CoreBench bench = CoreBench.member(B, configuration(3, A, A, B), 5);
        bench.persist();
        Configuration other =
                new Configuration(new UUID(1, 1), 4, B, List.of(A, B), 1, 1, new UUID(2, 2), "another group's");
        bench.receive(A, new Message.Transferred(stored(other)));
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
        assertThat(bench.core.epoch()).isEqualTo(3);
    }

    @Test
    void shouldServeInDoubtAndProposeTheSameAgain() { // R10
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        doubt(bench, next);
        assertThat(steps(bench)).endsWith(TransferStep.IN_DOUBT);
        bench.propose("x");
        bench.persist();
        bench.receive(B, new Message.Ack(3, 2, 0));
        bench.receive(C, new Message.Ack(3, 2, 0));
        assertThat(bench.core.commitIndex()).isEqualTo(2);
        bench.forget();
        bench.step(new Event.ConfigurationRead(ofGroup(bench, 3, A, A, B, C)));
        assertThat(bench.last(Effect.CompareAndSet.class).next()).isEqualTo(next);
        grant(bench, next);
        assertThat(steps(bench)).containsExactly(TransferStep.TRANSFERRED);
    }

    @Test
    void shouldFindOutThatItWasStoredAfterADoubt() { // R10
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        doubt(bench, next);
        bench.step(new Event.ConfigurationRead(stored(next)));
        assertThat(steps(bench)).endsWith(TransferStep.IN_DOUBT, TransferStep.TRANSFERRED);
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
    }

    @Test
    void shouldLetGoOfADoubtThatLastsAndGoOnLeading() {
        CoreBench bench = leader();
        doubt(bench, proposed(bench));
        bench.step(new Event.ConfigurationUnavailable());
        for (int i = 0; i < 12; i++) {
            bench.tick(10);
            bench.receive(B, new Message.Ack(3, 1, 0));
            bench.receive(C, new Message.Ack(3, 1, 0));
        }
        bench.forget();
        bench.step(new Event.ConfigurationRead(ofGroup(bench, 3, A, A, B, C)));
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
        assertThat(steps(bench)).containsExactly(TransferStep.GIVEN_UP);
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        ask(bench, C.node());
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(C);
    }

    @Test
    void shouldKnowItsOwnTransferWhenItHearsTheNewLeaderBeforeTheStore() {
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        bench.receive(B, append(4, 1, 1, 1, LogEntry.barrier(2, 4, 2000)));
        assertThat(bench.core.role().leads()).isFalse();
        assertThat(steps(bench)).as("nobody knows yet whose epoch it is").endsWith(TransferStep.PROPOSED);
        grant(bench, next);
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED);
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
        bench.persist();
        bench.receive(B, append(4, 2, 4, 2));
        assertThat(steps(bench)).endsWith(TransferStep.SERVING);
        assertThat(bench.all(Effect.TakeOver.class)).as("it was no candidate").isEmpty();
    }

    /** Protocol, amendment 19: that it changes its configuration at once, because somebody has come, is no reason to call it overtaken. */
    @Test
    void shouldSeeThatTheTargetServesThoughItHasBegunAnotherEpochSince() {
        CoreBench bench = leader();
        grant(bench, proposed(bench));
        bench.receive(B, append(5, 1, 1, 1, LogEntry.barrier(2, 4, 2000)));
        assertThat(steps(bench)).as("not heard to serve yet").endsWith(TransferStep.TRANSFERRED);
        bench.persist();
        bench.receive(B, append(5, 2, 4, 2));
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED, TransferStep.SERVING);
    }

    @Test
    void shouldSeeThatTheTargetServesThoughItHasWrittenInAnotherEpochSince() {
        CoreBench bench = leader();
        grant(bench, proposed(bench));
        bench.receive(B, append(4, 1, 1, 1, LogEntry.barrier(2, 4, 2000)));
        bench.persist();
        bench.receive(B, append(5, 2, 4, 1, LogEntry.barrier(3, 5, 2001)));
        bench.persist();
        bench.receive(B, append(5, 3, 5, 3));
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED, TransferStep.SERVING);
    }

    @Test
    void shouldKnowItsOwnTransferWhenTheTargetHasBegunAnotherEpochBeforeTheStoreHasAnswered() {
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        bench.receive(B, append(5, 1, 1, 1, LogEntry.barrier(2, 4, 2000)));
        assertThat(steps(bench)).endsWith(TransferStep.PROPOSED, TransferStep.TRANSFERRED);
        grant(bench, next);
        bench.persist();
        bench.receive(B, append(5, 2, 4, 2));
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED, TransferStep.SERVING);
    }

    @Test
    void shouldSayThatAnotherOneHasTakenOverFromTheTarget() {
        CoreBench bench = leader();
        grant(bench, proposed(bench));
        bench.receive(C, append(5, 1, 1, 1));
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED, TransferStep.OVERTAKEN);
    }

    @Test
    void shouldSayThatAnotherOneWonThatItHeardBeforeTheStore() {
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        bench.receive(C, append(4, 1, 1, 1));
        bench.step(new Event.CasCompleted(next.nonce(), new CasOutcome.Conflict(ofGroup(bench, 4, C, A, B, C))));
        Effect.Transfer end = bench.last(Effect.Transfer.class);
        assertThat(end.step()).isEqualTo(TransferStep.OVERTAKEN);
        assertThat(end.detail()).contains("epoch 4 is led by " + C);
    }

    @Test
    void shouldNotWaitForTheStoreForEverWhenAnotherEpochHasBegun() {
        CoreBench bench = leader();
        proposed(bench);
        bench.receive(B, append(4, 1, 1, 1));
        bench.tick(PATIENCE / CoreBench.MILLIS);
        Effect.Transfer end = bench.last(Effect.Transfer.class);
        assertThat(end.step()).isEqualTo(TransferStep.OVERTAKEN);
        assertThat(end.detail()).contains("epoch 4 has begun");
    }

    @Test
    void shouldSayThatAnotherOneWon() {
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        bench.step(new Event.CasCompleted(next.nonce(), new CasOutcome.Conflict(ofGroup(bench, 4, C, B, C))));
        Effect.Transfer end = bench.last(Effect.Transfer.class);
        assertThat(end.step()).isEqualTo(TransferStep.OVERTAKEN);
        assertThat(end.detail()).contains("epoch 4 is led by " + C);
        assertThat(bench.sent(Message.Transferred.class)).isEmpty();
        assertThat(bench.core.role()).isEqualTo(Role.LEARNER);
    }

    @Test
    void shouldGiveUpWhenTheTargetDoesNotCatchUpInTime() {
        CoreBench bench = leader();
        bench.propose("x");
        bench.persist();
        ask(bench, B.node());
        for (int i = 0; i < 11; i++) {
            bench.tick(10);
        }
        assertThat(steps(bench)).containsExactly(TransferStep.ASKED, TransferStep.GIVEN_UP);
        bench.receive(B, new Message.Ack(3, 2, 0));
        bench.receive(C, new Message.Ack(3, 2, 0));
        assertThat(bench.core.commitIndex()).as("goes on as before").isEqualTo(2);
        assertThat(bench.all(Effect.CompareAndSet.class)).isEmpty();
    }

    @Test
    void shouldChooseTheOneThatHoldsMost() {
        CoreBench bench = leader();
        bench.propose("x");
        bench.persist();
        bench.receive(C, new Message.Ack(3, 2, 0));
        bench.receive(B, new Message.Ack(3, 1, 0));
        ask(bench, null);
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(C);
    }

    @Test
    void shouldRefuseWithTheReason() {
        CoreBench bench = leader();
        assertThat(refusal(bench, A.node())).contains("leads already");
        assertThat(refusal(bench, NodeId.of("z"))).contains("z is not in the in-sync set");
        bench.receive(C, new Message.Goodbye(3));
        bench.grantCas();
        assertThat(refusal(bench, C.node())).contains("c is not in the in-sync set");
        bench.step(new Event.PeerDisconnected(B.node()));
        assertThat(refusal(bench, B.node())).contains("b is in sync, but cannot be reached");
        assertThat(refusal(bench, null)).contains("nobody else of the in-sync set");

        CoreBench busy = leader();
        ask(busy, B.node());
        assertThat(refusal(busy, C.node())).contains("a transfer to b is under way");

        CoreBench follower = CoreBench.member(B, configuration(3, A, A, B), 5);
        assertThat(refusal(follower, B.node())).contains("does not lead; ask a");
    }

    @Test
    void shouldRefuseToGiveAwayTheLastCopy() { // R13
        CoreBench alone = CoreBench.leaderAlone(ProtocolOptions.defaults());
        assertThat(refusal(alone, null)).contains("the last one in sync");
        assertThat(alone.core.isLastCopy()).isTrue();
        assertThat(leader().core.isLastCopy()).isFalse();
    }

    @Test
    void shouldTakeOverInItsTurnWhenTheTargetDiesUnderTheTransfer() {
        CoreBench bench = leader();
        Configuration next = proposed(bench);
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.step(new Event.PeerRefused(B.node()));
        assertThat(bench.core.role()).isEqualTo(Role.LEADER);
        bench.forget();
        grant(bench, next);
        assertThat(bench.all(Effect.CompareAndSet.class)).as("C is the next").isEmpty();
        bench.tick(1);
        bench.tick(25);
        Configuration again = bench.last(Effect.CompareAndSet.class).next();
        assertThat(again.leader()).isEqualTo(A);
        assertThat(again.epoch()).isEqualTo(5);
        assertThat(again.inSync()).containsExactly(A, C);
        bench.grantCas();
        assertThat(steps(bench)).endsWith(TransferStep.TRANSFERRED, TransferStep.OVERTAKEN);
    }

    @Test
    void shouldSayThatTheNewLeaderWasNotHeard() {
        CoreBench bench = leader();
        grant(bench, proposed(bench));
        for (int i = 0; i < 11; i++) {
            bench.tick(10);
        }
        assertThat(steps(bench)).endsWith(TransferStep.UNHEARD);
    }
}
