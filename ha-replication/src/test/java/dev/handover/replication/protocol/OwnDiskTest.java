package dev.handover.replication.protocol;

import static dev.handover.replication.protocol.CoreBench.A;
import static dev.handover.replication.protocol.CoreBench.B;
import static dev.handover.replication.protocol.CoreBench.C;
import static dev.handover.replication.protocol.CoreBench.append;
import static dev.handover.replication.protocol.CoreBench.configuration;
import static dev.handover.replication.protocol.CoreBench.entry;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A disk without room (R15): who has none should not lead. Events in, effects out. */
class OwnDiskTest {
    private static final long TIMEOUT = ProtocolOptions.defaults().failureTimeoutNanos() / CoreBench.MILLIS;
    private static final Event FULL = new Event.DiskRoom(false);
    private static final Event ROOM = new Event.DiskRoom(true);

    /** A leads, with these in sync. */
    private static CoreBench leader(ReplicaId... others) {
        return leader(1, others);
    }

    private static CoreBench leader(int minInSync, ReplicaId... others) {
        CoreBench bench = CoreBench.leaderAlone(ProtocolOptions.defaults().withMinInSync(minInSync));
        for (ReplicaId other : others) {
            bench.connect(other);
            bench.receive(other, new Message.Join(1, bench.core.lineage(), 1, 1, FeatureLevels.NEWEST));
            acknowledge(bench, other);
            bench.grantCas();
            bench.persist();
            List.of(others).forEach(each -> acknowledge(bench, each));
        }
        bench.forget();
        return bench;
    }

    private static void acknowledge(CoreBench bench, ReplicaId from) {
        bench.receive(from, new Message.Ack(bench.core.epoch(), bench.core.lastIndex(), 0));
    }

    private static boolean proposes(CoreBench bench) {
        return !bench.all(Effect.CompareAndSet.class).isEmpty();
    }

    /** Time passes until it proposes something, for so long at most; those are full and say so. */
    private static boolean proposesWithin(CoreBench bench, long most, ReplicaId[] others, ReplicaId... full) {
        for (long millis = 0; millis < most && !proposes(bench); millis += 10) {
            bench.tick(10);
            for (ReplicaId other : others) {
                acknowledge(bench, other);
                if (List.of(full).contains(other)) {
                    bench.receive(other, new Message.LacksRoom(bench.core.epoch()));
                }
            }
        }
        return proposes(bench);
    }

    private static ReplicaId[] only(ReplicaId... replicas) {
        return replicas;
    }

    @Test
    void shouldGiveTheLeadershipToOneThatHasRoomWhenItHasHadNoneForAWhile() {
        CoreBench bench = leader(B, C);
        bench.step(FULL);
        assertThat(proposesWithin(bench, TIMEOUT - 20, only(B, C), B)).isFalse();
        assertThat(proposesWithin(bench, 100, only(B, C), B)).isTrue();
        Configuration next = bench.last(Effect.CompareAndSet.class).next();
        assertThat(next.leader()).isEqualTo(C);
        assertThat(next.inSync()).containsExactly(A, B, C);
        assertThat(next.reason()).isEqualTo("transfer from " + A + ": the own disk has no room");
    }

    @Test
    void shouldLeadOnWhenThereIsRoomAgainInTime() {
        CoreBench bench = leader(B);
        bench.step(FULL);
        assertThat(proposesWithin(bench, TIMEOUT - 20, only(B))).isFalse();
        bench.step(ROOM);
        assertThat(proposesWithin(bench, 3 * TIMEOUT, only(B))).isFalse();
    }

    @Test
    void shouldLeadOnWhileNobodyElseHasRoom() {
        CoreBench bench = leader(B, C);
        bench.step(FULL);
        assertThat(proposesWithin(bench, 10 * TIMEOUT, only(B, C), B, C)).isFalse();
        assertThat(proposesWithin(bench, 6 * TIMEOUT, only(B, C), C))
                .as("B has room again")
                .isTrue();
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(B);
    }

    @Test
    void shouldLeadOnWhenTooFewWouldBeLeftWithoutIt() {
        CoreBench pair = leader(2, B);
        pair.step(FULL);
        assertThat(proposesWithin(pair, 10 * TIMEOUT, only(B))).isFalse();
        CoreBench three = leader(2, B, C);
        three.step(FULL);
        assertThat(proposesWithin(three, 2 * TIMEOUT, only(B, C))).isTrue();
    }

    @Test
    void shouldNotGiveTheLeadershipToAPreferredMemberWithoutRoom() {
        CoreBench bench = leader(B);
        bench.step(new Event.Ranks(new TreeMap<>(Map.of(A.node(), 0, B.node(), 1)), true));
        assertThat(proposesWithin(bench, 20 * TIMEOUT, only(B), B)).isFalse();
        assertThat(proposesWithin(bench, 20 * TIMEOUT, only(B))).isTrue();
    }

    @Test
    void shouldRatherHandOverToOneThatHasRoom() {
        CoreBench bench = leader(B, C);
        bench.step(new Event.Ranks(new TreeMap<>(Map.of(A.node(), 0, B.node(), 1, C.node(), 0)), false));
        bench.receive(B, new Message.LacksRoom(bench.core.epoch()));
        bench.step(new Event.Transfer(7, (NodeId) null, 100 * CoreBench.MILLIS));
        assertThat(bench.last(Effect.CompareAndSet.class).next().leader()).isEqualTo(C);
    }

    @Test
    void shouldTellTheLeaderThatItHasNoRoomAndNotRest() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B), 3);
        bench.core.mayRestAfter(TIMEOUT * CoreBench.MILLIS);
        bench.connect(A);
        bench.receive(A, append(1, 3, 1, 3));
        bench.step(new Event.Applied(3));
        bench.step(FULL);
        for (int i = 0; i < 2; i++) {
            bench.receive(A, append(1, 3, 1, 3));
        }
        assertThat(bench.sent(Message.LacksRoom.class)).hasSize(2).containsOnly(new Message.LacksRoom(1));
        bench.receive(A, new Message.Rest(1, 3));
        assertThat(bench.sent(Message.Resting.class)).isEmpty();
        bench.step(ROOM);
        bench.forget();
        bench.receive(A, append(1, 3, 1, 3));
        bench.receive(A, new Message.Rest(1, 3));
        assertThat(bench.sent(Message.LacksRoom.class)).isEmpty();
        assertThat(bench.sent(Message.Resting.class)).hasSize(1);
    }

    @Test
    void shouldLetOthersGoFirstAsACandidate() {
        CoreBench bench = CoreBench.member(B, configuration(1, A, A, B, C), 3);
        bench.connect(A);
        bench.connect(C);
        bench.receive(A, append(1, 3, 1, 3, entry(4, 1)));
        bench.persist();
        bench.step(FULL);
        bench.step(new Event.PeerDisconnected(A.node()));
        bench.step(new Event.PeerRefused(A.node()));
        assertThat(proposesWithin(bench, TIMEOUT / 4 - 20, only())).isFalse();
        assertThat(proposesWithin(bench, 50, only())).isTrue();
    }
}
