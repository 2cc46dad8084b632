package dev.handover.ops;

import static java.util.concurrent.CompletableFuture.completedFuture;

import dev.handover.GroupId;
import dev.handover.HandoverException;
import dev.handover.Role;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import dev.handover.replication.Consistency;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Health that is checked when it is asked for. A yes about a group rests on a linearizable read: every other in-sync replica has confirmed this one's role, in its exact epoch, after the check
 * began (R16; with leases on, a lease that is looked at afterwards). So a process that was paused and deposed does not say yes with what it remembers.
 *
 * <p><b>Bound.</b> A yes was confirmed at most {@code confirmTimeout + reuse} of {@link OpsModel#of} before it is given (600 ms with the defaults), by the monotonic clock, which is read again
 * after the confirmation; one that took longer is a no. Usually it is a few milliseconds old. What the network does with it afterwards nobody here can see: who must not act for a deposed
 * leader carries the epoch. For a leadership without a log the bound is that of {@link Leadership.Leading#isValid}.
 *
 * <p>Any thread, nothing blocks. Every future completes within the time-out, and never exceptionally. Checks of the same thing at the same time share one confirmation.
 */
public final class OpsHealth {
    private static final Duration MAX_LAG = Duration.ofDays(30);

    /**
     * An answer.
     *
     * @param ok yes or no
     * @param detail why, in words for people
     */
    public record Answer(boolean ok, String detail) {}

    /** Others have been asked; whoever checks the same soon after shares what they say. */
    private record Confirmation(long beganNanos, CompletableFuture<?> done) {}

    private final HaNode node;
    private final Map<String, LeadershipSource> elections;
    private final Duration confirmTimeout;
    private final long timeoutNanos;
    private final long reuseNanos;
    private final LongSupplier clock;
    private final Map<String, Confirmation> shared = new ConcurrentHashMap<>();

    OpsHealth(
            HaNode node,
            Map<String, LeadershipSource> elections,
            Duration confirmTimeout,
            Duration reuse,
            LongSupplier clock) {
        this.node = node;
        this.elections = elections;
        this.confirmTimeout = confirmTimeout;
        timeoutNanos = confirmTimeout.toNanos();
        reuseNanos = reuse.toNanos();
        this.clock = clock;
    }

    /** Whether this node leads that group, or election, and serves. Null: the only one that there is. */
    public CompletableFuture<Answer> leader(@Nullable String name) {
        Set<String> names = names();
        names.addAll(elections.keySet());
        String wanted = name == null ? onlyOne(names) : name;
        ReplicatedLog log = wanted == null ? null : log(wanted);
        if (log != null) {
            return check(
                    "leader " + wanted,
                    () -> log.status().role() == Role.LEADER ? null : situation(log),
                    () -> log.awaitLeader(confirmTimeout),
                    () -> situation(log));
        }
        LeadershipSource election = wanted == null ? null : elections.get(wanted);
        return election == null ? unknown(wanted, names) : completedFuture(answer(election.current()));
    }

    /**
     * Whether this node's copy of that group is in sync: as follower or leader. Null: the only group that there is.
     *
     * @param maxLag at most so many entries may be committed and not applied here; negative for any number
     */
    public CompletableFuture<Answer> inSync(@Nullable String name, long maxLag) {
        ReplicatedLog log = group(name);
        if (log == null) {
            return unknown(name, names());
        }
        return check(
                "in-sync " + log.group(),
                () -> {
                    GroupStatus status = log.status();
                    long lag = Math.max(0, status.commitIndex() - status.appliedIndex());
                    return maxLag >= 0 && lag > maxLag
                            ? lag + " entries behind, more than " + maxLag + "; " + situation(log)
                            : notInSync(log);
                },
                () -> log.awaitInSync(confirmTimeout),
                () -> situation(log));
    }

    /**
     * Whether this node's copy of that group is in sync, and provably misses nothing that anybody was answered longer than that ago. Null: the only group that there is.
     *
     * @param maxLag above zero, at most 30 days
     * @throws IllegalArgumentException if it is not
     */
    public CompletableFuture<Answer> inSync(@Nullable String name, Duration maxLag) {
        if (maxLag.isNegative() || maxLag.isZero() || maxLag.compareTo(MAX_LAG) > 0) {
            throw new IllegalArgumentException("lag " + maxLag + " is not above zero and at most " + MAX_LAG);
        }
        ReplicatedLog log = group(name);
        return log == null
                ? unknown(name, names())
                : check(
                        "in-sync " + log.group() + " " + maxLag,
                        () -> notInSync(log),
                        () -> log.read(maxLag, () -> true),
                        () -> situation(log));
    }

    /**
     * Whether the threads of the node turn. A replica that has faulted, or leads nothing, is no reason for a no: to start the process again might not help the one, and need not change the
     * other.
     */
    public CompletableFuture<Answer> live() {
        return check("live", () -> null, node::alive, () -> "node " + node.id());
    }

    /**
     * Whether this node takes commands and reads for that group, on its own or through the leader: it is in sync or follows as a learner, and that was confirmed just now. Null: for all groups
     * that it has joined, of which there must be one at least, or an election.
     */
    public CompletableFuture<Answer> ready(@Nullable String name) {
        if (name != null) {
            ReplicatedLog log = log(name);
            return log == null ? unknown(name, names()) : ready(log);
        }
        List<CompletableFuture<Answer>> all = new ArrayList<>();
        for (GroupId group : node.groups()) {
            node.log(group).ifPresent(log -> all.add(ready(log)));
        }
        if (all.isEmpty()) {
            return completedFuture(
                    elections.isEmpty()
                            ? new Answer(false, "node " + node.id() + " has joined no group")
                            : new Answer(true, "elections: " + elections.keySet()));
        }
        return all.stream()
                .reduce((one, other) -> one.thenCombine(other, OpsHealth::both))
                .orElseThrow();
    }

    private CompletableFuture<Answer> ready(ReplicatedLog log) {
        return check(
                "ready " + log.group(),
                () -> {
                    Role role = log.status().role();
                    boolean follows = role == Role.FOLLOWER || role == Role.LEADER || role == Role.LEARNER;
                    return follows ? null : situation(log);
                },
                () -> notInSync(log) == null
                        ? log.awaitInSync(confirmTimeout)
                        : log.read(Consistency.LINEARIZABLE, () -> true),
                () -> situation(log));
    }

    private static Answer both(Answer one, Answer other) {
        if (one.ok() != other.ok()) {
            return one.ok() ? other : one;
        }
        return new Answer(one.ok(), one.detail() + "; " + other.detail());
    }

    /**
     * Yes if nothing speaks against it before and after the others have confirmed it, and that was just now.
     *
     * @param fault what this node itself knows to speak against it; null if nothing does
     */
    private CompletableFuture<Answer> check(
            String key,
            Supplier<@Nullable String> fault,
            Supplier<CompletableFuture<?>> confirmation,
            Supplier<String> yes) {
        String refusal = fault.get();
        if (refusal != null) {
            return completedFuture(new Answer(false, refusal));
        }
        Confirmation confirmed = confirmation(key, confirmation);
        return confirmed.done.handle((result, failure) -> {
            String now = fault.get();
            if (failure != null || now != null) {
                return new Answer(false, now != null ? now : yes.get() + ": not confirmed: " + reason(failure));
            }
            long age = clock.getAsLong() - confirmed.beganNanos;
            return age > timeoutNanos + reuseNanos
                    ? new Answer(
                            false,
                            yes.get() + ": confirmed " + TimeUnit.NANOSECONDS.toMillis(age)
                                    + " ms ago, which is too long: this process was paused")
                    : new Answer(true, yes.get());
        });
    }

    private Confirmation confirmation(String key, Supplier<CompletableFuture<?>> begin) {
        return shared.compute(key, (same, last) -> {
            long now = clock.getAsLong();
            return last != null && now - last.beganNanos <= reuseNanos
                    ? last
                    : new Confirmation(now, begin.get().orTimeout(timeoutNanos, TimeUnit.NANOSECONDS));
        });
    }

    private static Answer answer(Leadership known) {
        if (known instanceof Leadership.Leading leading) {
            return leading.isValid()
                    ? new Answer(true, "leads epoch " + leading.epoch())
                    : new Answer(false, "led epoch " + leading.epoch() + "; not confirmed lately");
        }
        if (known instanceof Leadership.Following following) {
            return new Answer(false, "follows " + following.leader() + " in epoch " + following.epoch());
        }
        return new Answer(false, "unsure: " + ((Leadership.Unsure) known).reason());
    }

    private @Nullable ReplicatedLog group(@Nullable String name) {
        String wanted = name == null ? onlyOne(names()) : name;
        return wanted == null ? null : log(wanted);
    }

    private @Nullable ReplicatedLog log(String name) {
        for (GroupId group : node.groups()) {
            if (group.value().equals(name)) {
                return node.log(group).orElse(null);
            }
        }
        return null;
    }

    private SortedSet<String> names() {
        SortedSet<String> names = new TreeSet<>();
        node.groups().forEach(group -> names.add(group.value()));
        return names;
    }

    private static @Nullable String onlyOne(Set<String> names) {
        return names.size() == 1 ? names.iterator().next() : null;
    }

    private CompletableFuture<Answer> unknown(@Nullable String name, Set<String> names) {
        return completedFuture(new Answer(
                false,
                name == null
                        ? "node " + node.id() + " has " + names + ": say which with ?group="
                        : "node " + node.id() + " has no '" + name + "', only " + names));
    }

    private static @Nullable String notInSync(ReplicatedLog log) {
        GroupStatus status = log.status();
        boolean member =
                status.configuration() != null && status.configuration().isInSync(status.self());
        boolean follows = status.role() == Role.FOLLOWER || status.role() == Role.LEADER;
        return member && follows ? null : situation(log);
    }

    private static String situation(ReplicatedLog log) {
        GroupStatus status = log.status();
        String line = log.group() + "/" + status.self().node() + " "
                + status.role().name().toLowerCase(Locale.ROOT) + " epoch=" + status.epoch() + " leader="
                + status.leader();
        return status.fault() == null ? line : line + " fault=" + status.fault();
    }

    private static String reason(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof TimeoutException) {
            return "no answer in time";
        }
        return cause instanceof HandoverException ? String.valueOf(cause.getMessage()) : String.valueOf(cause);
    }
}
