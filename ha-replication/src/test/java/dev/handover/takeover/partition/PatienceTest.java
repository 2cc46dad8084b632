package dev.handover.takeover.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.NodeId;
import dev.handover.takeover.partition.PartitionHost.Presence;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** Two instances that were told different things must not give a partition to and fro for ever. */
class PatienceTest {
    private static final NodeId A = NodeId.of("a");
    private static final NodeId B = NodeId.of("b");
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Map<Integer, NodeId> leaders = new TreeMap<>();
    private final Map<Integer, Integer> moves = new HashMap<>();
    private final Map<NodeId, Patience> patience = Map.of(A, new Patience(), B, new Patience());
    private long now = TimeUnit.DAYS.toNanos(3);

    /** Looks of both instances in turn, each with what it was told; moves take no time. */
    private void look(long nanos, BiFunction<NodeId, Integer, Partition> told) {
        for (long end = now + nanos; now < end; now += LOOK_NANOS) {
            for (NodeId self : List.of(A, B)) {
                List<Partition> partitions = new ArrayList<>();
                leaders.keySet().forEach(id -> partitions.add(told.apply(self, id)));
                List<PartitionHost> hosts = List.of(
                        new PartitionHost(A, "x", 1, Presence.READY), new PartitionHost(B, "y", 1, Presence.READY));
                for (PartitionPlan.Move move :
                        PartitionPlan.draw(partitions, hosts, Integer.MAX_VALUE).moves()) {
                    if (move.from().equals(self) && patience.get(self).allows(move.partition(), now)) {
                        leaders.put(move.partition(), move.to());
                        moves.merge(move.partition(), 1, Integer::sum);
                        patience.get(self).given(move.partition(), now);
                    }
                }
            }
        }
    }

    private Partition partition(int id, int weight, Optional<String> zone) {
        return new Partition(id, weight, zone, Optional.of(leaders.get(id)), Set.of(A, B));
    }

    /** Each wants it in the other's zone: the worst there is. */
    @Test
    void shouldMoveEverMoreSeldomWhenZonesDiffer() {
        leaders.put(0, A);
        look(TimeUnit.HOURS.toNanos(1), (self, id) -> partition(id, 1, Optional.of(self.equals(A) ? "y" : "x")));
        assertThat(moves.get(0)).as("in the first hour").isBetween(10, 30);
        int before = moves.get(0);
        look(TimeUnit.HOURS.toNanos(1), (self, id) -> partition(id, 1, Optional.of(self.equals(A) ? "y" : "x")));
        assertThat(moves.get(0) - before).as("in the second hour").isBetween(0, 2);
    }

    @Test
    void shouldMoveEverMoreSeldomWhateverWeightsTheyWereTold() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            leaders.clear();
            moves.clear();
            Map<NodeId, int[]> weights = Map.of(A, new int[6], B, new int[6]);
            for (int id = 0; id < 6; id++) {
                leaders.put(id, random.nextBoolean() ? A : B);
                weights.get(A)[id] = 1 + random.nextInt(9);
                weights.get(B)[id] = 1 + random.nextInt(9);
            }
            look(TimeUnit.MINUTES.toNanos(5), (self, id) -> partition(id, weights.get(self)[id], Optional.empty()));
            assertThat(moves.values()).as("seed " + seed).allMatch(count -> count <= 24);
            now += TimeUnit.DAYS.toNanos(300); // forgotten
        }
    }

    /** Once they are told the same they come to rest, and then nothing is held against a partition any more. */
    @Test
    void shouldForget() {
        leaders.put(0, A);
        look(TimeUnit.MINUTES.toNanos(1), (self, id) -> partition(id, 1, Optional.of(self.equals(A) ? "y" : "x")));
        NodeId leader = leaders.get(0);
        NodeId other = leader.equals(A) ? B : A;
        String there = other.equals(A) ? "x" : "y";
        now += TimeUnit.HOURS.toNanos(1);
        look(LOOK_NANOS, (self, id) -> partition(id, 1, Optional.of(there)));
        assertThat(leaders.get(0)).as("moved at once").isEqualTo(other);
        assertThat(patience.get(leader).given(0, now)).isEqualTo(2);
    }

    /** An instance that comes, goes, and comes back is no reason to wait. */
    @Test
    void shouldNotWaitForTheFirstTwo() {
        Patience one = new Patience();
        assertThat(one.allows(7, now)).isTrue();
        assertThat(one.given(7, now)).isEqualTo(1);
        assertThat(one.allows(7, now)).isTrue();
        assertThat(one.given(7, now)).isEqualTo(2);
        assertThat(one.allows(7, now)).isFalse();
        assertThat(one.waitNanos(7)).isEqualTo(TimeUnit.SECONDS.toNanos(1));
        assertThat(one.allows(7, now + TimeUnit.SECONDS.toNanos(1))).isTrue();
        assertThat(one.allows(8, now)).as("another one").isTrue();
    }
}
