package dev.handover.ops;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.Redundancy;
import dev.handover.Registration;
import dev.handover.Role;
import dev.handover.event.HaEvent;
import dev.handover.leadership.Leadership;
import dev.handover.leadership.LeadershipSource;
import dev.handover.leadership.Pausable;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import dev.handover.replication.TransferResult;
import dev.handover.takeover.bluegreen.BlueGreen;
import dev.handover.takeover.bluegreen.SwitchPlan;
import dev.handover.takeover.partition.Partitions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators may see of a node and do to it: one for a node, whoever serves it.
 *
 * <pre>{@code
 * OpsModel model = OpsModel.of(node);
 * model.election("billing", election);                 // leadership without a log
 * model.items(() -> guards.stream().map(...).toList()); // guards and endpoints
 * model.blueGreen(blueGreen);                           // with its switches
 * model.partitions(counters);                           // who leads how many
 * model.action(new OpsAction("flush", "cache", List.of(), "empties the cache"), target -> cache.flush());
 * model.report(OpsLevel.OK, "switch", "orders", "green is live", 12.5);
 * }</pre>
 *
 * <p>Any thread; nothing blocks. One daemon thread, {@code <node>-ops}, samples once a second and calls listeners. Nothing runs on the way of a command. Close it before, or after, the node.
 */
public final class OpsModel implements AutoCloseable {
    /** So many lines of the timeline are kept. */
    public static final int MAX_EVENTS = 200;

    private static final Logger LOG = LoggerFactory.getLogger(OpsModel.class);
    private static final long SAMPLE_MILLIS = 1000;
    private static final long COALESCE_MILLIS = 50;
    private static final int MAX_ITEMS = 500;

    private final HaNode node;
    private final OpsHealth health;
    private final Timeline timeline = new Timeline(MAX_EVENTS);
    private final Map<GroupId, History> histories = new TreeMap<>();
    private final Map<String, LeadershipSource> elections = new ConcurrentSkipListMap<>();
    private final List<Supplier<List<OpsItem>>> items = new CopyOnWriteArrayList<>();
    private final List<OpsHandler> actions = new CopyOnWriteArrayList<>();
    private final Map<String, OpsService> services = new ConcurrentSkipListMap<>();
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong version = new AtomicLong();
    private final ScheduledThreadPoolExecutor thread;
    private final Registration events;
    private boolean told;

    private OpsModel(HaNode node, Duration confirmTimeout, Duration reuse) {
        this.node = node;
        health = new OpsHealth(node, elections, confirmTimeout, reuse, System::nanoTime);
        thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread created = new Thread(task, node.id() + "-ops");
            created.setDaemon(true);
            return created;
        });
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        thread.setContinueExistingPeriodicTasksAfterShutdownPolicy(false);
        events = node.events().subscribe(this::accept);
        thread.scheduleWithFixedDelay(this::tick, 0, SAMPLE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** For this node and all groups that it has joined or will join, with the defaults of {@link #of(HaNode, Duration, Duration)}: 500 and 100 ms. */
    public static OpsModel of(HaNode node) {
        return of(node, Duration.ofMillis(500), Duration.ofMillis(100));
    }

    /**
     * For this node and all groups that it has joined or will join.
     *
     * @param confirmTimeout how long a health check waits for the others to confirm; from 10 ms to 1 min. Too small: a slow disk of a follower makes the leader unhealthy; too big: whoever
     *     checks has given up before
     * @param reuse for how long a confirmation answers further checks; zero to 10 s. Too small: many who check cost many rounds of messages; too big: an answer may be so much older
     * @throws IllegalArgumentException if one is outside its bounds
     */
    public static OpsModel of(HaNode node, Duration confirmTimeout, Duration reuse) {
        Objects.requireNonNull(node, "node");
        between("confirmTimeout", confirmTimeout, Duration.ofMillis(10), Duration.ofMinutes(1));
        between("reuse", reuse, Duration.ZERO, Duration.ofSeconds(10));
        return new OpsModel(node, confirmTimeout, reuse);
    }

    private static void between(String name, Duration value, Duration least, Duration most) {
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new IllegalArgumentException(name + " " + value + " is not between " + least + " and " + most);
        }
    }

    /** What load balancers ask. */
    public OpsHealth health() {
        return health;
    }

    /**
     * Shows a leadership without a log, and answers health checks for it under this name; a group of the same name comes first. One that is {@link Pausable} may be paused by operators. Closing the
     * registration ends that.
     */
    public Registration election(String name, LeadershipSource source) {
        elections.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(source, "source"));
        return () -> elections.remove(name, source);
    }

    /** Shows a blue-green service, and offers {@code switch}, {@code rehearse}, {@code abort} and {@code approve} where they are possible, each with the defaults of {@link SwitchPlan#to}. */
    public Registration blueGreen(BlueGreen service) {
        return blueGreen(service, SwitchPlan::to);
    }

    /** The same with plans of the application's own, each for the colour that an operator has chosen. */
    public Registration blueGreen(BlueGreen service, Function<String, SwitchPlan> plans) {
        OpsBlueGreen shown = new OpsBlueGreen(service, Objects.requireNonNull(plans, "plans"));
        services.put(service.service(), shown);
        Registration status = service.onStatus(now -> changed());
        return () -> {
            status.close();
            services.remove(service.service(), shown);
        };
    }

    /** Shows how partitions are spread, as this instance sees it, and offers {@code drain} or {@code resume} for it. */
    public Registration partitions(Partitions partitions) {
        OpsService shown = new OpsPartitions(partitions);
        services.put(partitions.name(), shown);
        return () -> services.remove(partitions.name(), shown);
    }

    /** Shows what the supplier gives, such as guards; asked for every snapshot, on the thread that wants one; must not block. The first {@value #MAX_ITEMS} are shown. */
    public Registration items(Supplier<List<OpsItem>> supplier) {
        items.add(Objects.requireNonNull(supplier, "supplier"));
        return () -> items.remove(supplier);
    }

    /** Offers an action; the function is called with the target that was chosen, null for none, and says in words what was done, or fails. */
    public Registration action(OpsAction action, Function<@Nullable String, CompletionStage<String>> run) {
        OpsHandler handler = new OpsHandler(action, run);
        actions.add(handler);
        return () -> actions.remove(handler);
    }

    /** Adds a line to the timeline, such as a switch of versions; {@code millis} is how long it took, or null. */
    public void report(OpsLevel level, String kind, String subject, String text, @Nullable Double millis) {
        timeline.add(Instant.now(), level, kind, subject, text, millis);
        changed();
    }

    /** Calls the listener after every change (changes within a moment together) and every sample, about once a second, on this model's thread. */
    public Registration listen(Runnable changed) {
        listeners.add(Objects.requireNonNull(changed, "changed"));
        return () -> listeners.remove(changed);
    }

    /** As it is now. */
    public OpsSnapshot snapshot() {
        List<OpsGroup> groups = new ArrayList<>();
        for (GroupId group : node.groups()) {
            node.status(group).ifPresent(status -> groups.add(shown(group, status)));
        }
        List<OpsItem> shown = new ArrayList<>();
        for (Supplier<List<OpsItem>> supplier : items) {
            try {
                supplier.get().stream().limit(MAX_ITEMS - (long) shown.size()).forEach(shown::add);
            } catch (RuntimeException e) {
                LOG.warn("{}: something that is shown on the operations page cannot be asked", node.id(), e);
            }
        }
        services.values().forEach(service -> shown.add(service.item()));
        List<OpsElection> known = new ArrayList<>();
        elections.forEach((name, source) -> known.add(shown(name, source)));
        return new OpsSnapshot(
                Instant.now(),
                node.id().value(),
                version.get(),
                groups,
                known,
                timeline.lines(),
                shown,
                handlers().stream().map(OpsHandler::action).toList());
    }

    /**
     * Does what an operator asks for. Whoever calls this has made sure who the operator is.
     *
     * @param name of an action that {@link #snapshot} offers
     * @param target what was chosen; null for none: a transfer then goes to the best
     * @param confirmation the subject once more, as the operator has typed it
     * @return what was done, in words; fails with what went wrong
     * @throws IllegalArgumentException if there is no such action now, the target is none of its own, or it was not confirmed; nothing was done
     */
    public CompletableFuture<String> perform(
            String name, String subject, @Nullable String target, String confirmation) {
        OpsHandler handler = handlers().stream()
                .filter(each -> each.action().name().equals(name)
                        && each.action().subject().equals(subject))
                .findFirst()
                .orElseThrow(
                        () -> new IllegalArgumentException("'" + name + "' of '" + subject + "' is not offered by node "
                                + node.id() + " now; a transfer is asked of the node that leads"));
        if (target != null && !handler.action().targets().contains(target)) {
            throw new IllegalArgumentException(
                    "target '" + target + "' is none of " + handler.action().targets());
        }
        if (!subject.equals(confirmation)) {
            throw new IllegalArgumentException(
                    "not confirmed: the confirmation is '" + confirmation + "', not '" + subject + "'");
        }
        LOG.info("{}/{} an operator asks for {} to {}", subject, node.id(), name, target);
        return handler.run().apply(target).toCompletableFuture();
    }

    /** Ends the thread; nothing is called any more. Closing twice is fine. */
    @Override
    public void close() {
        events.close();
        listeners.clear();
        thread.shutdownNow();
    }

    private List<OpsHandler> handlers() {
        List<OpsHandler> all = new ArrayList<>();
        for (GroupId group : node.groups()) {
            node.log(group).ifPresent(log -> {
                GroupStatus status = log.status();
                if (status.role() == Role.LEADER && status.redundancy() != null) {
                    List<String> targets = status.redundancy().inSync().stream()
                            .filter(other -> !other.equals(node.id()))
                            .map(NodeId::value)
                            .toList();
                    if (!targets.isEmpty()) {
                        all.add(new OpsHandler(
                                new OpsAction(
                                        "transfer",
                                        group.value(),
                                        targets,
                                        "gives the leadership to another node while everybody is served"),
                                target -> transfer(log, target)));
                    }
                }
            });
        }
        elections.forEach((name, source) -> {
            if (source instanceof Pausable pausable) {
                all.addAll(OpsPauses.of(name, pausable));
            }
        });
        services.values().forEach(service -> all.addAll(service.handlers()));
        if (!node.groups().isEmpty()) {
            all.addAll(OpsDrains.of(node));
        }
        all.addAll(actions);
        return all;
    }

    private static CompletableFuture<String> transfer(ReplicatedLog log, @Nullable String target) {
        CompletableFuture<TransferResult> asked = target == null ? log.handOver() : log.transferTo(NodeId.of(target));
        return asked.thenApply(result -> {
            if (!result.transferred()) {
                throw new IllegalStateException("not transferred: " + result.detail());
            }
            return String.format(
                    Locale.ROOT,
                    "%s leads epoch %d, the pause was %.1f ms",
                    result.to(),
                    result.epoch(),
                    result.pause().toNanos() / 1e6);
        });
    }

    private void accept(HaEvent event) {
        timeline.accept(event);
        changed();
    }

    /** Tells listeners soon, once for all that changes until then. */
    private void changed() {
        version.incrementAndGet();
        synchronized (this) {
            if (told || thread.isShutdown()) {
                return;
            }
            told = true;
        }
        try {
            thread.schedule(this::tell, COALESCE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            LOG.debug("{}: closed meanwhile", node.id(), e);
        }
    }

    private void tell() {
        synchronized (this) {
            told = false;
        }
        for (Runnable listener : listeners) {
            try {
                listener.run();
            } catch (RuntimeException e) {
                LOG.warn("{}: a listener of the operations page failed", node.id(), e);
            }
        }
    }

    private void tick() {
        long now = System.nanoTime();
        synchronized (histories) {
            histories.keySet().retainAll(node.groups());
            for (GroupId group : node.groups()) {
                node.status(group).ifPresent(status -> histories
                        .computeIfAbsent(group, id -> new History())
                        .sample(now, status.commitIndex(), lag(status)));
            }
        }
        version.incrementAndGet();
        tell();
    }

    private OpsGroup shown(GroupId group, GroupStatus status) {
        Redundancy redundancy = status.redundancy();
        List<OpsGroup.Follower> followers = status.followers().stream()
                .map(follower -> new OpsGroup.Follower(
                        follower.id().node().value(),
                        follower.inSync(),
                        follower.reachable(),
                        Math.max(0, status.lastIndex() - follower.durableIndex())))
                .toList();
        double rate;
        List<Double> rates;
        List<Double> lags;
        synchronized (histories) {
            History history = histories.getOrDefault(group, new History());
            rate = history.rate();
            rates = history.rates();
            lags = history.lags();
        }
        return new OpsGroup(
                group.value(),
                status.role(),
                status.epoch(),
                status.leader() == null ? null : status.leader().value(),
                redundancy == null ? List.of() : names(redundancy.inSync()),
                redundancy == null ? List.of() : names(redundancy.missing()),
                redundancy == null ? 0 : redundancy.minInSync(),
                redundancy == null ? null : redundancy.level(),
                status.lastIndex(),
                status.commitIndex(),
                status.appliedIndex(),
                lag(status),
                followers,
                rate,
                rates,
                lags,
                timeline.storeReachable(group),
                status.fault());
    }

    private static long lag(GroupStatus status) {
        long apply = Math.max(0, status.commitIndex() - status.appliedIndex());
        return status.followers().stream()
                .filter(follower -> follower.inSync())
                .mapToLong(follower -> Math.max(0, status.lastIndex() - follower.durableIndex()))
                .reduce(apply, Math::max);
    }

    private static List<String> names(List<NodeId> nodes) {
        return nodes.stream().map(NodeId::value).toList();
    }

    private static OpsElection shown(String name, LeadershipSource source) {
        Leadership known = source.current();
        String paused = source instanceof Pausable pausable ? pausable.paused().orElse("") : "";
        if (known instanceof Leadership.Leading leading) {
            return leading.isValid()
                    ? new OpsElection(name, "leading", null, leading.epoch(), "")
                    : new OpsElection(name, "unsure", null, leading.epoch(), "not confirmed lately");
        }
        if (known instanceof Leadership.Following following) {
            return new OpsElection(name, "following", following.leader(), following.epoch(), paused);
        }
        Leadership.Unsure unsure = (Leadership.Unsure) known;
        return new OpsElection(name, "unsure", null, 0, paused.isEmpty() ? unsure.reason() : paused);
    }
}
