package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.Report.Task;
import dev.handover.takeover.bluegreen.SwitchCore.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A switch that is committed and one that is taken back, of two instances in memory, which exist for what they leave behind: the first switch of a process happens under load, and by then what decides
 * about it should be loaded and linked. Nothing leaves it, and nothing of it is kept. One thread.
 */
final class SwitchRehearsal {
    private static final Logger LOG = LoggerFactory.getLogger(SwitchRehearsal.class);
    private static final AtomicBoolean PLAYED = new AtomicBoolean();
    private static final GroupId GROUP = GroupId.of("rehearsal");
    private static final NodeId BLUE = NodeId.of("rehearsal-blue");
    private static final NodeId GREEN = NodeId.of("rehearsal-green");
    private static final SwitchPlan PLAN = SwitchPlan.to("green").withBakeTime(Duration.ofSeconds(1));
    private static final int MOST_STEPS = 20;
    private static final int REQUESTS = 100;

    private final SwitchCore core = new SwitchCore(ThresholdAnalysis.defaults());
    private final List<SwitchStep> steps = new ArrayList<>();
    private SwitchRecord record = SwitchRecord.first(List.of(GROUP), "blue", BLUE, new UUID(0, 0));
    private NodeId leader = BLUE;
    private long ids;

    private SwitchRehearsal() {}

    /** Plays once in this process. A defect in it costs the first switch some milliseconds, and nothing else. */
    static void playOnce() {
        if (PLAYED.compareAndSet(false, true)) {
            try {
                play(false);
                play(true);
            } catch (RuntimeException e) {
                LOG.error("the rehearsal of a switch failed; the first real one will be slower", e);
            }
        }
    }

    /**
     * The steps of a switch.
     *
     * @param back whether it is taken back while it bakes
     * @throws IllegalStateException if it does not come to its end, which would be a defect
     */
    static List<SwitchStep> play(boolean back) {
        return new SwitchRehearsal().toTheEnd(back);
    }

    private List<SwitchStep> toTheEnd(boolean back) {
        record = SwitchCore.open("rehearsal", record, PLAN, "nobody", evidence(Task.NONE));
        for (Switching open = record.open(); open != null; open = record.open()) {
            steps.add(open.step());
            if (steps.size() > MOST_STEPS) {
                throw new IllegalStateException("the rehearsal of a switch does not end: " + steps);
            }
            if (back && open.step() == SwitchStep.BAKE) {
                store(SwitchCore.abort("rehearsal", record, "rehearsed", evidence(Task.done())));
            } else {
                goOn();
            }
        }
        Switching last = record.last();
        steps.add(last == null ? SwitchStep.ABORTED : last.step());
        return steps;
    }

    /** As an instance does: it finds something missing first, and then nothing. */
    private void goOn() {
        Decision early = core.decide(record, evidence(Task.NONE));
        if (early.record() != null) {
            store(early.record());
            return;
        }
        leader = record.live().equals("blue") ? BLUE : GREEN;
        Decision decision = core.decide(record, evidence(Task.done()));
        SwitchRecord next = decision.record();
        if (next == null) {
            throw new IllegalStateException("the rehearsal of a switch waits in " + steps + ": " + decision.waitsFor());
        }
        store(next);
    }

    private void store(SwitchRecord next) {
        record = SwitchRecord.decode(next.encode());
    }

    private Evidence evidence(Task task) {
        SortedMap<NodeId, Report> reports = new TreeMap<>();
        for (NodeId node : List.of(BLUE, GREEN)) {
            Report report = report(node, node.equals(BLUE) ? "blue" : "green", task);
            reports.put(node, Report.decode(report.encode()));
        }
        Evidence.GroupView group =
                new Evidence.GroupView(GROUP, leader, new TreeSet<>(List.of(BLUE, GREEN)), 1, 1, REQUESTS);
        long inStep = task.isDone() ? PLAN.bakeTime().toNanos() : 0;
        return new Evidence(BLUE, Instant.EPOCH, inStep, List.of(group), reports, true, () -> new UUID(1, ++ids));
    }

    private Report report(NodeId node, String colour, Task task) {
        Switching open = record.open();
        long[] latencies = new long[TrafficSample.BUCKETS];
        latencies[TrafficSample.bucket(1_000_000)] = REQUESTS;
        TrafficSample traffic = new TrafficSample(REQUESTS, 0, latencies, 0);
        return new Report(
                node,
                new UUID(2, node.hashCode()),
                colour,
                "1",
                1,
                open == null ? null : open.id(),
                new TreeMap<>(Map.of(GROUP, (long) REQUESTS)),
                task,
                task,
                task,
                traffic,
                traffic);
    }
}
