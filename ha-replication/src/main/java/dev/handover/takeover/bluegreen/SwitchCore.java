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

import dev.handover.NodeId;
import dev.handover.SwitchRefusedException;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Finding;
import dev.handover.takeover.bluegreen.SwitchAnalysis.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * The switch as a state machine: from the record and what an instance knows follows the next record, or that it is not time. No thread, clock or store inside. Whoever proposes the outcome does so by
 * compare-and-set on the version that it decided from, so of all that decide one is believed, and what a dead one has begun is seen by all.
 */
final class SwitchCore {
    private final SwitchAnalysis analysis;

    SwitchCore(SwitchAnalysis analysis) {
        this.analysis = analysis;
    }

    /**
     * What comes next.
     *
     * @param record null if nothing is to be proposed
     * @param waitsFor in words; empty if nothing is waited for
     */
    record Decision(@org.jspecify.annotations.Nullable SwitchRecord record, String waitsFor) {
        static Decision waiting(String what) {
            return new Decision(null, what);
        }
    }

    /** What this instance would propose now. */
    Decision decide(SwitchRecord record, Evidence evidence) {
        Switching current = record.open();
        if (current == null) {
            return Decision.waiting("");
        }
        if (!evidence.complete()) {
            return Decision.waiting("this instance has not heard yet of all instances and groups");
        }
        return new Deciding(record, current, evidence).next();
    }

    /** Whether the steps end so that {@link SwitchStep#ROLL_BACK} is not needed: nothing was switched. */
    private static boolean switchedAlready(SwitchStep step) {
        return step == SWITCH || step == BAKE;
    }

    /** One decision. */
    private final class Deciding {
        private final SwitchRecord record;
        private final Switching current;
        private final Evidence evidence;

        Deciding(SwitchRecord record, Switching current, Evidence evidence) {
            this.record = record;
            this.current = current;
            this.evidence = evidence;
        }

        Decision next() {
            boolean uncommitted = EnumSet.of(WARM, GATE, SWITCH, BAKE).contains(current.step());
            List<String> lost = uncommitted ? Checks.lost(current, evidence) : List.of();
            if (!lost.isEmpty()) {
                return back(words(lost));
            }
            return switch (current.step()) {
                case PREPARE -> prepare();
                case WARM -> warm();
                case GATE -> gate();
                case SWITCH -> switched();
                case BAKE -> bake();
                case COMMIT -> commit();
                case DRAIN -> drain();
                case ROLL_BACK -> rolledBack();
                case COMMITTED, ROLLED_BACK, ABORTED, REHEARSED -> Decision.waiting("");
            };
        }

        private Decision prepare() {
            List<String> problems =
                    new ArrayList<>(Checks.ready(current.to(), current.plan().maxLag(), evidence));
            problems.addAll(Checks.unaware(current, evidence));
            if (!problems.isEmpty()) {
                return timedOut() ? back(words(problems)) : Decision.waiting(words(problems));
            }
            SortedMap<NodeId, UUID> participants = evidence.inSyncEverywhere(current.to());
            TreeSet<String> old = new TreeSet<>();
            evidence.reports().values().stream()
                    .filter(report -> report.colour().equals(current.from()))
                    .forEach(report -> old.add(report.version()));
            String version = Checks.versionOf(participants.firstKey(), evidence);
            Switching prepared = current.withParticipants(participants, String.join(",", old), version);
            return enter(prepared, WARM, participants.keySet() + " in version " + version + " are in sync");
        }

        private Decision warm() {
            List<String> failed = Checks.failed(current, evidence, Report::warm);
            if (!failed.isEmpty()) {
                return back("the warm-up failed: " + words(failed));
            }
            List<String> pending = Checks.pending(current, evidence, Report::warm);
            String waiting = "the warm-up of " + pending + " is not done";
            if (!pending.isEmpty()) {
                return timedOut() ? back(waiting + " within " + timeout()) : Decision.waiting(waiting);
            }
            return enter(current, GATE, "everybody is warm");
        }

        private Decision gate() {
            List<String> problems =
                    new ArrayList<>(Checks.ready(current.to(), current.plan().maxLag(), evidence));
            problems.addAll(Checks.failed(current, evidence, Report::gate));
            List<String> pending = Checks.pending(current, evidence, Report::gate);
            if (!pending.isEmpty()) {
                problems.add(pending + " are not ready");
            }
            if (!problems.isEmpty()) {
                return timedOut() ? back(words(problems)) : Decision.waiting(words(problems));
            }
            return current.plan().dryRun()
                    ? to(current, REHEARSED, "everybody is ready; a dry run ends here")
                    : enter(current, SWITCH, "everybody is ready");
        }

        private Decision switched() {
            List<String> missing = groups(current.to());
            if (missing.isEmpty()) {
                return to(current, BAKE, "every group is led by an instance that is " + current.to());
            }
            String waiting = "not led by an instance that is " + current.to() + ": " + missing;
            return timedOut() ? back(waiting + " within " + timeout()) : Decision.waiting(waiting);
        }

        private Decision bake() {
            Duration baked = Duration.ofNanos(evidence.inStepNanos());
            Finding finding;
            try {
                finding = analysis.judge(sum(true), sum(false), baked);
            } catch (RuntimeException e) {
                finding = new Finding(Verdict.UNDECIDED, "the analysis threw " + e);
            }
            if (finding.verdict() == Verdict.FAIL) {
                return back(finding.reason());
            }
            if (finding.verdict() == Verdict.PASS
                    && baked.compareTo(current.plan().bakeTime()) >= 0) {
                return enter(current, COMMIT, finding.reason());
            }
            if (timedOut()) {
                return back("undecided after " + timeout() + ": " + finding.reason());
            }
            return Decision.waiting("bakes: " + finding.reason());
        }

        private Decision commit() {
            List<String> problems = new ArrayList<>();
            evidence.groups().forEach(group -> problems.addAll(Checks.redundancy(current.to(), group, evidence)));
            if (problems.isEmpty()) {
                return enter(current, DRAIN, "the version that was live may go");
            }
            return timedOut()
                    ? to(current, COMMITTED, "without a drain: " + words(problems))
                    : Decision.waiting(words(problems));
        }

        private Decision drain() {
            List<String> pending = Checks.undrained(current, evidence);
            if (pending.isEmpty()) {
                List<String> failed = evidence.reports().values().stream()
                        .filter(report ->
                                report.takesPartIn(current) && report.drain().isFailed())
                        .map(report -> report.node() + ": " + report.drain().detail())
                        .toList();
                return to(current, COMMITTED, failed.isEmpty() ? "drained" : "the drain failed: " + words(failed));
            }
            String waiting = "the drain of " + pending + " is not done";
            return timedOut() ? to(current, COMMITTED, waiting + " within " + timeout()) : Decision.waiting(waiting);
        }

        private Decision rolledBack() {
            List<String> missing = groups(current.from());
            if (missing.isEmpty()) {
                return to(current, ROLLED_BACK, current.reason());
            }
            String waiting = "not led by an instance that is " + current.from() + ": " + missing;
            return timedOut()
                    ? to(current, ROLLED_BACK, current.reason() + "; " + waiting + " yet")
                    : Decision.waiting(waiting);
        }

        private List<String> groups(String colour) {
            return evidence.notLedBy(colour).stream()
                    .map(group -> group.group().value())
                    .toList();
        }

        private TrafficSample sum(boolean before) {
            TrafficSample sum = TrafficSample.none();
            for (Report report : evidence.reports().values()) {
                TrafficSample sample = before ? report.before() : report.since();
                if (sample != null
                        && report.takesPartIn(current)
                        && report.colour().equals(before ? current.from() : current.to())) {
                    sum = sum.plus(sample);
                }
            }
            return sum;
        }

        private Duration timeout() {
            return current.plan().timeout(current.step());
        }

        private boolean timedOut() {
            return evidence.inStepNanos() >= timeout().toNanos();
        }

        /** Begins the step if nobody has to approve it, or somebody has. */
        private Decision enter(Switching from, SwitchStep next, String why) {
            boolean held =
                    from.plan().holdBefore().contains(next) && !from.approved().contains(next);
            if (!held) {
                return to(from, next, why);
            }
            long longest = timeout().plus(current.plan().approvalTimeout()).toNanos();
            if (evidence.inStepNanos() < longest) {
                return Decision.waiting(next + " waits for an approval: " + why);
            }
            String refusal =
                    "nobody has approved " + next + " within " + current.plan().approvalTimeout();
            return next == DRAIN ? to(from, COMMITTED, "without a drain: " + refusal) : back(refusal);
        }

        private Decision back(String why) {
            return to(current, switchedAlready(current.step()) ? ROLL_BACK : ABORTED, why);
        }

        private Decision to(Switching from, SwitchStep next, String why) {
            return new Decision(
                    record.with(
                            from.at(next, why),
                            evidence.self(),
                            evidence.at(),
                            evidence.ids().get()),
                    "");
        }
    }

    private static String words(List<String> reasons) {
        return String.join("; ", reasons.subList(0, Math.min(5, reasons.size())))
                + (reasons.size() > 5 ? "; and " + (reasons.size() - 5) + " more" : "");
    }

    // ---- what people ask for

    /** The record with a switch begun. Throws {@link SwitchRefusedException}. */
    static SwitchRecord open(String service, SwitchRecord record, SwitchPlan plan, String by, Evidence evidence) {
        Switching current = record.open();
        if (current != null) {
            throw new SwitchRefusedException("[" + service + "] a switch from " + current.from() + " to " + current.to()
                    + " is open, in step " + current.step() + "; wait for its end, or abort it");
        }
        if (record.live().equals(plan.to())) {
            throw new SwitchRefusedException("[" + service + "] " + plan.to() + " is live already");
        }
        boolean known = evidence.reports().values().stream()
                .anyMatch(report -> report.colour().equals(plan.to()));
        if (evidence.complete() && !known) {
            TreeSet<String> colours = new TreeSet<>();
            evidence.reports().values().forEach(report -> colours.add(report.colour()));
            throw new SwitchRefusedException("[" + service + "] no instance in sync is " + plan.to() + ", there are "
                    + colours + "; start one and wait until it is in sync");
        }
        Switching begun = new Switching(
                evidence.ids().get(),
                plan,
                record.live(),
                "",
                "",
                PREPARE,
                Collections.emptySet(),
                new TreeMap<>(),
                (plan.dryRun() ? "dry run " : "") + "asked for by " + by,
                Collections.emptyMap());
        return record.with(begun, evidence.self(), evidence.at(), evidence.ids().get());
    }

    /** The record with the approval. Throws {@link SwitchRefusedException}. */
    static SwitchRecord approve(String service, SwitchRecord record, SwitchStep step, Evidence evidence) {
        Switching current = required(service, record);
        if (!current.plan().holdBefore().contains(step)) {
            throw new SwitchRefusedException("[" + service + "] the open switch waits for no approval of " + step
                    + ", only of " + current.plan().holdBefore());
        }
        return record.approved(step, evidence.self(), evidence.ids().get());
    }

    /** The record with the switch ended, or on its way back. Throws {@link SwitchRefusedException}. */
    static SwitchRecord abort(String service, SwitchRecord record, String why, Evidence evidence) {
        Switching current = required(service, record);
        if (!current.mayGoBack()) {
            throw new SwitchRefusedException("[" + service + "] the switch to " + current.to()
                    + " is committed; switch back to " + current.from() + " instead");
        }
        if (current.step() == ROLL_BACK) {
            throw new SwitchRefusedException("[" + service + "] the switch is on its way back already");
        }
        SwitchStep next = switchedAlready(current.step()) ? ROLL_BACK : ABORTED;
        return record.with(
                current.at(next, "aborted: " + why),
                evidence.self(),
                evidence.at(),
                evidence.ids().get());
    }

    private static Switching required(String service, SwitchRecord record) {
        Switching current = record.open();
        if (current == null) {
            throw new SwitchRefusedException("[" + service + "] no switch is open; " + record.live() + " is live");
        }
        return current;
    }

    /**
     * How many others this instance lets go first: who conducts is no office, but whoever is first. Instances of the old version go before those of the new one, which would judge itself.
     */
    static int rank(Switching current, Evidence evidence) {
        List<NodeId> order = new ArrayList<>();
        if (!evidence.groups().isEmpty()) {
            order.addAll(evidence.groups().get(0).inSync());
        }
        order.sort((one, other) -> {
            int byColour = Boolean.compare(evidence.isOf(other, current.from()), evidence.isOf(one, current.from()));
            return byColour != 0 ? byColour : one.compareTo(other);
        });
        int place = order.indexOf(evidence.self());
        return place < 0 ? order.size() : place;
    }
}
