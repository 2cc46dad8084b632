package dev.handover.takeover.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.NodeId;
import dev.handover.takeover.partition.PartitionHost.Presence;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class PartitionPlanTest {
    private static final String[] ZONES = {"x", "y"};

    record World(List<Partition> partitions, List<PartitionHost> hosts) {
        World apply(List<PartitionPlan.Move> moves) {
            Map<Integer, NodeId> to = new HashMap<>();
            moves.forEach(move -> to.put(move.partition(), move.to()));
            return new World(
                    partitions.stream()
                            .map(p -> to.containsKey(p.id())
                                    ? new Partition(
                                            p.id(), p.weight(), p.zone(), Optional.of(to.get(p.id())), p.inSync())
                                    : p)
                            .toList(),
                    hosts);
        }

        PartitionPlan plan(int atMost) {
            return PartitionPlan.draw(partitions, hosts, atMost);
        }

        PartitionHost host(NodeId node) {
            return hosts.stream()
                    .filter(host -> host.node().equals(node))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Everybody ready and in sync, all weights 1, leaders by chance. */
    private static World even(long seed, int partitions, int hosts) {
        Random random = new Random(seed);
        List<PartitionHost> all = new ArrayList<>();
        Set<NodeId> nodes = new HashSet<>();
        for (int i = 0; i < hosts; i++) {
            all.add(new PartitionHost(NodeId.of("n" + i), "", 1, Presence.READY));
            nodes.add(NodeId.of("n" + i));
        }
        List<Partition> list = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            NodeId leader = NodeId.of("n" + random.nextInt(hosts));
            list.add(new Partition(i, 1, Optional.empty(), Optional.of(leader), nodes));
        }
        return new World(list, all);
    }

    /** Anything. */
    private static World any(long seed, int partitions, int hosts) {
        Random random = new Random(seed);
        boolean away = random.nextInt(4) == 0;
        List<PartitionHost> all = new ArrayList<>();
        for (int i = 0; i < hosts; i++) {
            Presence presence =
                    random.nextInt(3) > 0 ? Presence.READY : Presence.values()[random.nextInt(away ? 3 : 2)];
            all.add(new PartitionHost(NodeId.of("n" + i), ZONES[random.nextInt(2)], 1 + random.nextInt(4), presence));
        }
        List<Partition> list = new ArrayList<>();
        for (int i = 0; i < partitions; i++) {
            NodeId leader = NodeId.of("n" + random.nextInt(hosts));
            Set<NodeId> inSync = new HashSet<>(Set.of(leader));
            all.forEach(host -> {
                if (random.nextInt(4) > 0) {
                    inSync.add(host.node());
                }
            });
            list.add(new Partition(
                    i,
                    1 + random.nextInt(9),
                    random.nextInt(3) == 0 ? Optional.of(ZONES[random.nextInt(2)]) : Optional.empty(),
                    random.nextInt(10) == 0 ? Optional.empty() : Optional.of(leader),
                    inSync));
        }
        return new World(list, all);
    }

    @Property(tries = 300)
    void shouldBalanceToOnePartitionWithAsFewMovesAsPossible(
            @ForAll long seed, @ForAll @IntRange(min = 0, max = 64) int n, @ForAll @IntRange(min = 1, max = 6) int m) {
        World world = even(seed, n, m);
        PartitionPlan plan = world.plan(n);
        int[] before = new int[m];
        int[] after = new int[m];
        for (int i = 0; i < m; i++) {
            NodeId node = NodeId.of("n" + i);
            before[i] = (int) world.partitions().stream()
                    .filter(p -> p.leader().orElseThrow().equals(node))
                    .count();
            after[i] =
                    (int) plan.wanted().values().stream().filter(node::equals).count();
            assertThat(after[i]).isBetween(n / m, (n + m - 1) / m);
        }
        int excess = 0;
        int lack = 0;
        for (int count : before) {
            excess += Math.max(0, count - (n + m - 1) / m);
            lack += Math.max(0, n / m - count);
        }
        assertThat(plan.moves()).hasSize(Math.max(excess, lack));
        assertThat(plan.left()).isZero();
    }

    @Property(tries = 500)
    void shouldMoveOnlyToWhoIsReadyAndInSyncAndOfTheZoneIfAnybodyIs(
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 40) int n,
            @ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 0, max = 5) int k) {
        World world = any(seed, n, m);
        PartitionPlan plan = world.plan(k);
        assertThat(plan.moves()).hasSizeLessThanOrEqualTo(k);
        for (PartitionPlan.Move move : plan.moves()) {
            Partition partition = world.partitions().get(move.partition());
            assertThat(partition.leader()).contains(move.from());
            assertThat(partition.inSync()).contains(move.to());
            assertThat(world.host(move.to()).presence()).isEqualTo(Presence.READY);
            assertThat(move.to()).isNotEqualTo(move.from());
            partition.zone().ifPresent(zone -> {
                boolean somebody = world.hosts().stream()
                        .anyMatch(h -> h.zone().equals(zone)
                                && h.presence() == Presence.READY
                                && partition.inSync().contains(h.node()));
                assertThat(world.host(move.to()).zone().equals(zone)).isEqualTo(somebody);
            });
        }
    }

    @Property(tries = 500)
    void shouldComeToAnEndInStepsAndThenMoveNothing(
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 40) int n,
            @ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 1, max = 5) int k) {
        World world = any(seed, n, m);
        assertThat(world.apply(world.plan(n).moves()).plan(n).moves()).isEmpty();
        int rounds = 0;
        for (PartitionPlan plan = world.plan(k); !plan.moves().isEmpty(); plan = world.plan(k)) {
            world = world.apply(plan.moves());
            assertThat(++rounds).as("rounds").isLessThanOrEqualTo(3 * n);
        }
        for (Partition partition : world.partitions()) {
            Optional<Presence> presence = partition.leader().map(world::host).map(PartitionHost::presence);
            if (presence.isPresent() && presence.get() != Presence.READY && presence.get() != Presence.AWAY) {
                World end = world;
                assertThat(partition.inSync())
                        .as("who could take it")
                        .allMatch(node -> end.host(node).presence() != Presence.READY);
            }
        }
    }

    @Example
    void shouldEvenNothingOutWhileSomebodyIsExpectedBackAndDrainAllTheSame() {
        Set<NodeId> all = Set.of(NodeId.of("a"), NodeId.of("b"), NodeId.of("c"), NodeId.of("d"));
        List<Partition> partitions = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            partitions.add(new Partition(i, 1, Optional.empty(), Optional.of(NodeId.of(i == 5 ? "d" : "a")), all));
        }
        List<PartitionHost> hosts = List.of(
                new PartitionHost(NodeId.of("a"), "", 1, Presence.READY),
                new PartitionHost(NodeId.of("b"), "", 1, Presence.READY),
                new PartitionHost(NodeId.of("c"), "", 1, Presence.AWAY),
                new PartitionHost(NodeId.of("d"), "", 1, Presence.DRAINING));
        assertThat(PartitionPlan.draw(partitions, hosts, 9).moves())
                .containsExactly(new PartitionPlan.Move(5, NodeId.of("d"), NodeId.of("b")));
    }

    @Example
    void shouldGiveTwiceAsMuchToTwiceTheWeight() {
        Set<NodeId> all = Set.of(NodeId.of("a"), NodeId.of("b"));
        List<Partition> partitions = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            partitions.add(new Partition(i, 1, Optional.empty(), Optional.of(NodeId.of("a")), all));
        }
        List<PartitionHost> hosts = List.of(
                new PartitionHost(NodeId.of("a"), "", 1, Presence.READY),
                new PartitionHost(NodeId.of("b"), "", 2, Presence.READY));
        assertThat(PartitionPlan.draw(partitions, hosts, 9).moves()).hasSize(6);
    }

    @Example
    void shouldRefuseWhatOccursTwice() {
        PartitionHost host = new PartitionHost(NodeId.of("a"), "", 1, Presence.READY);
        assertThatThrownBy(() -> PartitionPlan.draw(List.of(), List.of(host, host), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("host a occurs twice");
        assertThatThrownBy(() -> PartitionPlan.draw(List.of(), List.of(host), -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-1");
    }
}
