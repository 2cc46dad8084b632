package dev.handover.guard;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Decides which endpoints of a group are left out: {@link OutlierEjection}. Endpoints are numbers here. One lock, held for some arithmetic at the end of each call. */
final class OutlierDetector {
    private static final double WEIGHT = 1.0 / 8;
    private static final double DIFFERENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final int MAX_DOUBLINGS = 30;

    /** Whether a call may go to an endpoint. */
    enum Admission {
        /** It may. */
        YES,
        /** It is the one call that finds out whether an ejected endpoint is well again. */
        PROBE,
        /** It is ejected. */
        NO
    }

    private static final class Member {
        private int consecutiveErrors;
        private int calls;
        private int errors;
        private long windowEnd;
        private double latencyNanos;
        private int latencySamples;
        private volatile boolean ejected;
        private volatile long until;
        private boolean probing;
        private int doublings;
        private long readmitted;
        private long ejections;

        private void forget() {
            consecutiveErrors = 0;
            calls = 0;
            errors = 0;
            latencyNanos = 0;
            latencySamples = 0;
        }
    }

    private final OutlierEjection rule;
    private final String group;
    private final List<String> names;
    private final Time time;
    private final boolean probedBeside;
    private final Consumer<EndpointChange> listener;
    private final Member[] members;
    private final int most;
    private int ejected;

    /** With {@code probedBeside} calls are no probes: somebody else begins them. The listener is called outside of the lock. */
    OutlierDetector(
            OutlierEjection rule,
            String group,
            List<String> names,
            Time time,
            boolean probedBeside,
            Consumer<EndpointChange> listener) {
        this.rule = rule;
        this.group = group;
        this.names = names;
        this.time = time;
        this.probedBeside = probedBeside;
        this.listener = listener;
        members = new Member[names.size()];
        Arrays.setAll(members, i -> new Member());
        most = Math.min((int) Math.floor(names.size() * rule.maxShare()), names.size() - 1);
    }

    /** Without any lock, and perhaps past by now: whether calls go there, or a probe would. */
    boolean looksOpen(int endpoint) {
        Member member = members[endpoint];
        return !member.ejected || (!probedBeside && time.nanos() - member.until >= 0);
    }

    boolean isEjected(int endpoint) {
        return members[endpoint].ejected;
    }

    /** For an ejected one: nanoseconds until it is probed. */
    long probedInNanos(int endpoint) {
        return Math.max(0, members[endpoint].until - time.nanos());
    }

    Admission admit(int endpoint) {
        if (!members[endpoint].ejected) {
            return Admission.YES;
        }
        return probedBeside ? Admission.NO : admitProbe(endpoint);
    }

    /** Asks for the one probe that there may be at a time. */
    synchronized Admission admitProbe(int endpoint) {
        Member member = members[endpoint];
        if (!member.ejected) {
            return Admission.YES;
        }
        if (member.probing || time.nanos() - member.until < 0) {
            return Admission.NO;
        }
        member.probing = true;
        return Admission.PROBE;
    }

    void succeeded(int endpoint, long nanos, boolean probe) {
        tell(afterSuccess(endpoint, nanos, probe));
    }

    void failed(int endpoint, boolean probe, String failure) {
        tell(afterFailure(endpoint, probe, failure));
    }

    /** It was not asked after all, or nobody waits for the answer; in which case it has taken this long at least (0: nothing is known). */
    void abandoned(int endpoint, long nanos, boolean probe) {
        tell(afterAbandoned(endpoint, nanos, probe));
    }

    private void tell(@Nullable EndpointChange change) {
        if (change != null) {
            listener.accept(change);
        }
    }

    private synchronized @Nullable EndpointChange afterSuccess(int endpoint, long nanos, boolean probe) {
        Member member = members[endpoint];
        if (member.ejected) {
            return probe ? readmit(endpoint, member) : null; // others began before the ejection
        }
        turnWindow(member);
        member.calls++;
        member.consecutiveErrors = 0;
        return afterLatency(endpoint, member, nanos);
    }

    private synchronized @Nullable EndpointChange afterFailure(int endpoint, boolean probe, String failure) {
        Member member = members[endpoint];
        if (member.ejected) {
            return probe ? ejectAgain(endpoint, member, "its probe failed: " + failure) : null;
        }
        turnWindow(member);
        member.calls++;
        member.errors++;
        member.consecutiveErrors++;
        if (member.consecutiveErrors >= rule.consecutiveErrors()) {
            return eject(endpoint, member, member.consecutiveErrors + " errors in a row, the last one: " + failure);
        }
        if (member.calls >= rule.minCalls() && member.errors >= rule.errorRate() * member.calls) {
            return eject(
                    endpoint,
                    member,
                    member.errors + " of " + member.calls + " calls have failed, the last one with: " + failure);
        }
        return null;
    }

    private synchronized @Nullable EndpointChange afterAbandoned(int endpoint, long nanos, boolean probe) {
        Member member = members[endpoint];
        if (member.ejected) {
            if (probe) {
                member.probing = false;
            }
            return null;
        }
        return nanos > 0 ? afterLatency(endpoint, member, nanos) : null;
    }

    private @Nullable EndpointChange afterLatency(int endpoint, Member member, long nanos) {
        member.latencySamples++;
        member.latencyNanos +=
                (nanos - member.latencyNanos) * Math.max(WEIGHT, 1.0 / Math.min(member.latencySamples, 1 / WEIGHT));
        if (member.latencySamples < rule.minCalls()) {
            return null;
        }
        double others = medianOfOthers(member);
        if (others > 0
                && member.latencyNanos > rule.slowerThanOthers() * others
                && member.latencyNanos - others >= DIFFERENCE_NANOS) {
            return eject(
                    endpoint,
                    member,
                    "calls take " + millis(member.latencyNanos) + " ms, and " + millis(others) + " ms elsewhere");
        }
        return null;
    }

    private static long millis(double nanos) {
        return Math.round(nanos / 1e6);
    }

    /** Of those that calls go to, and that are known well enough; 0 if there are none. */
    private double medianOfOthers(Member member) {
        List<Double> others = new ArrayList<>();
        for (Member other : members) {
            if (other != member && !other.ejected && other.latencySamples >= rule.minCalls()) {
                others.add(other.latencyNanos);
            }
        }
        others.sort(null);
        return others.isEmpty() ? 0 : others.get(others.size() / 2);
    }

    private void turnWindow(Member member) {
        long now = time.nanos();
        if (member.calls == 0 || now - member.windowEnd >= 0) {
            member.windowEnd = now + rule.window().toNanos();
            member.calls = 0;
            member.errors = 0;
        }
    }

    private @Nullable EndpointChange eject(int endpoint, Member member, String reason) {
        if (ejected >= most) {
            return null; // the others are worse, or there are no others
        }
        ejected++;
        member.ejected = true;
        if (member.ejections > 0
                && time.nanos() - member.readmitted > rule.maxTime().toNanos()) {
            member.doublings = 0;
        }
        return ejectAgain(endpoint, member, reason);
    }

    private EndpointChange ejectAgain(int endpoint, Member member, String reason) {
        long nanos = Math.min(
                rule.maxTime().toNanos(), rule.baseTime().toNanos() << Math.min(member.doublings, doublingsThatFit()));
        member.doublings++;
        member.ejections++;
        member.probing = false;
        member.until = time.nanos() + nanos;
        member.forget();
        return new EndpointChange(group, names.get(endpoint), true, Duration.ofNanos(nanos), reason);
    }

    private int doublingsThatFit() {
        return Math.min(MAX_DOUBLINGS, Long.numberOfLeadingZeros(rule.baseTime().toNanos()) - 1);
    }

    private EndpointChange readmit(int endpoint, Member member) {
        ejected--;
        member.ejected = false;
        member.probing = false;
        member.readmitted = time.nanos();
        member.forget();
        return new EndpointChange(group, names.get(endpoint), false, Duration.ZERO, "its probe succeeded");
    }

    synchronized long ejections(int endpoint) {
        return members[endpoint].ejections;
    }

    synchronized Duration latency(int endpoint) {
        return Duration.ofNanos((long) members[endpoint].latencyNanos);
    }

    synchronized int ejected() {
        return ejected;
    }

    /** How many may be left out at once. */
    int most() {
        return most;
    }
}
