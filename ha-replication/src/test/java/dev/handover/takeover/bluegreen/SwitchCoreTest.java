package dev.handover.takeover.bluegreen;

import static dev.handover.event.HaEvent.SwitchStep.ABORTED;
import static dev.handover.event.HaEvent.SwitchStep.BAKE;
import static dev.handover.event.HaEvent.SwitchStep.COMMIT;
import static dev.handover.event.HaEvent.SwitchStep.COMMITTED;
import static dev.handover.event.HaEvent.SwitchStep.DRAIN;
import static dev.handover.event.HaEvent.SwitchStep.GATE;
import static dev.handover.event.HaEvent.SwitchStep.PREPARE;
import static dev.handover.event.HaEvent.SwitchStep.REHEARSED;
import static dev.handover.event.HaEvent.SwitchStep.ROLLED_BACK;
import static dev.handover.event.HaEvent.SwitchStep.ROLL_BACK;
import static dev.handover.event.HaEvent.SwitchStep.SWITCH;
import static dev.handover.event.HaEvent.SwitchStep.WARM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.SwitchRefusedException;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.Evidence.GroupView;
import dev.handover.takeover.bluegreen.Report.Task;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Finding;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Verdict;
import dev.handover.takeover.bluegreen.SwitchCore.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class SwitchCoreTest {
    private static final GroupId GROUP = GroupId.of("orders");
    private static final NodeId B1 = NodeId.of("b1");
    private static final NodeId B2 = NodeId.of("b2");
    private static final NodeId G1 = NodeId.of("g1");
    private static final NodeId G2 = NodeId.of("g2");

    private final SortedMap<NodeId, Report> reports = new TreeMap<>();
    private final Set<NodeId> inSync = new TreeSet<>(List.of(B1, B2, G1, G2));
    private final List<SwitchStep> steps = new ArrayList<>();
    private Finding finding = new Finding(Verdict.PASS, "fine");
    private final SwitchCore core = new SwitchCore((before, since, baked) -> Objects.requireNonNull(finding));
    private NodeId leader = B1;
    private int minInSync = 1;
    private int featureLevel = 1;
    private long commitIndex = 100;
    private boolean complete = true;
    private long inStep;
    private long ids;
    private SwitchRecord record = SwitchRecord.first(List.of(GROUP), "blue", B1, new UUID(0, 0));

    SwitchCoreTest() {
        for (NodeId node : List.of(B1, B2, G1, G2)) {
            String colour = node.value().startsWith("b") ? "blue" : "green";
            reports.put(node, Report.of(node, new UUID(1, node.hashCode()), colour, colour + "-1", 2));
        }
    }

    @Test
    void shouldTakeTheStepsInOrderToTheEnd() {
        open(plan());
        assertThat(waits()).contains("b1 has not said that it knows of the switch");
        everybodyKnows();
        goOn();
        assertThat(record.last().participants()).containsOnlyKeys(G1, G2);
        assertThat(waits()).isEqualTo("the warm-up of [g1, g2] is not done");
        tasks(G1, Task.done(), Task.NONE, Task.NONE);
        tasks(G2, Task.done(), Task.NONE, Task.NONE);
        goOn();
        assertThat(waits()).contains("[g1, g2] are not ready");
        tasks(G1, Task.done(), Task.done(), Task.NONE);
        tasks(G2, Task.done(), Task.failed("cold"), Task.NONE);
        assertThat(waits()).contains("g2: cold").contains("[g2] are not ready");
        tasks(G2, Task.done(), Task.done(), Task.NONE);
        goOn();
        assertThat(record.live()).isEqualTo("green");
        assertThat(record.generation()).isEqualTo(2);
        assertThat(waits()).isEqualTo("not led by an instance that is green: [orders]");
        leader = G2;
        goOn();
        assertThat(waits()).isEqualTo("bakes: fine");
        inStep = plan().bakeTime().toNanos();
        goOn();
        goOn();
        assertThat(waits()).isEqualTo("the drain of [b1, b2] is not done");
        tasks(B1, Task.NONE, Task.NONE, Task.done());
        tasks(B2, Task.NONE, Task.NONE, Task.failed("slow"));
        goOn();
        assertThat(steps).containsExactly(WARM, GATE, SWITCH, BAKE, COMMIT, DRAIN, COMMITTED);
        assertThat(record.last().reason()).isEqualTo("the drain failed: b2: slow");
        assertThat(record.last().fromVersion()).isEqualTo("blue-1");
        assertThat(record.last().toVersion()).isEqualTo("green-1");
        assertThat(record.history()).extracting(HistoryLine::number).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
        assertThat(SwitchRecord.decode(record.encode())).isEqualTo(record);
    }

    @Test
    void shouldAbortWhateverIsNotDoneInTimeBeforeTheSwitch() {
        for (SwitchStep step : List.of(PREPARE, WARM, GATE)) {
            reach(step);
            inStep = plan().timeout(step).toNanos() - 1;
            assertThat(decide().record()).isNull();
            inStep++;
            goOn();
            assertThat(record.last().step()).as("after " + step).isEqualTo(ABORTED);
            assertThat(record.live()).isEqualTo("blue");
            assertThat(record.generation()).isEqualTo(1);
        }
    }

    @Test
    void shouldRollBackWhatIsNotDoneInTimeAfterTheSwitch() {
        reach(SWITCH);
        inStep = plan().timeout(SWITCH).toNanos();
        goOn();
        assertThat(record.last().step()).isEqualTo(ROLL_BACK);
        assertThat(record.live()).isEqualTo("blue");
        assertThat(record.generation()).isEqualTo(3);
        assertThat(decide().record().last().step()).isEqualTo(ROLLED_BACK);
        leader = G1;
        assertThat(waits()).contains("not led by an instance that is blue");
        inStep = plan().timeout(ROLL_BACK).toNanos();
        goOn();
        assertThat(record.last().step()).isEqualTo(ROLLED_BACK);
        assertThat(record.last().reason()).contains("not led by").endsWith("yet");
    }

    @Test
    void shouldRollBackWhenTheNewVersionIsWorseOrNothingIsKnownOfItForTooLong() {
        reach(BAKE);
        finding = new Finding(Verdict.FAIL, "slow");
        goOn();
        assertThat(record.last().step()).isEqualTo(ROLL_BACK);
        assertThat(record.last().reason()).isEqualTo("slow");
        reach(BAKE);
        finding = new Finding(Verdict.UNDECIDED, "no traffic");
        inStep = plan().bakeTime().multipliedBy(3).toNanos() - 1;
        assertThat(waits()).isEqualTo("bakes: no traffic");
        inStep++;
        goOn();
        assertThat(record.last().step()).isEqualTo(ROLL_BACK);
        reach(BAKE);
        finding = null;
        assertThat(waits()).contains("the analysis threw java.lang.NullPointerException");
    }

    @Test
    void shouldEndAtOnceWhenAPartOfTheNewVersionIsLostInAnyStepBeforeTheCommit() {
        for (SwitchStep step : List.of(WARM, GATE, SWITCH, BAKE)) {
            SwitchStep end = step == WARM || step == GATE ? ABORTED : ROLL_BACK;
            reach(step);
            inSync.remove(G2);
            goOn();
            assertThat(record.last().step()).as("killed in " + step).isEqualTo(end);
            assertThat(record.last().reason()).contains("g2 is not in sync any more in group orders");
            assertThat(record.live()).isEqualTo("blue");
            inSync.add(G2);
            reach(step);
            reports.put(G2, Report.of(G2, new UUID(9, 9), "green", "green-1", 2));
            goOn();
            assertThat(record.last().step()).as("restarted in " + step).isEqualTo(end);
            assertThat(record.last().reason()).contains("g2 was restarted");
        }
        reach(COMMIT);
        inSync.remove(G2);
        goOn();
        assertThat(record.last().step()).as("what is committed stays").isEqualTo(DRAIN);
    }

    @Test
    void shouldNotSwitchWhatWouldNotBeRedundantEnough() {
        minInSync = 2;
        inSync.remove(G2);
        open(plan());
        everybodyKnows();
        assertThat(waits()).contains("has 1 green replicas in sync, and minInSync is 2");
        inSync.add(G2);
        goOn();
        reach(COMMIT);
        inSync.remove(G1);
        assertThat(waits()).contains("minInSync is 2");
        inStep = plan().timeout(COMMIT).toNanos();
        goOn();
        assertThat(record.last().step()).isEqualTo(COMMITTED);
        assertThat(record.last().reason()).startsWith("without a drain");
    }

    @Test
    void shouldNotPrepareWhatDoesNotFitTogether() {
        open(plan());
        everybodyKnows();
        featureLevel = 3;
        assertThat(waits()).contains("b1 supports feature level 2, and group orders writes at level 3");
        featureLevel = 1;
        commitIndex = 2000;
        assertThat(waits()).contains("g1 has applied 100 of 2000 entries of group orders, and may lack 1000");
        commitIndex = 100;
        Report other = reports.get(G2);
        reports.put(
                G2,
                new Report(
                        G2,
                        other.process(),
                        "green",
                        "green-2",
                        2,
                        other.switchId(),
                        other.applied(),
                        Task.NONE,
                        Task.NONE,
                        Task.NONE,
                        null,
                        null));
        assertThat(waits()).contains("several versions, [green-1, green-2]");
        reports.remove(G2);
        assertThat(waits()).contains("g2 is in sync, but does not say which colour it is");
        complete = false;
        inStep = Long.MAX_VALUE / 2;
        assertThat(waits())
                .as("who has not heard of everything decides nothing")
                .contains("not heard yet");
    }

    @Test
    void shouldWaitForApprovalsAndNotForEver() {
        SwitchPlan held = plan().withApprovalBefore(Duration.ofMinutes(5), SWITCH, COMMIT);
        reach(GATE, held);
        everythingReady();
        assertThat(waits()).isEqualTo("SWITCH waits for an approval: everybody is ready");
        assertThatThrownBy(() -> SwitchCore.approve("s", record, DRAIN, evidence()))
                .isInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining("[SWITCH, COMMIT]");
        inStep = held.timeout(GATE).plus(Duration.ofMinutes(5)).toNanos() - 1;
        assertThat(decide().record()).isNull();
        record = SwitchCore.approve("s", record, SWITCH, evidence());
        goOn();
        assertThat(record.last().step()).isEqualTo(SWITCH);
        leader = G1;
        goOn();
        inStep = held.timeout(BAKE).plus(Duration.ofMinutes(5)).toNanos();
        goOn();
        assertThat(record.last().step()).isEqualTo(ROLL_BACK);
        assertThat(record.last().reason()).isEqualTo("nobody has approved COMMIT within PT5M");
    }

    @Test
    void shouldEndADryRunBeforeTheSwitch() {
        reach(GATE, plan().asDryRun());
        everythingReady();
        goOn();
        assertThat(record.last().step()).isEqualTo(REHEARSED);
        assertThat(record.live()).isEqualTo("blue");
    }

    @Test
    void shouldAbortOnRequestUntilItIsCommitted() {
        reach(WARM);
        record = SwitchCore.abort("s", record, "no", evidence());
        assertThat(record.last().step()).isEqualTo(ABORTED);
        reach(BAKE);
        record = SwitchCore.abort("s", record, "no", evidence());
        assertThat(record.last().step()).isEqualTo(ROLL_BACK);
        assertThat(record.live()).isEqualTo("blue");
        assertThatThrownBy(() -> SwitchCore.abort("s", record, "no", evidence()))
                .isInstanceOf(SwitchRefusedException.class);
        reach(COMMIT);
        assertThatThrownBy(() -> SwitchCore.abort("s", record, "no", evidence()))
                .isInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining("switch back to blue");
    }

    @Test
    void shouldRefuseWhatMakesNoSense() {
        assertThatThrownBy(() -> open(SwitchPlan.to("blue")))
                .isInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining("live already");
        assertThatThrownBy(() -> open(SwitchPlan.to("red")))
                .isInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining("[blue, green]");
        assertThatThrownBy(() -> SwitchCore.abort("s", record, "no", evidence()))
                .isInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining("blue is live");
        open(plan());
        assertThatThrownBy(() -> open(plan()))
                .isInstanceOf(SwitchRefusedException.class)
                .hasMessageContaining("in step PREPARE");
        assertThatThrownBy(() -> SwitchPlan.to("a b")).hasMessageContaining("'a b'");
        assertThatThrownBy(() -> plan().withBakeTime(Duration.ZERO)).hasMessageContaining("bake time PT0S");
        assertThatThrownBy(() -> plan().withTimeout(BAKE, Duration.ofSeconds(1)))
                .hasMessageContaining("PT1S");
        assertThatThrownBy(() -> plan().withApprovalBefore(Duration.ofMinutes(1), BAKE))
                .hasMessageContaining("BAKE");
    }

    @Test
    void shouldLetTheOldVersionConductFirst() {
        open(plan());
        assertThat(rank(B1)).isEqualTo(0);
        assertThat(rank(B2)).isEqualTo(1);
        assertThat(rank(G1)).isEqualTo(2);
        inSync.remove(B1);
        assertThat(rank(B2)).isEqualTo(0);
        assertThat(rank(B1)).as("who is not in sync comes last").isEqualTo(3);
    }

    @Test
    void shouldReadWhatItWrites() {
        Report report = new Report(
                G1,
                new UUID(1, 2),
                "green",
                "2.0",
                2,
                new UUID(3, 4),
                new TreeMap<>(Map.of(GROUP, 5L)),
                Task.failed("a=b: c\\d\nü"),
                Task.done(),
                Task.NONE,
                new TrafficSample(3, 1, latencies(10, 3), 1),
                null);
        assertThat(Report.decode(report.encode())).isEqualTo(report);
        assertThatThrownBy(() -> Report.decode("format=9".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .hasMessageContaining("format=9");
        open(plan().withApprovalBefore(Duration.ofMinutes(1), COMMIT));
        record = record.begunIn(Map.of("traceparent", "00-ab-cd-01"));
        record = SwitchCore.approve("s", record, COMMIT, evidence());
        assertThat(SwitchRecord.decode(record.encode())).isEqualTo(record);
        assertThat(record.last().context()).containsEntry("traceparent", "00-ab-cd-01");
    }

    private static long[] latencies(int bucket, long count) {
        long[] latencies = new long[TrafficSample.BUCKETS];
        latencies[bucket] = count;
        return latencies;
    }

    // ---- the world

    private static SwitchPlan plan() {
        return SwitchPlan.to("green");
    }

    private void open(SwitchPlan plan) {
        record = SwitchCore.open("s", record, plan, "test", evidence());
    }

    private void reach(SwitchStep step) {
        reach(step, plan());
    }

    /** Everything goes well up to this step; then nothing that the step asks for is done. */
    private void reach(SwitchStep step, SwitchPlan plan) {
        record = SwitchRecord.first(List.of(GROUP), "blue", B1, new UUID(0, 0));
        finding = new Finding(Verdict.PASS, "fine");
        leader = B1;
        inSync.addAll(List.of(B1, B2, G1, G2));
        inStep = 0;
        open(plan);
        if (step != PREPARE) {
            everythingReady();
            goOn();
            while (record.last().step() != step) {
                everythingReady();
                leader = record.live().equals("green") ? G1 : B1;
                inStep = record.last().step() == BAKE ? plan.bakeTime().toNanos() : 0;
                goOn();
            }
            leader = step == SWITCH || !record.live().equals("green") ? B1 : G1;
            for (NodeId node : List.of(G1, G2)) {
                Task done = step == WARM ? Task.NONE : Task.done();
                tasks(node, done, Task.NONE, Task.NONE);
            }
        }
    }

    private void everybodyKnows() {
        reports.keySet().forEach(node -> tasks(node, Task.NONE, Task.NONE, Task.NONE));
    }

    private void everythingReady() {
        reports.keySet().forEach(node -> tasks(node, Task.done(), Task.done(), Task.done()));
    }

    private void tasks(NodeId node, Task warm, Task gate, Task drain) {
        String colour = node.value().startsWith("b") ? "blue" : "green";
        reports.put(
                node,
                new Report(
                        node,
                        new UUID(1, node.hashCode()),
                        colour,
                        colour + "-1",
                        2,
                        record.last().id(),
                        new TreeMap<>(Map.of(GROUP, 100L)),
                        warm,
                        gate,
                        drain,
                        null,
                        null));
    }

    private Evidence evidence() {
        GroupView group = new GroupView(GROUP, leader, new TreeSet<>(inSync), minInSync, featureLevel, commitIndex);
        return new Evidence(
                B1, Instant.ofEpochMilli(1), inStep, List.of(group), reports, complete, () -> new UUID(5, ++ids));
    }

    private int rank(NodeId node) {
        Evidence evidence = evidence();
        return SwitchCore.rank(
                record.last(), new Evidence(node, evidence.at(), 0, evidence.groups(), reports, true, evidence.ids()));
    }

    private Decision decide() {
        return core.decide(record, evidence());
    }

    private String waits() {
        Decision decision = decide();
        assertThat(decision.record()).isNull();
        return decision.waitsFor();
    }

    private void goOn() {
        Decision decision = decide();
        assertThat(decision.record()).as("waits: " + decision.waitsFor()).isNotNull();
        record = decision.record();
        steps.add(record.last().step());
        inStep = 0;
    }
}
