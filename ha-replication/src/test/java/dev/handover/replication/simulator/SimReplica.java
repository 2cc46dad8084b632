package dev.handover.replication.simulator;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.ReplicaProtocol;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** One node: a disk that stays, and one process after the other that runs the real core on it. */
final class SimReplica {
    private final Simulation sim;
    private final int index;
    private final NodeId node;
    private final SimDisk disk;
    private final SimRelease release;

    private int boot;
    private boolean running;
    private boolean faultExpected;
    private ReplicaProtocol core;
    private ReplicaId id;
    private ChainLog log;
    private SimShell shell;
    private SimBeats beats;

    private long pausedUntil;
    private final Deque<Runnable> inbox = new ArrayDeque<>();
    private int effectsLeft = Integer.MAX_VALUE;
    private boolean doomed;

    private long clockBase;
    private long clockSince;
    private double clockRate = 1;
    private long wallOffset;
    private long lastTick;

    SimReplica(Simulation sim, int index) {
        this.sim = sim;
        this.index = index;
        node = NodeId.of(String.valueOf((char) ('a' + index)));
        disk = new SimDisk(sim, this);
        release = new SimRelease(sim.seed(), index);
        newClock();
    }

    SimRelease release() {
        return release;
    }

    int index() {
        return index;
    }

    /** By its setting, and for ever (R22). */
    boolean isLearner() {
        return index >= sim.parameters.replicas - sim.parameters.learners;
    }

    NodeId node() {
        return node;
    }

    ReplicaId id() {
        return id;
    }

    SimDisk disk() {
        return disk;
    }

    /** Number of the process, from 1. */
    int boot() {
        return boot;
    }

    boolean isRunning() {
        return running;
    }

    boolean isPaused() {
        return sim.now() < pausedUntil;
    }

    ReplicaProtocol core() {
        return core;
    }

    SimShell shell() {
        return shell;
    }

    /** The log as the core has ordered it to be, durable or not. */
    ChainLog log() {
        return log;
    }

    boolean leads() {
        return running && core.role().leads();
    }

    // ---- processes

    void start() {
        if (running) {
            throw new IllegalStateException(node + " is running");
        }
        boot++;
        doomed = false;
        running = true;
        faultExpected = false;
        pausedUntil = 0;
        inbox.clear();
        effectsLeft = Integer.MAX_VALUE;
        disk.check();
        id = new ReplicaId(node, disk.logId());
        newClock();
        release.boot(boot);
        RecoveredReplica recovered = disk.open();
        core = new ReplicaProtocol(
                sim.parameters
                        .optionsOfAProcess(sim.dice)
                        .withFeatureLevel(release.featureLevel())
                        .withLearner(isLearner()),
                id,
                recovered,
                sim.dice::uuid);
        log = disk.log().copy();
        firstIndex = recovered.firstIndex();
        shell = new SimShell(sim, this);
        beats = new SimBeats(sim, this, core);
        lastTick = Long.MIN_VALUE;
        if (sim.isTalkative()) {
            sim.note(
                    this,
                    "starts as " + id + ", process " + boot + ", log up to " + log.lastIndex() + ", epoch "
                            + disk.highestEpoch());
        }
        sim.checkers.started(this);
        SimSnapshot begun = disk.snapshots().newest();
        if (begun != null) {
            shell.restore(begun);
            sim.checkers.restored(this, begun.position().index(), shell.digest());
        }
        deliver(new Event.Start());
        SimPreferences preferences = new SimPreferences(sim.seed(), sim.parameters.replicas);
        if (running && preferences.any()) {
            deliver(preferences.of(index, boot));
        }
        sim.room().started(this);
        sim.register.started(this);
        sim.network.started(this);
        scheduleTick(boot);
    }

    void startIfDown() {
        if (!running) {
            start();
        }
    }

    void kill() {
        if (running) {
            if (sim.isTalkative()) {
                sim.note(this, "is killed");
            }
            end();
        }
    }

    private void end() {
        running = false;
        inbox.clear();
        disk.crash();
        sim.network.ended(this);
        if (sim.isHealing()) { // it was on its way down when everything else healed
            sim.after(SimParameters.MILLI, this::startIfDown);
        }
    }

    void stop() {
        doomed = true;
        deliver(new Event.Stop());
    }

    void transfer(NodeId target, long patienceNanos) {
        deliver(new Event.Transfer(shell.transferAsked(), target, patienceNanos));
    }

    void changeMembers(NodeId target, boolean remove, long patienceNanos) {
        if (running) {
            deliver(new Event.ChangeMembers(shell.membersAsked(remove), target, remove, patienceNanos));
        }
    }

    void pause(long nanos) {
        int paused = boot;
        pausedUntil = sim.now() + nanos;
        sim.after(nanos, () -> {
            if (boot == paused && running) {
                resume();
            }
        });
    }

    private void resume() {
        while (!isPaused() && running && !inbox.isEmpty()) {
            inbox.removeFirst().run();
        }
    }

    void heal() {
        pausedUntil = 0;
        effectsLeft = Integer.MAX_VALUE;
        clockBase = clock();
        clockSince = sim.now();
        clockRate = 1;
        disk.heal();
        if (running) {
            shell.heal();
            resume();
        }
    }

    /** The process dies in its next step with effects, before the one with this number. */
    void killAfterEffects(int effects) {
        effectsLeft = effects;
        doomed = true;
    }

    /** It runs, and will end sooner or later. */
    boolean isDoomed() {
        return running && doomed;
    }

    /** A fault of the core is no finding in this process. */
    void expectFault() {
        faultExpected = true;
    }

    // ---- clocks

    private void newClock() {
        clockBase = sim.dice.between(0, 1_000_000_000_000L);
        clockSince = sim.now();
        double range = sim.parameters.fastestClock - sim.parameters.slowestClock;
        clockRate = sim.parameters.skewed ? sim.parameters.slowestClock + range * sim.dice.below(700) / 700 : 1;
    }

    /** What the process's monotonic clock shows. */
    long clock() {
        return clockBase + Math.round((sim.now() - clockSince) * clockRate);
    }

    void jumpWallClock(long millis) {
        wallOffset += millis;
    }

    private void scheduleTick(int ticked) {
        sim.after(sim.dice.between(sim.parameters.tickNanos / 2, sim.parameters.tickNanos), () -> {
            if (boot == ticked && running) {
                if (!isPaused()) {
                    sim.countStep();
                    lookAtBeats();
                    if (running && !beats.rests()) {
                        tick();
                    }
                }
                scheduleTick(ticked);
            }
        });
    }

    private void lookAtBeats() {
        for (Event event : beats.look(clock())) {
            tick();
            if (running) {
                sim.note(this, event);
                step(event);
            }
        }
    }

    /** The beat of another node, for what rests with it. */
    void beat(NodeId from, Message.Beat beat) {
        whenAwake(() -> beats.received(from, beat, clock()));
    }

    private void tick() {
        long now = clock();
        if (now > lastTick) {
            lastTick = now;
            step(new Event.Tick(now, wallMillis()));
        }
    }

    /** How long after a tick a core is only told the time, as {@code Replica} does it: in a third of the worlds never, in a sixth until the next one. */
    private long momentNanos() {
        return switch ((int) Math.floorMod(sim.seed(), 6L)) {
            case 0, 2, 4 -> sim.parameters.tickNanos / 2;
            case 5 -> sim.parameters.tickNanos;
            default -> 0;
        };
    }

    /** Before an event. */
    private void tellTime() {
        long now = clock();
        if (now > lastTick && now - lastTick < momentNanos()) {
            core.clock(now, wallMillis());
        } else {
            tick();
        }
    }

    private long wallMillis() {
        return 1_700_000_000_000L + sim.now() / SimParameters.MILLI + wallOffset;
    }

    // ---- events and effects

    /** Something happens to the process; while it is paused it waits. */
    void deliver(Event event) {
        whenAwake(() -> {
            sim.countStep();
            tellTime();
            if (running) {
                sim.note(this, event);
                beats.before(event, clock());
                step(event);
            }
        });
    }

    /** Something else is to be done in the process, if it still is this one. */
    void whenAwake(Runnable work) {
        if (!running) {
            return;
        }
        if (isPaused() || !inbox.isEmpty()) {
            inbox.add(work);
            if (!isPaused()) {
                resume();
            }
        } else {
            work.run();
        }
    }

    private void step(Event event) {
        sim.checkers.before(this, event);
        List<Effect> effects = core.step(event);
        beats.stepped(clock());
        for (Effect effect : effects) {
            if (effect instanceof Effect.Write write) {
                write(event, write);
            }
        }
        sim.checkers.after(this);
        for (Effect effect : effects) {
            if (effectsLeft != Integer.MAX_VALUE && effectsLeft-- == 0) {
                kill();
            }
            if (!running) {
                return;
            }
            sim.note(this, effect);
            sim.checkers.effect(this, effect);
            perform(effect);
        }
    }

    /** First index that the core may still read; what the disk has is perhaps more. */
    private long firstIndex;

    private void write(Event event, Effect.Write write) {
        if (log.isKept() && !core.role().leads() && !(write instanceof Effect.WriteState)) {
            log = log.copy();
        }
        if (write instanceof Effect.WriteEntries entries) {
            for (LogEntry entry : entries.entries()) {
                log.append(entry);
            }
            sim.checkers.appended(this, entries.entries());
        } else if (write instanceof Effect.TruncateLog truncate) {
            sim.checkers.truncating(this, event, truncate.fromIndex());
            log.truncateFrom(truncate.fromIndex());
        } else if (write instanceof Effect.CompactLog compact) {
            firstIndex = compact.firstIndex();
        } else if (write instanceof Effect.InstallSnapshot install) {
            SimSnapshot snapshot = disk.snapshots().at(install.position().index());
            sim.checkers.installing(this, install.position(), snapshot);
            log = snapshot.history().copy();
            firstIndex = install.position().index() + 1;
        }
    }

    private void perform(Effect effect) {
        if (effect instanceof Effect.Send send) {
            sim.network.send(this, sim.replica(send.to()), send.message());
        } else if (effect instanceof Effect.Write write) {
            disk.write(write);
            if (write instanceof Effect.InstallSnapshot install) {
                shell.install(disk.snapshots().at(install.position().index()));
            }
        } else if (effect instanceof Effect.SendSnapshot send) {
            SimSnapshots.send(sim, this, sim.replica(send.to().node()), new Event.SnapshotSendEnded(send.to()));
        } else if (effect instanceof Effect.CompareAndSet cas) {
            sim.register.compareAndSet(this, cas.expectedVersion(), cas.next());
        } else if (effect instanceof Effect.ReadConfiguration) {
            sim.register.read(this);
        } else if (effect instanceof Effect.RecordBoot record) {
            sim.register.recordBoot(this, id, record.bootCounter());
        } else if (effect instanceof Effect.Fetch fetch) {
            SimFailure.unless(
                    fetch.fromIndex() >= firstIndex,
                    "I9",
                    node + " asks for " + fetch.fromIndex() + ", but its log begins at " + firstIndex);
            disk.fetch(fetch);
        } else if (effect instanceof Effect.Faulted faulted) {
            boolean refused = release.refusedBy(core.configuration());
            SimFailure.unless(
                    faultExpected || refused, "no fault without a cause", node + " has faulted: " + faulted.reason());
            end();
        } else if (effect instanceof Effect.Stopped) {
            end();
        } else {
            shell.perform(effect);
        }
    }

    /** In words, for the liveness check. */
    String describe() {
        return node
                + (running ? "" : " down")
                + (isPaused() ? " paused" : "")
                + (core == null
                        ? ""
                        : " " + core.role() + " epoch " + core.epoch() + " log " + core.lastIndex() + " commit "
                                + core.commitIndex() + " applied " + (shell == null ? 0 : shell.appliedIndex()));
    }

    boolean serves() {
        return running && core.role() == Role.LEADER;
    }

    /** A message as the core sends it, in short. */
    static String brief(Message message) {
        if (message instanceof Message.Append append && !append.entries().isEmpty()) {
            LogEntry first = append.entries().get(0);
            LogEntry last = append.entries().get(append.entries().size() - 1);
            return "Append[epoch=" + append.epoch() + ", after " + append.prevIndex() + "@" + append.prevEpoch() + ", "
                    + first.index() + "@" + first.epoch() + ".." + last.index() + "@" + last.epoch() + ", commit "
                    + append.commitIndex() + ", round " + append.round() + "]";
        }
        return message.toString();
    }
}
