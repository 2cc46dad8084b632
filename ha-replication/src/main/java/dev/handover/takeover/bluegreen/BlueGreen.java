package dev.handover.takeover.bluegreen;

import dev.handover.OutcomeUnknownException;
import dev.handover.Registration;
import dev.handover.ReplicaClosedException;
import dev.handover.event.HaEvent.SwitchStep;
import dev.handover.replication.HaNode;
import dev.handover.replication.ReplicatedLog;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One instance's part in the blue-green switches of a service. Every instance of the service runs one, with its colour, its version, and its replicas of all groups of the service:
 *
 * <pre>{@code
 * BlueGreen orders = BlueGreen.builder(node, "orders")
 *         .colour("green").version("2.0")
 *         .groups(log)
 *         .hooks(new WarmCaches())
 *         .traffic(traffic)      // traffic.record(nanos, failed) after each request
 *         .start();
 * orders.switchTo(SwitchPlan.to("green")).thenAccept(result -> …);
 * }</pre>
 *
 * <p>Which colour is live stands in one record of the configuration store and is changed by compare-and-set only, so a switch happens at one moment, whatever dies. The leadership of each group follows
 * it by transfers that fail no request (R18), and comes back to it after any take-over. Each step of a switch is such a change: whoever makes it conducts it, and any other instance goes on when that one
 * dies. {@code docs/blue-green.md} has the steps; they are {@link dev.handover.event.HaEvent.ColourSwitch} on {@link HaNode#events}.
 *
 * <p>All methods may be called from any thread and none blocks (but {@link #close}). Futures complete on the instance's own thread, which must not be blocked.
 */
public final class BlueGreen implements AutoCloseable {
    private static final Duration CLOSE = Duration.ofSeconds(2);

    private final Instance instance;
    private final HookThread hooks;
    private final ReportBoard board;
    private final Conductor conductor;
    private final Participant participant;
    private final Alignment alignment;
    private final Map<UUID, CompletableFuture<SwitchResult>> awaited = new HashMap<>();
    private final Set<CompletableFuture<?>> pending = new HashSet<>();
    private final List<Consumer<SwitchStatus>> listeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile SwitchStatus status;
    private volatile SortedSet<String> colours = new TreeSet<>();
    private @Nullable Registration watch;
    private boolean ticking;
    private boolean again;

    private BlueGreen(Instance instance, SwitchAnalysis analysis, @Nullable String initiallyLive) {
        this.instance = instance;
        hooks = new HookThread(instance);
        board = new ReportBoard(instance, this::tick);
        conductor = new Conductor(instance, analysis, board, initiallyLive, this::tick);
        participant = new Participant(instance, hooks);
        alignment = new Alignment(instance, this::tick);
        status = statusOf(null);
    }

    /** Begins to configure this node's part in the switches of that service. */
    public static Builder builder(HaNode node, String service) {
        return new Builder(node, service);
    }

    private void start(Duration tick) {
        instance.loop().execute(() -> {
            participant.start();
            watch = instance.records().watch(SwitchRecord.name(instance.service()), stored -> instance.loop()
                    .execute(() -> conductor.seen(stored)));
        });
        instance.loop().every(tick, this::tick);
        instance.loop().execute(SwitchRehearsal::playOnce);
    }

    /** Everything that may be to do. What is found while doing it is done afterwards. */
    private void tick() {
        if (ticking) {
            again = true;
            return;
        }
        ticking = true;
        try {
            do {
                again = false;
                Evidence evidence = conductor.evidence();
                colours = evidence.reports().values().stream()
                        .map(Report::colour)
                        .collect(Collectors.toCollection(TreeSet::new));
                conductor.tick(evidence);
                SwitchRecord record = conductor.record();
                if (record != null) {
                    participant.tick(record);
                    alignment.tick(record, evidence.reports(), conductor.caller());
                    tellEnds(record);
                }
                tellStatus(statusOf(record));
            } while (again);
        } finally {
            ticking = false;
        }
    }

    private SwitchStatus statusOf(@Nullable SwitchRecord record) {
        Switching last = record == null ? null : record.last();
        String waitsFor = conductor.waitsFor();
        return new SwitchStatus(
                instance.colour(),
                instance.version(),
                record == null ? null : record.live(),
                record == null ? 0 : record.generation(),
                last == null ? null : last.step(),
                last == null ? null : last.from(),
                last == null ? null : last.to(),
                last == null ? "" : waitsFor.isEmpty() ? last.reason() : waitsFor,
                last == null ? Set.of() : last.approvals(),
                record == null ? List.of() : record.history());
    }

    private void tellStatus(SwitchStatus now) {
        if (!now.equals(status)) {
            status = now;
            instance.node().events().execute(() -> listeners.forEach(listener -> listener.accept(now)));
        }
    }

    private void tellEnds(SwitchRecord record) {
        Switching last = record.last();
        if (last == null || awaited.isEmpty()) {
            return;
        }
        CompletableFuture<SwitchResult> result = last.isOpen() ? null : awaited.remove(last.id());
        if (result != null) {
            result.complete(
                    new SwitchResult(last.id(), last.step(), record.live(), record.generation(), last.reason()));
        }
        List<UUID> past =
                awaited.keySet().stream().filter(id -> !id.equals(last.id())).toList();
        for (UUID id : past) {
            CompletableFuture<SwitchResult> missed = awaited.remove(id);
            if (missed != null) {
                missed.completeExceptionally(new OutcomeUnknownException("[" + instance.service()
                        + "] the switch ended unseen, and another has begun; see the history"));
            }
        }
    }

    // ---- what people ask for

    /** What this instance knows of the service. */
    public SwitchStatus status() {
        return status;
    }

    /** Name of the service. */
    public String service() {
        return instance.service();
    }

    /** Colours of the instances, as they were seen last. */
    public SortedSet<String> colours() {
        return Collections.unmodifiableSortedSet(colours);
    }

    /** Whether this instance is of the live colour, as far as it knows. */
    public boolean isLive() {
        return status.isLive();
    }

    /** Calls the listener with the status now and after every change, on the node's event thread. */
    public Registration onStatus(Consumer<SwitchStatus> listener) {
        listeners.add(listener);
        instance.node().events().execute(() -> listener.accept(status));
        return () -> listeners.remove(listener);
    }

    /**
     * Begins a switch, on any instance.
     *
     * @return how it ended, which may take as long as the plan allows: committed, rolled back, aborted, or rehearsed. Fails with {@link dev.handover.SwitchRefusedException} if it is not begun; with
     *     {@link OutcomeUnknownException} if the configuration store does not tell, or nobody is left to conduct it; with {@link ReplicaClosedException} if this instance is closed: the switch
     *     goes on without it
     */
    public CompletableFuture<SwitchResult> switchTo(SwitchPlan plan) {
        Objects.requireNonNull(plan, "plan");
        CompletableFuture<SwitchResult> result = new CompletableFuture<>();
        Conductor.Caller caller = Conductor.Caller.known(instance.node().events());
        onLoop(result, () -> conductor
                .begin((record, evidence) -> open(plan, record, evidence), caller)
                .whenComplete((record, failure) -> {
                    Switching begun = record == null ? null : record.last();
                    if (begun == null) {
                        result.completeExceptionally(failure);
                    } else {
                        awaited.put(begun.id(), result);
                        instance.loop().later(plan.longest(), () -> {
                            awaited.remove(begun.id());
                            result.completeExceptionally(new OutcomeUnknownException("[" + instance.service()
                                    + "] the switch has not ended within " + plan.longest() + "; see the status"));
                        });
                        tick();
                    }
                }));
        return result;
    }

    /**
     * Begins a switch, on any instance, and does not wait for its end: {@link #onStatus} and the history tell.
     *
     * @return when it has begun; fails with {@link dev.handover.SwitchRefusedException} if it is not begun
     */
    public CompletableFuture<SwitchStatus> begin(SwitchPlan plan) {
        Objects.requireNonNull(plan, "plan");
        Conductor.Caller caller = Conductor.Caller.known(instance.node().events());
        return changed(() -> conductor.begin((record, evidence) -> open(plan, record, evidence), caller));
    }

    private SwitchRecord open(SwitchPlan plan, SwitchRecord record, Evidence evidence) {
        return SwitchCore.open(
                instance.service(), record, plan, instance.node().id().value(), evidence);
    }

    /**
     * What stands against a switch to that colour now; empty if nothing does. Asks nobody and changes nothing; {@link SwitchPlan#asDryRun} does more: it warms up, and asks whether everybody is ready.
     */
    public CompletableFuture<List<String>> check(String colour) {
        Colours.check(colour);
        CompletableFuture<List<String>> result = new CompletableFuture<>();
        onLoop(
                result,
                () -> result.complete(Checks.ready(colour, SwitchPlan.to(colour).maxLag(), conductor.evidence())));
        return result;
    }

    /**
     * Approves that the open switch begins this step.
     *
     * @return fails with {@link dev.handover.SwitchRefusedException} if none is open, or it waits for no such approval
     */
    public CompletableFuture<SwitchStatus> approve(SwitchStep step) {
        Objects.requireNonNull(step, "step");
        return changed(() ->
                conductor.change((record, evidence) -> SwitchCore.approve(instance.service(), record, step, evidence)));
    }

    /**
     * Ends the open switch before it is committed: nothing is switched, or everything is switched back.
     *
     * @param reason for the record
     * @return when this is on its way; fails with {@link dev.handover.SwitchRefusedException} if none is open, or it is committed already
     */
    public CompletableFuture<SwitchStatus> abort(String reason) {
        Objects.requireNonNull(reason, "reason");
        return changed(() ->
                conductor.change((record, evidence) -> SwitchCore.abort(instance.service(), record, reason, evidence)));
    }

    private CompletableFuture<SwitchStatus> changed(Supplier<CompletableFuture<SwitchRecord>> change) {
        CompletableFuture<SwitchStatus> result = new CompletableFuture<>();
        onLoop(result, () -> change.get().whenComplete((record, failure) -> {
            if (failure != null) {
                result.completeExceptionally(failure);
            } else {
                result.complete(statusOf(record));
            }
        }));
        return result;
    }

    private void onLoop(CompletableFuture<?> result, Runnable task) {
        boolean taken = instance.loop().execute(() -> {
            if (closed.get()) {
                result.completeExceptionally(closedException());
            } else {
                pending.add(result);
                result.whenComplete((value, failure) -> instance.loop().execute(() -> pending.remove(result)));
                task.run();
            }
        });
        if (!taken) {
            result.completeExceptionally(closedException());
        }
    }

    private ReplicaClosedException closedException() {
        return new ReplicaClosedException("[" + instance.service() + " "
                + instance.node().id() + "] this part of the service's switches is closed; ask another instance");
    }

    /**
     * Takes no part any more; what is open goes on without this instance. To be called before the node is closed. Interrupts hooks and waits a few seconds for them at most. Closing twice is fine.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        instance.loop().execute(() -> {
            Registration registration = watch;
            if (registration != null) {
                registration.close();
            }
            board.close();
            hooks.cancel("this instance is closed");
            List.copyOf(pending).forEach(result -> result.completeExceptionally(closedException()));
            awaited.clear();
        });
        instance.loop().close(CLOSE);
        hooks.close();
    }

    /** Settings of an instance's part; everything is checked once, by {@link #start}. */
    public static final class Builder {
        private final HaNode node;
        private final String service;
        private final List<ReplicatedLog> logs = new ArrayList<>();
        private @Nullable String colour;
        private String version = "";
        private BlueGreenHooks hooks = new BlueGreenHooks() {};
        private TrafficMonitor traffic = new TrafficMonitor();
        private SwitchAnalysis analysis = ThresholdAnalysis.defaults();
        private @Nullable String initiallyLive;
        private Duration tick = Duration.ofMillis(50);
        private Duration standbyDelay = Duration.ofSeconds(1);
        private LongSupplier nanoTime = System::nanoTime;
        private Clock wall = Clock.systemUTC();

        private Builder(HaNode node, String service) {
            this.node = Objects.requireNonNull(node, "node");
            this.service = Colours.check("service", service);
        }

        /** Colour of this instance, such as {@code blue}; required. */
        public Builder colour(String value) {
            colour = Colours.check(value);
            return this;
        }

        /** Version that this instance runs; required. All instances of a colour run the same. */
        public Builder version(String value) {
            version = Colours.check("version", value);
            return this;
        }

        /** This node's replicas of all groups of the service; at least one. Every instance gives the same groups. */
        public Builder groups(ReplicatedLog... values) {
            logs.addAll(List.of(values));
            return this;
        }

        /** What the application adds to a switch; default: nothing. */
        public Builder hooks(BlueGreenHooks value) {
            hooks = Objects.requireNonNull(value, "hooks");
            return this;
        }

        /** Where the application counts its requests; default: one that nobody counts with. */
        public Builder traffic(TrafficMonitor value) {
            traffic = Objects.requireNonNull(value, "traffic");
            return this;
        }

        /** How the new version is compared with the old one; default {@link ThresholdAnalysis#defaults}. Give it on every instance: whoever conducts the switch asks its own. */
        public Builder analysis(SwitchAnalysis value) {
            analysis = Objects.requireNonNull(value, "analysis");
            return this;
        }

        /** Which colour is live at the very first start of the service; default: that of the leader of its first group. */
        public Builder initiallyLive(String value) {
            initiallyLive = Colours.check(value);
            return this;
        }

        /** How often it is looked whether something is to do; default 50 ms, from 1 ms to 10 s. What the record says is acted on at once. Too small: wasted work; too big: steps take that much longer. */
        public Builder tick(Duration value) {
            tick = value;
            return this;
        }

        /**
         * After how long without the next step an instance takes over the conducting from the one before it in rank; default 1 s, from 10 ms to 1 min. Too small: needless conflicts, which do no harm;
         * too big: a switch whose conductor died stands still that long.
         */
        public Builder standbyDelay(Duration value) {
            standbyDelay = value;
            return this;
        }

        /** For tests: the clocks. */
        Builder clocks(LongSupplier monotonic, Clock wallClock) {
            nanoTime = monotonic;
            wall = wallClock;
            return this;
        }

        /**
         * Checks the settings and begins to take part.
         *
         * @throws IllegalArgumentException if a setting makes no sense; the message names value and remedy
         * @throws UnsupportedOperationException if the node's configuration store keeps no records
         */
        public BlueGreen start() {
            String own = colour;
            if (own == null || version.isEmpty() || logs.isEmpty()) {
                throw new IllegalArgumentException("service " + service + " needs a colour (" + own + "), a version ("
                        + version + ") and groups (" + logs.size()
                        + "); call colour, version and groups of BlueGreen.Builder");
            }
            within("tick", tick, Duration.ofMillis(1), Duration.ofSeconds(10));
            within("standby delay", standbyDelay, Duration.ofMillis(10), Duration.ofMinutes(1));
            List<ReplicatedLog> sorted = logs.stream()
                    .sorted(Comparator.comparing(ReplicatedLog::group))
                    .toList();
            if (sorted.stream().map(ReplicatedLog::group).distinct().count() != sorted.size()) {
                throw new IllegalArgumentException("service " + service + " was given a group twice: "
                        + sorted.stream().map(ReplicatedLog::group).toList());
            }
            Instance instance = new Instance(
                    node,
                    service,
                    sorted,
                    own,
                    version,
                    UUID.randomUUID(),
                    hooks,
                    traffic,
                    node.records(),
                    new Loop("handover-" + node.id() + "-blue-green"),
                    nanoTime,
                    wall,
                    UUID::randomUUID,
                    standbyDelay);
            BlueGreen started = new BlueGreen(instance, analysis, initiallyLive);
            started.start(tick);
            return started;
        }

        private static void within(String what, Duration value, Duration least, Duration most) {
            if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
                throw new IllegalArgumentException(
                        what + " " + value + " is out of range; use " + least + " to " + most);
            }
        }
    }
}
