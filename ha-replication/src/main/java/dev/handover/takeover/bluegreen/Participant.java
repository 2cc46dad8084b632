package dev.handover.takeover.bluegreen;

import dev.handover.GroupId;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.replication.ReplicatedLog;
import dev.handover.takeover.bluegreen.Report.Task;
import java.time.Duration;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** This instance's own part in a switch: it holds the feature level, runs its hooks, and reports. On the loop. */
final class Participant {
    private static final Logger LOG = LoggerFactory.getLogger(Participant.class);
    private static final Duration BASELINE = Duration.ofMinutes(1);
    private static final Duration REFRESH = Duration.ofMillis(250);
    private static final Duration GATE_CHECK = Duration.ofSeconds(5);

    private final Instance instance;
    private final HookThread hooks;
    private final ReportWriter writer;
    private Report report;
    private @Nullable Boolean holding;
    private @Nullable UUID switchId;
    private @Nullable SwitchStep step;
    private long stepSinceNanos;
    private long refreshedNanos;
    private boolean begun;

    Participant(Instance instance, HookThread hooks) {
        this.instance = instance;
        this.hooks = hooks;
        writer = new ReportWriter(instance);
        report = Report.of(
                instance.node().id(),
                instance.process(),
                instance.colour(),
                instance.version(),
                instance.node().featureLevel());
    }

    /** What must be so before anything is known: the level is held, and everybody can learn who this is. */
    void start() {
        hold(true);
        writer.write(report);
    }

    void tick(SwitchRecord record) {
        Switching current = record.open();
        hold(current != null && current.mayGoBack());
        hooks.tick();
        if (current == null) {
            if (step != null) {
                step = null;
                hooks.cancel("the switch has ended");
            }
            return;
        }
        if (!current.id().equals(switchId) || current.step() != step) {
            entered(current);
        }
        boolean isNew = instance.colour().equals(current.to());
        boolean isOld = instance.colour().equals(current.from());
        switch (current.step()) {
            case PREPARE -> refreshApplied();
            case WARM -> {
                if (isNew && !begun) {
                    warmUp(current);
                }
            }
            case GATE -> {
                refreshApplied();
                if (isNew) {
                    gate(current);
                }
            }
            case BAKE -> {
                if (isNew) {
                    sample(current);
                }
            }
            case DRAIN -> {
                if (isOld && !begun) {
                    drain(current);
                }
            }
            case SWITCH, COMMIT, ROLL_BACK, COMMITTED, ROLLED_BACK, ABORTED, REHEARSED -> {}
        }
        writer.write(report);
    }

    private void entered(Switching current) {
        if (!current.id().equals(switchId)) {
            hooks.cancel("another switch has begun");
            switchId = current.id();
            report = new Report(
                    report.node(),
                    report.process(),
                    report.colour(),
                    report.version(),
                    report.featureLevel(),
                    current.id(),
                    applied(),
                    Task.NONE,
                    Task.NONE,
                    Task.NONE,
                    null,
                    null);
        } else {
            hooks.cancel("the switch is in step " + current.step());
        }
        step = current.step();
        stepSinceNanos = instance.now();
        begun = false;
        if (report.before() == null && current.step().compareTo(SwitchStep.GATE) > 0) {
            int open = openBreakers();
            report = traffic(
                    instance.traffic().between(stepSinceNanos - BASELINE.toNanos(), stepSinceNanos, open), null);
        }
    }

    private void hold(boolean hold) {
        if (holding == null || holding != hold) {
            if (instance.forJoined(group -> instance.node().holdFeatureLevel(group, hold))) {
                holding = hold;
            }
        }
    }

    private SortedMap<GroupId, Long> applied() {
        SortedMap<GroupId, Long> applied = new TreeMap<>();
        for (ReplicatedLog log : instance.logs()) {
            applied.put(log.group(), log.status().appliedIndex());
        }
        return applied;
    }

    private void refreshApplied() {
        long now = instance.now();
        if (now - refreshedNanos >= REFRESH.toNanos()) {
            refreshedNanos = now;
            report = with(applied(), report.warm(), report.gate(), report.drain());
        }
    }

    private void warmUp(Switching current) {
        begun = true;
        Duration time = current.plan().timeout(SwitchStep.WARM);
        LOG.info("{} warms up for the switch to {}", instance.label(), current.to());
        hooks.run(
                "warm-up",
                time,
                () -> {
                    instance.hooks().warmUp(time);
                    return Task.done();
                },
                ended -> ended(current, with(report.applied(), ended, report.gate(), report.drain())));
    }

    private void gate(Switching current) {
        long now = instance.now();
        if (hooks.isBusy() || (begun && now - stepSinceNanos < REFRESH.toNanos())) {
            return;
        }
        begun = true;
        stepSinceNanos = now; // of the last check
        hooks.run(
                "check of readiness",
                GATE_CHECK,
                () -> {
                    int open = openBreakers();
                    Optional<String> notReady = instance.hooks().notReady();
                    return notReady.map(Task::failed)
                            .orElseGet(
                                    () -> open == 0 ? Task.done() : Task.failed(open + " circuit breakers are open"));
                },
                ended -> ended(current, with(report.applied(), report.warm(), ended, report.drain())));
    }

    private void drain(Switching current) {
        begun = true;
        Duration time = current.plan().timeout(SwitchStep.DRAIN);
        hooks.run(
                "drain",
                time,
                () -> {
                    instance.hooks().drain(time);
                    return Task.done();
                },
                ended -> ended(current, with(report.applied(), report.warm(), report.gate(), ended)));
    }

    private void ended(Switching of, Report next) {
        if (of.id().equals(switchId)) {
            report = next;
            writer.write(report);
        }
    }

    private void sample(Switching current) {
        long now = instance.now();
        long every = Math.min(500_000_000L, current.plan().bakeTime().toNanos() / 5);
        if (report.since() == null || now - refreshedNanos >= every) {
            refreshedNanos = now;
            int open = openBreakers();
            report = traffic(report.before(), instance.traffic().between(stepSinceNanos, now, open));
        }
    }

    private int openBreakers() {
        try {
            return instance.hooks().openBreakers();
        } catch (RuntimeException e) {
            LOG.warn("{} the application does not tell its open breakers, none are counted", instance.label(), e);
            return 0;
        }
    }

    private Report with(SortedMap<GroupId, Long> applied, Task warm, Task gate, Task drain) {
        return new Report(
                report.node(),
                report.process(),
                report.colour(),
                report.version(),
                report.featureLevel(),
                report.switchId(),
                applied,
                warm,
                gate,
                drain,
                report.before(),
                report.since());
    }

    private Report traffic(@Nullable TrafficSample before, @Nullable TrafficSample since) {
        return new Report(
                report.node(),
                report.process(),
                report.colour(),
                report.version(),
                report.featureLevel(),
                report.switchId(),
                report.applied(),
                report.warm(),
                report.gate(),
                report.drain(),
                before,
                since);
    }
}
