package dev.handover.takeover.bluegreen;

import dev.handover.event.HaEvent.SwitchStep;
import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a switch shall do. It is kept in the record of the service, so that any instance can go on with it. Immutable; the methods give changed copies.
 *
 * @param to colour that shall be live
 * @param timeouts how long each step may take, see {@link #withTimeout}
 * @param bakeTime how long the new version is compared with the old one; it is committed not before. Too short: few requests to judge by; too long: the old version is kept waiting
 * @param approvalTimeout how long an approval is waited for; without it the switch ends as after a failure
 * @param holdBefore steps that are begun only when somebody has approved them, see {@link #withApprovalBefore}
 * @param dryRun ends before {@link SwitchStep#SWITCH}, as {@link SwitchStep#REHEARSED}
 * @param maxLag how many committed entries an instance of the new version may not have applied yet when {@link SwitchStep#PREPARE} ends, in each group
 */
public record SwitchPlan(
        String to,
        Map<SwitchStep, Duration> timeouts,
        Duration bakeTime,
        Duration approvalTimeout,
        Set<SwitchStep> holdBefore,
        boolean dryRun,
        long maxLag) {
    private static final Duration SHORTEST = Duration.ofMillis(10);
    private static final Duration LONGEST = Duration.ofDays(7);

    /** Checks everything, and gives steps without a time-out their default. */
    public SwitchPlan {
        Colours.check(to);
        Map<SwitchStep, Duration> all = new EnumMap<>(DEFAULTS);
        all.putAll(timeouts);
        for (Map.Entry<SwitchStep, Duration> timeout : all.entrySet()) {
            if (timeout.getKey().isLast()) {
                throw new IllegalArgumentException(timeout.getKey() + " is no step that takes time");
            }
            check("time-out of " + timeout.getKey(), timeout.getValue());
        }
        check("bake time", bakeTime);
        check("approval time-out", approvalTimeout);
        if (all.getOrDefault(SwitchStep.BAKE, bakeTime).compareTo(bakeTime) < 0) {
            throw new IllegalArgumentException("time-out of BAKE " + all.get(SwitchStep.BAKE)
                    + " is below the bake time " + bakeTime + "; raise it, or the switch could never be committed");
        }
        Set<SwitchStep> held = EnumSet.noneOf(SwitchStep.class);
        held.addAll(holdBefore);
        for (SwitchStep step : held) {
            if (!HOLDABLE.contains(step)) {
                throw new IllegalArgumentException(
                        "an approval before " + step + " is not possible, only before " + HOLDABLE);
            }
        }
        if (maxLag < 0) {
            throw new IllegalArgumentException("maxLag " + maxLag + " is below 0");
        }
        timeouts = Collections.unmodifiableMap(all);
        holdBefore = Collections.unmodifiableSet(held);
    }

    private static final Map<SwitchStep, Duration> DEFAULTS = defaults();
    private static final Set<SwitchStep> HOLDABLE =
            EnumSet.of(SwitchStep.WARM, SwitchStep.GATE, SwitchStep.SWITCH, SwitchStep.COMMIT, SwitchStep.DRAIN);

    private static Map<SwitchStep, Duration> defaults() {
        Map<SwitchStep, Duration> defaults = new EnumMap<>(SwitchStep.class);
        defaults.put(SwitchStep.PREPARE, Duration.ofSeconds(30));
        defaults.put(SwitchStep.WARM, Duration.ofMinutes(1));
        defaults.put(SwitchStep.GATE, Duration.ofSeconds(30));
        defaults.put(SwitchStep.SWITCH, Duration.ofSeconds(10));
        defaults.put(SwitchStep.COMMIT, Duration.ofSeconds(30));
        defaults.put(SwitchStep.DRAIN, Duration.ofSeconds(30));
        defaults.put(SwitchStep.ROLL_BACK, Duration.ofSeconds(10));
        return defaults;
    }

    /** With defaults: 30 s to prepare, 1 min to warm up, 30 s for the gate, 10 s to switch, 1 min to bake (at most 3 min), 30 s to drain, no approvals (1 h where asked for), a lag of 1,000 entries. */
    public static SwitchPlan to(String colour) {
        return new SwitchPlan(colour, Map.of(), Duration.ofMinutes(1), Duration.ofHours(1), Set.of(), false, 1000);
    }

    /**
     * How long a step may take, from when an instance sees it begin by its own monotonic clock. After it a switch ends or goes back; a drain is given up, and the switch stays committed. The one of
     * {@link SwitchStep#BAKE}, three times the bake time by default, is how long the analysis may be undecided.
     */
    public SwitchPlan withTimeout(SwitchStep step, Duration timeout) {
        Map<SwitchStep, Duration> changed = new EnumMap<>(timeouts);
        changed.put(step, timeout);
        return new SwitchPlan(to, changed, bakeTime, approvalTimeout, holdBefore, dryRun, maxLag);
    }

    /** Another bake time. */
    public SwitchPlan withBakeTime(Duration time) {
        return new SwitchPlan(to, timeouts, time, approvalTimeout, holdBefore, dryRun, maxLag);
    }

    /** With approvals by people before these steps ({@link BlueGreen#approve}), each waited for so long. */
    public SwitchPlan withApprovalBefore(Duration timeout, SwitchStep... steps) {
        return new SwitchPlan(to, timeouts, bakeTime, timeout, Set.of(steps), dryRun, maxLag);
    }

    /** Another bound on what is not applied yet. */
    public SwitchPlan withMaxLag(long entries) {
        return new SwitchPlan(to, timeouts, bakeTime, approvalTimeout, holdBefore, dryRun, entries);
    }

    /** Everything up to the gate, and then an end without a switch. */
    public SwitchPlan asDryRun() {
        return new SwitchPlan(to, timeouts, bakeTime, approvalTimeout, holdBefore, true, maxLag);
    }

    /** How long the step may take. */
    Duration timeout(SwitchStep step) {
        Duration timeout = timeouts.get(step);
        return timeout != null ? timeout : bakeTime.multipliedBy(3);
    }

    /** No switch takes longer, if somebody lives to conduct it. */
    Duration longest() {
        Duration sum = approvalTimeout.multipliedBy(holdBefore.size());
        for (SwitchStep step : SwitchStep.values()) {
            if (!step.isLast()) {
                sum = sum.plus(timeout(step));
            }
        }
        return sum.multipliedBy(2); // each step may change hands once
    }

    void encode(Fields into) {
        into.put("plan.to", to)
                .put("plan.bakeMillis", bakeTime.toMillis())
                .put("plan.approvalMillis", approvalTimeout.toMillis())
                .putAll("plan.holdBefore", holdBefore)
                .put("plan.dryRun", dryRun)
                .put("plan.maxLag", maxLag);
        new TreeMap<>(timeouts).forEach((step, timeout) -> into.put("plan.millis." + step, timeout.toMillis()));
    }

    static SwitchPlan decode(Fields from) {
        Map<SwitchStep, Duration> timeouts = new EnumMap<>(SwitchStep.class);
        String prefix = "plan.millis.";
        for (String step : from.keys(prefix)) {
            timeouts.put(SwitchStep.valueOf(step), Duration.ofMillis(from.number(prefix + step)));
        }
        Set<SwitchStep> held = EnumSet.noneOf(SwitchStep.class);
        from.parts("plan.holdBefore").forEach(step -> held.add(SwitchStep.valueOf(step)));
        return new SwitchPlan(
                from.text("plan.to"),
                timeouts,
                Duration.ofMillis(from.number("plan.bakeMillis")),
                Duration.ofMillis(from.number("plan.approvalMillis")),
                held,
                Boolean.parseBoolean(from.text("plan.dryRun")),
                from.number("plan.maxLag"));
    }

    private static void check(String what, Duration value) {
        if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(
                    what + " " + value + " is out of range; use " + SHORTEST + " to " + LONGEST);
        }
    }
}
