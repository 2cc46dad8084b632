package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.ABORTED;
import static dev.handover.event.HaEvent.SwitchStep.BAKE;
import static dev.handover.event.HaEvent.SwitchStep.COMMIT;
import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static dev.handover.event.HaEvent.SwitchStep.DRAIN;
import static dev.handover.event.HaEvent.SwitchStep.GATE;
import static dev.handover.event.HaEvent.SwitchStep.PREPARE;
import static dev.handover.event.HaEvent.SwitchStep.ROLLED_BACK;
import static dev.handover.event.HaEvent.SwitchStep.ROLL_BACK;
import static dev.handover.event.HaEvent.SwitchStep.SWITCH;
import static dev.handover.event.HaEvent.SwitchStep.WARM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.Evidence.GroupView;
import dev.handover.takeover.bluegreen.Report.Task;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Finding;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Verdict;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/**
 * The whole switch as a small world, and every order of what can happen in it: every instance may decide at any time, with the time-out passed or not and any verdict; what it has proposed may reach the
 * store at any later time, also after its death; instances die in every step, and the new version comes back as another process. After everything that is stored the rules are checked, and from every
 * state the rest must find an end.
 */
class SwitchCoreModelTest {
    private static final GroupId GROUP = GroupId.of("g");
    private static final List<NodeId> NODES = List.of(NodeId.of("b1"), NodeId.of("b2"), NodeId.of("g1"));
    private static final NodeId GREEN = NODES.get(2);
    private static final UUID SAME = new UUID(0, 7);
    private static final int MOST_DEATHS = 2;
    private static final Map<SwitchStep, Set<SwitchStep>> WAYS = ways();

    /** A proposal that has not reached the store: the version it expects, and what would be stored. */
    private record Proposal(int expects, SwitchRecord next) {}

    /** Everything there is at a moment. */
    private record World(
            int version,
            SwitchRecord record,
            SortedSet<NodeId> alive,
            NodeId leader,
            int greenProcess,
            int deaths,
            boolean warmUpFails,
            SortedMap<NodeId, Proposal> proposals) {
        String key() {
            return version + " " + text(record) + " " + alive + " " + leader + " " + greenProcess + " " + deaths + " "
                    + warmUpFails + " "
                    + proposals.entrySet().stream()
                            .map(entry ->
                                    entry.getKey() + "@" + entry.getValue().expects() + ":"
                                            + text(entry.getValue().next()))
                            .toList();
        }

        private static String text(SwitchRecord record) {
            Switching last = record.last();
            return record.live() + record.generation() + (last == null ? "" : last.step() + "" + last.participants());
        }
    }

    private static Map<SwitchStep, Set<SwitchStep>> ways() {
        Map<SwitchStep, Set<SwitchStep>> ways = new EnumMap<>(SwitchStep.class);
        ways.put(PREPARE, EnumSet.of(WARM, ABORTED));
        ways.put(WARM, EnumSet.of(GATE, ABORTED));
        ways.put(GATE, EnumSet.of(SWITCH, ABORTED));
        ways.put(SWITCH, EnumSet.of(BAKE, ROLL_BACK));
        ways.put(BAKE, EnumSet.of(COMMIT, ROLL_BACK));
        ways.put(COMMIT, EnumSet.of(DRAIN, COMMITTED));
        ways.put(DRAIN, EnumSet.of(COMMITTED));
        ways.put(ROLL_BACK, EnumSet.of(ROLLED_BACK));
        return ways;
    }

    private final Set<SwitchStep> seen = EnumSet.noneOf(SwitchStep.class);
    private final Set<SwitchStep> diedIn = EnumSet.noneOf(SwitchStep.class);
    private int stored;

    @Test
    void shouldEndWellWhateverDiesWhenever() {
        Set<String> known = new HashSet<>();
        Deque<World> open = new ArrayDeque<>();
        World first = first();
        known.add(first.key());
        open.add(first);
        while (!open.isEmpty()) {
            World world = open.poll();
            assertEndIsFound(world);
            for (World next : successors(world)) {
                if (known.add(next.key())) {
                    open.add(next);
                    assertThat(known.size()).as("states; the world is too big").isLessThan(400_000);
                }
            }
        }
        System.out.println(
                "switches explored: " + known.size() + " states, " + stored + " steps stored, deaths in " + diedIn);
        assertThat(seen).contains(COMMITTED, ROLLED_BACK, ABORTED, DRAIN);
        assertThat(diedIn).contains(PREPARE, WARM, GATE, SWITCH, BAKE, COMMIT, DRAIN, ROLL_BACK);
        assertThat(known.size()).isGreaterThan(1000);
    }

    private static World first() {
        SwitchRecord idle = SwitchRecord.first(List.of(GROUP), "blue", NODES.get(0), SAME);
        World world = new World(0, idle, new TreeSet<>(NODES), NODES.get(0), 0, 0, false, new TreeMap<>());
        SwitchRecord begun =
                SwitchCore.open("s", idle, SwitchPlan.to("green"), "test", evidence(world, NODES.get(0), 0));
        return new World(1, begun, world.alive(), world.leader(), 0, 0, false, new TreeMap<>());
    }

    private List<World> successors(World world) {
        List<World> next = new ArrayList<>();
        for (NodeId node : world.alive()) {
            if (!world.proposals().containsKey(node) && world.proposals().size() < 2) {
                for (boolean late : new boolean[] {false, true}) {
                    for (Verdict verdict : Verdict.values()) {
                        decided(world, node, late, verdict, next);
                    }
                }
            }
            if (world.deaths() < MOST_DEATHS && world.alive().size() > 1) {
                died(world, node, next);
            }
        }
        for (NodeId node : world.proposals().keySet()) {
            next.add(landed(world, node));
        }
        if (!world.alive().contains(GREEN) && world.greenProcess() == 0) {
            next.add(with(world, plus(world.alive(), GREEN), world.leader(), 1, world.deaths(), world.warmUpFails()));
        }
        if (!world.warmUpFails() && step(world) == WARM) {
            next.add(with(world, world.alive(), world.leader(), world.greenProcess(), world.deaths(), true));
        }
        World aligned = aligned(world);
        if (aligned != world) {
            next.add(aligned);
        }
        return next;
    }

    private void decided(World world, NodeId node, boolean late, Verdict verdict, List<World> next) {
        if (verdict != Verdict.UNDECIDED && step(world) != BAKE) {
            return;
        }
        SwitchRecord proposed = decide(world, node, late, verdict);
        if (proposed != null) {
            SortedMap<NodeId, Proposal> proposals = new TreeMap<>(world.proposals());
            proposals.put(node, new Proposal(world.version(), proposed));
            next.add(new World(
                    world.version(),
                    world.record(),
                    world.alive(),
                    world.leader(),
                    world.greenProcess(),
                    world.deaths(),
                    world.warmUpFails(),
                    proposals));
        }
    }

    private static SwitchRecord decide(World world, NodeId node, boolean late, Verdict verdict) {
        SwitchCore core = new SwitchCore((before, since, baked) -> new Finding(verdict, "model"));
        Switching current = world.record().open();
        if (current == null) {
            return null;
        }
        long inStep = late ? current.plan().timeout(current.step()).toNanos() : 0;
        Evidence evidence = evidence(world, node, inStep);
        SwitchRecord proposed = core.decide(world.record(), evidence).record();
        if (proposed != null && proposed.last().step() == COMMIT) {
            assertThat(Checks.lost(current, evidence))
                    .as("nobody commits while a part of the new version is missing: " + world)
                    .isEmpty();
        }
        return proposed;
    }

    /** A dead node's proposal may be on its way still. */
    private void died(World world, NodeId node, List<World> next) {
        SwitchStep in = step(world);
        if (in != null) {
            diedIn.add(in);
        }
        SortedSet<NodeId> left = new TreeSet<>(world.alive());
        left.remove(node);
        if (!world.leader().equals(node)) {
            next.add(with(world, left, world.leader(), world.greenProcess(), world.deaths() + 1, world.warmUpFails()));
        } else {
            for (NodeId taker : left) { // anybody may take over
                next.add(with(world, left, taker, world.greenProcess(), world.deaths() + 1, world.warmUpFails()));
            }
        }
    }

    private World landed(World world, NodeId node) {
        SortedMap<NodeId, Proposal> rest = new TreeMap<>(world.proposals());
        Proposal proposal = rest.remove(node);
        if (proposal.expects() != world.version()) {
            return new World(
                    world.version(),
                    world.record(),
                    world.alive(),
                    world.leader(),
                    world.greenProcess(),
                    world.deaths(),
                    world.warmUpFails(),
                    rest);
        }
        check(world.record(), proposal.next());
        stored++;
        return new World(
                world.version() + 1,
                proposal.next(),
                world.alive(),
                world.leader(),
                world.greenProcess(),
                world.deaths(),
                world.warmUpFails(),
                rest);
    }

    private void check(SwitchRecord before, SwitchRecord after) {
        SwitchStep from = before.last().step();
        SwitchStep to = after.last().step();
        seen.add(to);
        assertThat(WAYS.getOrDefault(from, Set.of())).as("ways from " + from).contains(to);
        boolean changes = to == SWITCH || to == ROLL_BACK;
        assertThat(after.generation()).isEqualTo(before.generation() + (changes ? 1 : 0));
        assertThat(after.live().equals(before.live())).isEqualTo(!changes);
        assertThat(after.live()).isEqualTo(liveIn(to, before.live()));
        assertThat(after.last().mayGoBack() && !before.last().mayGoBack())
                .as("what was committed stays so")
                .isFalse();
        assertThat(after.history()).hasSize(before.history().size() + 1);
        assertThat(SwitchRecord.decode(after.encode())).isEqualTo(after);
    }

    private static String liveIn(SwitchStep step, String before) {
        return switch (step) {
            case SWITCH, BAKE, COMMIT, DRAIN, COMMITTED -> "green";
            case ROLL_BACK, ROLLED_BACK, ABORTED -> "blue";
            default -> before;
        };
    }

    /** Time passes, nothing more dies, and whoever is left goes on: there is an end, and the leader is of the live colour if any such lives. */
    private void assertEndIsFound(World from) {
        World world = from;
        for (int round = 0; round < 12 && world.record().open() != null; round++) {
            while (!world.proposals().isEmpty()) {
                world = landed(world, world.proposals().firstKey());
            }
            world = aligned(world);
            if (world.record().open() != null) {
                SwitchRecord next = decide(world, world.alive().first(), true, Verdict.UNDECIDED);
                assertThat(next).as("stands still in " + world).isNotNull();
                world = new World(
                        world.version() + 1,
                        next,
                        world.alive(),
                        world.leader(),
                        world.greenProcess(),
                        world.deaths(),
                        world.warmUpFails(),
                        new TreeMap<>());
            }
        }
        assertThat(world.record().open()).as("no end is found from " + from).isNull();
        world = aligned(world);
        String live = world.record().live();
        if (world.alive().stream().anyMatch(node -> colour(node).equals(live))) {
            assertThat(colour(world.leader())).isEqualTo(live);
        }
    }

    /** The leader gives its group away if it is not of the live colour. */
    private static World aligned(World world) {
        String live = world.record().live();
        if (colour(world.leader()).equals(live)) {
            return world;
        }
        return world.alive().stream()
                .filter(node -> colour(node).equals(live))
                .findFirst()
                .map(target ->
                        with(world, world.alive(), target, world.greenProcess(), world.deaths(), world.warmUpFails()))
                .orElse(world);
    }

    private static SwitchStep step(World world) {
        Switching current = world.record().open();
        return current == null ? null : current.step();
    }

    private static SortedSet<NodeId> plus(SortedSet<NodeId> nodes, NodeId more) {
        SortedSet<NodeId> all = new TreeSet<>(nodes);
        all.add(more);
        return all;
    }

    private static World with(
            World world, SortedSet<NodeId> alive, NodeId leader, int greenProcess, int deaths, boolean warmUpFails) {
        return new World(
                world.version(), world.record(), alive, leader, greenProcess, deaths, warmUpFails, world.proposals());
    }

    private static String colour(NodeId node) {
        return node.value().startsWith("b") ? "blue" : "green";
    }

    /** Whoever lives has heard of the open switch, and has done what it asks for; the dead are not in sync. */
    private static Evidence evidence(World world, NodeId self, long inStepNanos) {
        Switching last = world.record().last();
        SortedMap<NodeId, Report> reports = new TreeMap<>();
        for (NodeId node : NODES) {
            boolean isGreen = node.equals(GREEN);
            Task warm = isGreen && world.warmUpFails() ? Task.failed("model") : Task.done();
            reports.put(
                    node,
                    new Report(
                            node,
                            new UUID(1, isGreen ? world.greenProcess() : 0),
                            colour(node),
                            "1",
                            2,
                            last == null ? null : last.id(),
                            new TreeMap<>(Map.of(GROUP, 0L)),
                            warm,
                            Task.done(),
                            Task.done(),
                            null,
                            null));
        }
        GroupView group = new GroupView(GROUP, world.leader(), world.alive(), 1, 2, 0);
        return new Evidence(self, Instant.EPOCH, inStepNanos, List.of(group), reports, true, () -> SAME);
    }
}
