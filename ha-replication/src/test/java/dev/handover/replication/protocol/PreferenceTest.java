package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static dev.handover.replication.protocol.CoreBench.entry;
import static dev.handover.replication.protocol.CoreBench.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.event.HaEvent.TakeOverStep;
import dev.handover.event.HaEvent.TransferStep;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who should rather lead (R23): events in, effects out. */
class PreferenceTest {
    private static final long TIMEOUT = ProtocolOptions.defaults().failureTimeoutNanos() / CoreBench.MILLIS;
    private static final long PATIENCE = 10 * TIMEOUT;

    private static Event.Ranks ranks(boolean transfers, int a, int b, int c) {
        return new Event.Ranks(new TreeMap<>(Map.of(A.node(), a, B.node(), b, C.node(), c)), transfers);
    }

    /** B of {A, B, C}, which follows A and is connected with both. */
    private static CoreBench follower() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B, C), 3);
        bench.connect(A);
        bench.connect(C);
        bench.receive(A, append(1, 3, 1, 3));
        bench.forget();
        return bench;
    }

    /** C of {A, B, C}, which follows A and is connected with both; B comes before it. */
    private static CoreBench second() {
        CoreBench bench = CoreBench.member(C, configuration(1, A, A, B, C), 3);
        bench.connect(A);
        bench.connect(B);
        bench.receive(A, append(1, 3, 1, 3));
        bench.forget();
        return bench;
    }

    private static void leaderDies(CoreBench bench) {
        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));
    }

    private static boolean proposes(CoreBench bench) {
        return !bench.all(Effect.CompareAndSet.class).isEmpty();
    }

    /** Time passes in small steps, until a proposal is made; for how many milliseconds. */
    private static long untilItProposes(CoreBench bench, long most, Runnable atEachStep) {
        long millis = 0;
        while (!proposes(bench) && millis < most) {
            bench.tick(10);
            millis += 10;
            atEachStep.run();
            if (!proposes(bench)) {
                bench.forget();
            }
        }
        return proposes(bench) ? millis : Long.MAX_VALUE;
    }

    // ---- candidates

    @Test
    void shouldTakeOverAtOnceWhenNobodyThatIsThereIsPreferred() {
        CoreBench equal = follower();
        equal.step(ranks(true, 3, 1, 1));
        leaderDies(equal);
        assertThat(proposes(equal)).as("the same rank as C").isTrue();

        CoreBench first = follower();
        first.step(ranks(true, 3, 2, 1));
        leaderDies(first);
        assertThat(proposes(first)).as("preferred to C").isTrue();

        CoreBench alone = follower();
        alone.step(ranks(true, 3, 1, 2));
        alone.step(new Event.PeerDisconnected(C.node()));
        leaderDies(alone);
        assertThat(proposes(alone)).as("C is not there").isTrue();
    }

    @Test
    void shouldLetTheFirstOfEqualCandidatesProposeAlone() {
        CoreBench second = second();
        leaderDies(second);
        assertThat(proposes(second)).as("B is there, and proposes").isFalse();
        assertThat(untilItProposes(second, TIMEOUT, () -> {})).isBetween(TIMEOUT / 20, TIMEOUT / 20 + 20);
        assertThat(second.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(C);
    }

    @Test
    void shouldLetWhoFollowsTheDeadLeaderGoFirst() {
        for (ReplicaId self : List.of(A, C)) {
            ReplicaId other = self.equals(A) ? C : A;
            CoreBench bench = CoreBench.member(self, configuration(1, B, A, B, C), 3);
            bench.connect(B);
            bench.connect(other);
            bench.receive(B, append(1, 3, 1, 3));
            bench.forget();
            bench.step(new Event.PeerDisconnected(B.node()));
            bench.step(new Event.PeerRefused(B.node()));
            assertThat(proposes(bench)).as(self + " instead of B").isEqualTo(self.equals(C));
        }
    }

    @Test
    void shouldReckonTheWaitFromTheFirstTickSinceWhoRestsIsToldNoTime() {
        CoreBench bench = second();
        leaderDies(bench);
        bench.tick(4 * TIMEOUT);
        assertThat(proposes(bench)).isFalse();
        bench.tick(TIMEOUT / 20);
        assertThat(proposes(bench)).isTrue();
    }

    @Test
    void shouldNotWaitForAnEqualCandidateThatIsGoneToo() {
        CoreBench before = second();
        before.step(new Event.PeerDisconnected(B.node()));
        leaderDies(before);
        assertThat(proposes(before)).as("B was gone before the leader").isTrue();

        CoreBench behind = second();
        leaderDies(behind);
        assertThat(proposes(behind)).isFalse();
        behind.step(new Event.PeerDisconnected(B.node()));
        assertThat(proposes(behind)).as("B is gone now").isTrue();
    }

    @Test
    void shouldNotWaitForAnEqualCandidateWhenTheLeaderIsOnlySilent() {
        CoreBench bench = second();
        assertThat(untilItProposes(bench, 2 * TIMEOUT, () -> {})).isLessThan(TIMEOUT + 20);
    }

    @Test
    void shouldTellThatItsSuspicionIsOverWhenTheFirstCandidateLeads() {
        CoreBench bench = second();
        leaderDies(bench);
        bench.step(new Event.ConfigurationSeen(stored(configuration(2, B, B, C))));
        assertThat(bench.all(Effect.TakeOver.class))
                .extracting(Effect.TakeOver::step)
                .containsExactly(TakeOverStep.SUSPECTED, TakeOverStep.LOST);
        bench.forget();
        bench.persist();
        bench.receive(B, append(2, 3, 1, 3, entry(4, 2)));
        bench.tick(10);
        assertThat(bench.all(Effect.TakeOver.class)).as("told once").isEmpty();
    }

    @Test
    void shouldLetAPreferredCandidateGoFirstButNotForLong() {
        CoreBench bench = follower();
        bench.step(ranks(true, 0, 1, 2));
        leaderDies(bench);
        assertThat(proposes(bench)).isFalse();
        assertThat(untilItProposes(bench, 2 * TIMEOUT, () -> {})).isBetween(TIMEOUT / 4, TIMEOUT / 4 + 20);
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(B);
    }

    @Test
    void shouldFollowThePreferredCandidateThatWentFirst() {
        CoreBench bench = follower();
        bench.step(ranks(true, 0, 1, 2));
        leaderDies(bench);
        bench.tick(10);
        bench.step(new Event.ConfigurationSeen(stored(configuration(2, C, B, C))));
        bench.persist();
        bench.receive(C, append(2, 3, 1, 3, entry(4, 2)));
        assertThat(untilItProposes(bench, TIMEOUT / 2, () -> {})).isEqualTo(Long.MAX_VALUE);
        assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
    }

    @Test
    void shouldGiveASilentLeaderOneMoreTimeOutWhileItsOwnDiskStandsStill() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.connect(A);
        bench.receive(A, append(1, 3, 1, 3, entry(4, 1))); // never becomes durable
        assertThat(untilItProposes(bench, 4 * TIMEOUT, () -> {})).isBetween(2 * TIMEOUT, 2 * TIMEOUT + 50);
    }

    @Test
    void shouldWaitForNobodyWhenItIsUnwellButTheOnlyOneLeft() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.connect(A);
        bench.receive(A, append(1, 3, 1, 3, entry(4, 1)));
        for (long millis = 0; millis < TIMEOUT - 100; millis += 10) {
            bench.tick(10);
        }
        leaderDies(bench);
        assertThat(proposes(bench)).isTrue();
    }

    @Test
    void shouldBeUnwellWhenItIsPausedAgainAndAgainAndRecover() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.connect(A);
        for (int i = 0; i < 2; i++) {
            bench.tick(TIMEOUT);
            bench.receive(A, append(1, 3, 1, 3));
        }
        assertThat(untilItProposes(bench, 4 * TIMEOUT, () -> {})).isGreaterThan(2 * TIMEOUT - 10);

        CoreBench later = CoreBench.member(B, configuration(1, A, A, B), 3);
        later.connect(A);
        for (int i = 0; i < 2; i++) {
            later.tick(TIMEOUT);
        }
        for (long millis = 0; millis < 5 * TIMEOUT; millis += 10) {
            later.tick(10);
            later.receive(A, append(1, 3, 1, 3));
        }
        assertThat(untilItProposes(later, 4 * TIMEOUT, () -> {})).isLessThan(TIMEOUT + 50);
    }

    @Test
    void shouldBeUnwellWhenItsNodeIsCutOffFromAllThatAnnounceThemselves() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.step(ranks(true, 0, 0, 0));
        assertThat(untilItProposes(bench, 4 * TIMEOUT, () -> {})).isBetween(2 * TIMEOUT, 2 * TIMEOUT + 50);

        CoreBench connected = CoreBench.member(B, configuration(1, A, A, B), 3);
        connected.step(ranks(true, 0, 0, 0));
        connected.connect(C);
        assertThat(untilItProposes(connected, 4 * TIMEOUT, () -> {})).isLessThan(TIMEOUT + 50);
    }

    // ---- leaders

    /** A leads epoch 2 with B in sync; the store answers every read. */
    private static CoreBench leader() {
        CoreBench bench = CoreBench.leaderAlone(ProtocolOptions.defaults());
        bench.connect(B);
        bench.receive(B, new Message.Join(1, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        bench.receive(B, new Message.Ack(1, 1, 0));
        bench.grantCas();
        bench.persist();
        acknowledges(bench, B);
        bench.forget();
        return bench;
    }

    private static void acknowledges(CoreBench bench, ReplicaId from) {
        bench.receive(from, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
    }

    private static void storeAnswers(CoreBench bench) {
        bench.step(new Event.ConfigurationRead(stored(bench.core.configuration())));
    }

    @Test
    void shouldRemoveASilentMemberAfterOneTimeOutWhenItIsWellAndAfterThreeWhenItIsNot() {
        CoreBench well = leader();
        assertThat(untilItProposes(well, 5 * TIMEOUT, () -> storeAnswers(well))).isBetween(TIMEOUT, TIMEOUT + 50);

        CoreBench unwell = leader();
        for (int i = 0; i < 2; i++) {
            unwell.tick(TIMEOUT / 2 + 10);
            acknowledges(unwell, B);
        }
        assertThat(untilItProposes(unwell, 5 * TIMEOUT, () -> storeAnswers(unwell)))
                .isBetween(2 * TIMEOUT, 3 * TIMEOUT + 50); // it recovers meanwhile
        assertThat(unwell.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    @Test
    void shouldRemoveWhoIsProvenToBeGoneAtOnceAlsoWhenItIsUnwell() {
        CoreBench bench = leader();
        for (int i = 0; i < 2; i++) {
            bench.tick(TIMEOUT / 2 + 10);
            acknowledges(bench, B);
        }
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.step(new Event.PeerRefused(B.node()));
        assertThat(bench.last(Effect.CompareAndSet.class).next().inSync()).containsExactly(A);
    }

    @Test
    void shouldGiveTheLeadershipToAPreferredMemberThatHasBeenWellForLongEnough() {
        CoreBench bench = leader();
        bench.step(ranks(true, 1, 2, 3)); // C is not in sync
        assertThat(untilItProposes(bench, 2 * PATIENCE, () -> acknowledges(bench, B)))
                .isBetween(PATIENCE, PATIENCE + 50);
        Configuration next = bench.last(Effect.CompareAndSet.class).next();
        assertThat(next.leader()).isEqualTo(B);
        assertThat(next.inSync()).containsExactly(A, B);
        assertThat(next.reason()).contains("b is preferred");
    }

    @Test
    void shouldKeepTheLeadershipWhenNobodyIsPreferredOrItIsNotToTransfer() {
        for (Event.Ranks ranks : List.of(ranks(true, 1, 1, 1), ranks(true, 2, 1, 3), ranks(false, 1, 2, 1))) {
            CoreBench bench = leader();
            bench.step(ranks);
            assertThat(untilItProposes(bench, 2 * PATIENCE, () -> acknowledges(bench, B)))
                    .isEqualTo(Long.MAX_VALUE);
        }
    }

    @Test
    void shouldBeginToWaitAnewWhenThePreferredOneWasSilent() {
        CoreBench bench = leader();
        bench.step(ranks(true, 1, 2, 1));
        for (long millis = 0; millis < PATIENCE - 100; millis += 10) {
            bench.tick(10);
            acknowledges(bench, B);
        }
        bench.step(new Event.PeerDisconnected(B.node()));
        bench.tick(10);
        bench.connect(B);
        assertThat(untilItProposes(bench, 2 * PATIENCE, () -> acknowledges(bench, B)))
                .isBetween(PATIENCE - 20, PATIENCE + 50);
    }

    @Test
    void shouldWaitTwiceAsLongEachTimeThatTheLeadershipComesBack() {
        CoreBench bench = leader();
        bench.step(ranks(true, 1, 2, 1));
        long expected = PATIENCE;
        for (int time = 0; time < 9; time++) {
            assertThat(untilItProposes(bench, 200 * PATIENCE, () -> acknowledges(bench, B)))
                    .as("time %s", time)
                    .isBetween(expected, expected + 50);
            expected = Math.min(2 * expected, 64 * PATIENCE);
            bench.grantCas();
            bench.persist();
            assertThat(bench.core.role()).isEqualTo(Role.FOLLOWER);
            bench.step(new Event.ConfigurationSeen(stored(new Configuration(
                    bench.core.lineage(), bench.core.epoch() + 1, A, List.of(A, B), 1, 1, new UUID(3, time), "back"))));
            bench.persist();
            acknowledges(bench, B);
            assertThat(bench.core.role()).isEqualTo(Role.LEADER);
            bench.forget();
        }
    }

    /** Leaders of as many groups of one node, each with a preferred B that has been in sync for long enough; nobody has asked the store yet. */
    private static List<CoreBench> leadersThatWouldMove(int groups) {
        PreferredMoves moves = new PreferredMoves();
        List<CoreBench> benches = new ArrayList<>();
        for (int i = 0; i < groups; i++) {
            CoreBench bench = leader();
            bench.core.movesAmong(moves);
            bench.step(ranks(true, 1, 2, 1));
            benches.add(bench);
        }
        letPass(benches, PATIENCE + 50);
        return benches;
    }

    private static void letPass(List<CoreBench> benches, long millis) {
        for (long passed = 0; passed < millis; passed += 10) {
            benches.forEach(bench -> {
                bench.tick(10);
                acknowledges(bench, B);
            });
        }
    }

    private static long moving(List<CoreBench> benches) {
        return benches.stream().filter(PreferenceTest::proposes).count();
    }

    @Test
    void shouldMoveOnlySoManyGroupsOfANodeAtATime() {
        List<CoreBench> benches = leadersThatWouldMove(PreferredMoves.AT_MOST + 2);
        assertThat(moving(benches)).isEqualTo(PreferredMoves.AT_MOST);

        CoreBench moved = benches.get(0);
        Configuration next = moved.grantCas();
        moved.step(new Event.Received(B, append(next.epoch(), moved.core.lastIndex(), 2, moved.core.lastIndex())));
        letPass(benches, 20);
        assertThat(moving(benches))
                .as("it has not heard that the next one serves")
                .isEqualTo(PreferredMoves.AT_MOST);
        letPass(benches, ProtocolOptions.defaults().drainTimeoutNanos() / CoreBench.MILLIS + 20);
        assertThat(moved.last(Effect.Transfer.class).step()).isEqualTo(TransferStep.UNHEARD);
        assertThat(moving(benches)).as("the place of the first is free again").isEqualTo(PreferredMoves.AT_MOST + 1);
    }

    @Test
    void shouldNotLetGroupsWaitForOnesWhoseMoveTheStoreDoesNotAnswer() {
        List<CoreBench> benches = leadersThatWouldMove(2 * PreferredMoves.AT_MOST + 1);
        long drain = ProtocolOptions.defaults().drainTimeoutNanos() / CoreBench.MILLIS;
        letPass(benches, 3 * drain - 200);
        assertThat(moving(benches)).isEqualTo(PreferredMoves.AT_MOST);
        letPass(benches, 200);
        assertThat(moving(benches)).isEqualTo(2 * PreferredMoves.AT_MOST);
        letPass(benches, 3 * drain);
        assertThat(moving(benches)).isEqualTo(benches.size());
    }

    @Test
    void shouldNotRestBeforeThePreferredOneLeads() {
        CoreBench bench = leader();
        bench.core.mayRestAfter(TIMEOUT * CoreBench.MILLIS);
        bench.step(ranks(true, 1, 2, 1));
        for (long millis = 0; millis < PATIENCE - 100; millis += 10) {
            bench.tick(10);
            acknowledges(bench, B);
            bench.receive(B, new Message.Resting(bench.core.epoch(), bench.core.lastIndex()));
        }
        assertThat(bench.sent(Message.Rest.class)).isEmpty();
        assertThat(bench.core.rests()).isFalse();
    }

    @Test
    void shouldChooseThePreferredOfThoseThatHoldEverythingWhenItIsToHandOver() {
        CoreBench bench = leader();
        bench.connect(C);
        bench.receive(C, new Message.Join(2, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
        acknowledges(bench, C);
        bench.grantCas();
        bench.persist();
        acknowledges(bench, B);
        acknowledges(bench, C);
        bench.step(ranks(false, 1, 1, 2));
        bench.forget();
        bench.step(new Event.Transfer(7, (NodeId) null, 100 * CoreBench.MILLIS));
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(C);
    }
}
