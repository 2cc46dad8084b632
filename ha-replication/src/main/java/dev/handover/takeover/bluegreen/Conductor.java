package dev.handover.takeover.bluegreen;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.OutcomeUnknownException;
import dev.handover.Role;
import dev.handover.coordination.RecordOutcome;
import dev.handover.coordination.RecordStore;
import dev.handover.coordination.VersionedRecord;
import dev.handover.event.EventBus;
import dev.handover.event.HaEvent;
import dev.handover.replication.GroupStatus;
import dev.handover.replication.ReplicatedLog;
import dev.handover.takeover.bluegreen.Evidence.GroupView;
import dev.handover.takeover.bluegreen.SwitchCore.Decision;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows the record, and moves it on by compare-and-set. Every instance has one: the first in rank proposes at once, each other one when what was due has not been done for a while, so that nobody has to
 * find out that a conductor is dead. On the loop.
 */
final class Conductor {
    private static final Logger LOG = LoggerFactory.getLogger(Conductor.class);
    private static final int ATTEMPTS = 20;
    private static final Duration AGAIN = Duration.ofMillis(100);

    private final Instance instance;
    private final SwitchCore core;
    private final ReportBoard board;
    private final @Nullable String initiallyLive;
    private final Runnable changed;
    private final String name;

    private @Nullable SwitchRecord record;
    private int version = RecordStore.NOT_EXISTING;
    private boolean heard;
    private long stepSinceNanos;
    private long toldNumber = -1;
    private boolean proposing;
    private boolean due;
    private long dueSinceNanos;
    private String waitsFor = "";
    private @Nullable Begun begun;

    /** Whoever asks, as listeners hear of it here, and what other instances are told of that. */
    record Caller(UnaryOperator<Runnable> here, Map<String, String> carried) {
        /** Of this thread. */
        static Caller known(EventBus events) {
            return new Caller(events.caller(), events.carried());
        }
    }

    /** The last switch that was begun here, and by whom. */
    private record Begun(UUID id, UnaryOperator<Runnable> caller) {}

    Conductor(
            Instance instance,
            SwitchAnalysis analysis,
            ReportBoard board,
            @Nullable String initiallyLive,
            Runnable changed) {
        this.instance = instance;
        core = new SwitchCore(analysis);
        this.board = board;
        this.initiallyLive = initiallyLive;
        this.changed = changed;
        name = SwitchRecord.name(instance.service());
    }

    /** As last seen; null before. */
    @Nullable
    SwitchRecord record() {
        return record;
    }

    /** What the open switch waits for, as this instance sees it. */
    String waitsFor() {
        return waitsFor;
    }

    // ---- the record

    void seen(Optional<VersionedRecord> stored) {
        heard = true;
        if (stored.isPresent()) {
            seen(stored.get());
        } else if (record != null) {
            LOG.warn(
                    "{} the record {} of service {} was deleted; the leader of the first group makes it anew",
                    instance.label(),
                    name,
                    instance.service());
            record = null;
            version = RecordStore.NOT_EXISTING;
            changed.run();
        }
    }

    /** In whose context the last switch is told of and done: of whoever began it, on this instance or, as far as its record carries that, on another one. */
    UnaryOperator<Runnable> caller() {
        SwitchRecord now = record;
        Begun known = begun;
        Switching last = now == null ? null : now.last();
        if (last == null) {
            return EventBus.NOBODY;
        }
        return known != null && known.id().equals(last.id())
                ? known.caller()
                : instance.node().events().arrived(last.context());
    }

    private void seen(VersionedRecord stored) {
        if (stored.version() <= version) {
            return;
        }
        SwitchRecord next;
        try {
            next = SwitchRecord.decode(stored.content());
        } catch (RuntimeException e) {
            LOG.error(
                    "{} the record {} of service {} stays as it was before: {}",
                    instance.label(),
                    name,
                    instance.service(),
                    e.getMessage());
            return;
        }
        SwitchRecord before = record;
        record = next;
        version = stored.version();
        due = false;
        if (before == null || !sameStep(before.last(), next.last())) {
            stepSinceNanos = instance.now();
            waitsFor = "";
        }
        tell(next);
        if (before == null && !next.groups().equals(instance.groups())) {
            LOG.error(
                    "{} service {} has the groups {}, and this instance gave {} to BlueGreen: give it the same, or switches will be refused",
                    instance.label(),
                    instance.service(),
                    next.groups(),
                    instance.groups());
        }
        changed.run();
    }

    private static boolean sameStep(@Nullable Switching one, @Nullable Switching other) {
        return one == null || other == null ? one == other : one.id().equals(other.id()) && one.step() == other.step();
    }

    /** Each step is one event on every instance; of what happened before it came, an instance tells only what goes on. */
    private void tell(SwitchRecord next) {
        List<HistoryLine> history = next.history();
        if (toldNumber < 0) {
            long last = history.isEmpty() ? 0 : history.get(history.size() - 1).number();
            toldNumber = next.open() == null ? last : last - 1;
        }
        for (HistoryLine line : history) {
            if (line.number() > toldNumber) {
                toldNumber = line.number();
                instance.node()
                        .events()
                        .publish(
                                new HaEvent.ColourSwitch(
                                        instance.wall().instant(),
                                        instance.node().id(),
                                        instance.groups().get(0),
                                        instance.service(),
                                        line.step(),
                                        line.from(),
                                        line.to(),
                                        line.live(),
                                        line.generation(),
                                        line.detail()),
                                caller());
            }
        }
    }

    // ---- evidence

    Evidence evidence() {
        List<GroupView> groups = new ArrayList<>();
        TreeSet<NodeId> nodes = new TreeSet<>();
        boolean complete = true;
        for (ReplicatedLog log : instance.logs()) {
            GroupStatus status = log.status();
            Configuration configuration = status.configuration();
            if (configuration == null) {
                complete = false;
                continue;
            }
            TreeSet<NodeId> inSync = new TreeSet<>();
            configuration.inSync().forEach(replica -> inSync.add(replica.node()));
            nodes.addAll(inSync);
            groups.add(new GroupView(
                    log.group(),
                    status.leader(),
                    inSync,
                    configuration.minInSync(),
                    configuration.featureLevel(),
                    status.commitIndex()));
        }
        SwitchRecord now = record;
        Switching last = now == null ? null : now.last();
        if (last != null) {
            nodes.addAll(last.participants().keySet());
        }
        board.watch(nodes);
        return new Evidence(
                instance.node().id(),
                instance.wall().instant(),
                instance.now() - stepSinceNanos,
                groups,
                board.reports(),
                complete && board.isComplete(),
                instance.ids());
    }

    // ---- conducting

    void tick(Evidence evidence) {
        SwitchRecord now = record;
        if (now == null) {
            found();
            return;
        }
        Decision decision = core.decide(now, evidence);
        SwitchRecord next = decision.record();
        if (!decision.waitsFor().isEmpty() || now.open() == null) {
            waitsFor = decision.waitsFor();
        }
        Switching open = now.open();
        if (next == null || open == null) {
            due = false;
            return;
        }
        if (!due) {
            due = true;
            dueSinceNanos = instance.now();
        }
        long patience =
                SwitchCore.rank(open, evidence) * instance.standbyDelay().toNanos();
        if (!proposing && instance.now() - dueSinceNanos >= patience) {
            propose(version, next);
        }
    }

    /** The first record: the colour of whoever leads the first group is live, unless something else was set. */
    private void found() {
        GroupStatus first = instance.logs().get(0).status();
        if (heard && !proposing && first.role() == Role.LEADER) {
            String live = initiallyLive == null ? instance.colour() : initiallyLive;
            propose(
                    RecordStore.NOT_EXISTING,
                    SwitchRecord.first(
                            instance.groups(),
                            live,
                            instance.node().id(),
                            instance.ids().get()));
        }
    }

    private void propose(int expected, SwitchRecord next) {
        proposing = true;
        byte[] content = next.encode();
        instance.records().compareAndSet(name, expected, content).whenComplete((outcome, failure) -> instance.loop()
                .execute(() -> {
                    proposing = false;
                    if (outcome instanceof RecordOutcome.Applied applied) {
                        seen(new VersionedRecord(content, applied.version()));
                    } else if (outcome instanceof RecordOutcome.Conflict conflict) {
                        seen(Optional.ofNullable(conflict.current()));
                    } else { // of all that expect this version one is stored at most, so another decision may follow
                        LOG.warn(
                                "{} the next step of the switch of {} is in doubt: {} {}",
                                instance.label(),
                                instance.service(),
                                outcome,
                                failure == null ? "" : failure);
                        proposing = true;
                        instance.records().read(name).whenComplete((stored, away) -> instance.loop()
                                .execute(() -> {
                                    proposing = false;
                                    if (stored != null) {
                                        seen(stored);
                                    }
                                }));
                    }
                }));
    }

    // ---- what people ask for

    /** Changes the record on somebody's behalf: reads it, and tries until it is done or refused. */
    CompletableFuture<SwitchRecord> change(BiFunction<SwitchRecord, Evidence, SwitchRecord> change) {
        CompletableFuture<SwitchRecord> result = new CompletableFuture<>();
        attempt(change, result, ATTEMPTS, null);
        return result;
    }

    /** The same for a change that begins a switch, which is told of in the caller's context from then on, on every instance. */
    CompletableFuture<SwitchRecord> begin(BiFunction<SwitchRecord, Evidence, SwitchRecord> open, Caller caller) {
        return change((now, evidence) -> {
            SwitchRecord next = open.apply(now, evidence).begunIn(caller.carried());
            Switching last = next.last();
            if (last != null) {
                begun = new Begun(last.id(), caller.here()); // before it is stored, and so before anybody sees it
            }
            return next;
        });
    }

    /** {@code earlier} is an own proposal in doubt. */
    private void attempt(
            BiFunction<SwitchRecord, Evidence, SwitchRecord> change,
            CompletableFuture<SwitchRecord> result,
            int left,
            @Nullable SwitchRecord earlier) {
        if (left == 0) {
            result.completeExceptionally(
                    new OutcomeUnknownException(
                            "[" + instance.service()
                                    + "] the configuration store did not tell whether the change was stored; look at the status before you ask again"));
            return;
        }
        instance.records().read(name).whenComplete((stored, failure) -> instance.loop()
                .execute(() -> {
                    if (stored == null) {
                        again(change, result, left, earlier);
                        return;
                    }
                    seen(stored);
                    SwitchRecord now = record;
                    if (now == null || stored.isEmpty() || stored.get().version() != version) {
                        again(change, result, left, earlier);
                    } else if (earlier != null && now.nonce().equals(earlier.nonce())) {
                        result.complete(now);
                    } else {
                        swap(change, result, left, now);
                    }
                }));
    }

    private void swap(
            BiFunction<SwitchRecord, Evidence, SwitchRecord> change,
            CompletableFuture<SwitchRecord> result,
            int left,
            SwitchRecord now) {
        SwitchRecord next;
        try {
            next = change.apply(now, evidence());
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
            return;
        }
        byte[] content = next.encode();
        instance.records().compareAndSet(name, version, content).whenComplete((outcome, failure) -> instance.loop()
                .execute(() -> {
                    if (outcome instanceof RecordOutcome.Applied applied) {
                        seen(new VersionedRecord(content, applied.version()));
                        result.complete(next);
                    } else {
                        again(change, result, left, outcome instanceof RecordOutcome.Conflict ? null : next);
                    }
                }));
    }

    private void again(
            BiFunction<SwitchRecord, Evidence, SwitchRecord> change,
            CompletableFuture<SwitchRecord> result,
            int left,
            @Nullable SwitchRecord earlier) {
        instance.loop().later(AGAIN, () -> attempt(change, result, left - 1, earlier));
    }
}
