package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.ConfigurationStore;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.Event;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The configuration store: one linearizable register, and a client of it on every node. Answers get lost before or after the work was done; work is done
 * late, also after its asker has died; watches are late, old, repeated, and in the end right.
 */
final class SimRegister {
    /** Who made a configuration: the very process. */
    record Proposer(int replica, int boot) {}

    private record Boot(long counter, int process, long before) {}

    private final Simulation sim;
    private final List<VersionedConfiguration> history = new ArrayList<>();
    private final Map<UUID, Proposer> proposers = new HashMap<>();
    private final Map<ReplicaId, Boot> boots = new HashMap<>();
    private final long[] slowUntil;
    private long outageUntil;
    private boolean healed;

    SimRegister(Simulation sim) {
        this.sim = sim;
        slowUntil = new long[sim.parameters.replicas];
    }

    /** Null before the first. */
    VersionedConfiguration newest() {
        return history.isEmpty() ? null : history.get(history.size() - 1);
    }

    long epoch() {
        return history.size();
    }

    /** Null if there was none yet. */
    Configuration ofEpoch(long epoch) {
        return epoch < 1 || epoch > history.size()
                ? null
                : history.get(Math.toIntExact(epoch - 1)).configuration();
    }

    Proposer proposerOf(long epoch) {
        return proposers.get(ofEpoch(epoch).nonce());
    }

    long recordedBoot(ReplicaId replica) {
        Boot boot = boots.get(replica);
        return boot == null ? 0 : boot.counter;
    }

    // ---- what nodes ask for

    void read(SimReplica asker) {
        int boot = asker.boot();
        sim.after(travel(asker), () -> {
            if (isDown() || lost()) {
                answer(asker, boot, timeout(), new Event.ConfigurationUnavailable());
            } else {
                boolean slow =
                        !healed && sim.dice.chance(sim.parameters.registerLate / 2); // others overtake the answer
                long back = slow ? sim.dice.after(10 * sim.parameters.registerNanos) : travel(asker);
                answer(asker, boot, back, new Event.ConfigurationRead(newest()));
            }
        });
    }

    void compareAndSet(SimReplica asker, int expectedVersion, Configuration next) {
        int boot = asker.boot();
        proposers.putIfAbsent(next.nonce(), new Proposer(asker.index(), boot));
        sim.after(travel(asker), () -> {
            boolean late = !healed && sim.dice.chance(sim.parameters.registerLate);
            if (late) { // stored, if it still fits, at some time after the asker was told that nobody knows
                sim.after(sim.dice.after(10 * sim.parameters.registerNanos), () -> apply(expectedVersion, next));
            }
            if (late || isDown() || lost()) {
                if (!late && sim.dice.chance(0.5)) {
                    apply(expectedVersion, next);
                }
                long wait = sim.dice.chance(0.3) ? travel(asker) : timeout();
                answer(asker, boot, wait, new Event.CasCompleted(next.nonce(), new CasOutcome.InDoubt("simulated")));
            } else {
                boolean applied = apply(expectedVersion, next);
                CasOutcome outcome = applied ? new CasOutcome.Applied(newest()) : new CasOutcome.Conflict(newest());
                answer(asker, boot, travel(asker), new Event.CasCompleted(next.nonce(), outcome));
            }
        });
    }

    private boolean apply(int expectedVersion, Configuration next) {
        VersionedConfiguration before = newest();
        int version = before == null ? ConfigurationStore.NOT_EXISTING : before.version();
        if (version != expectedVersion) {
            return false;
        }
        VersionedConfiguration stored = new VersionedConfiguration(next, version + 1);
        if (sim.isTalkative()) {
            sim.note(null, "store: " + next);
        }
        history.add(stored);
        sim.checkers.configurationStored(before == null ? null : before.configuration(), next);
        for (SimReplica replica : sim.replicas) {
            notify(replica, stored);
        }
        return true;
    }

    /** Repeated by the same process, it tells what was there before that process. */
    void recordBoot(SimReplica asker, ReplicaId replica, long counter) {
        int process = asker.boot();
        sim.after(travel(asker), () -> {
            if (asker.boot() != process || !asker.isRunning()) {
                return; // reads first, then writes what fits what was read: the dead do not come that far
            }
            boolean lost = lost();
            if (isDown() || (lost && sim.dice.chance(0.5))) {
                answer(asker, process, timeout(), new Event.BootUnavailable());
                return;
            }
            Boot known = boots.get(replica);
            long before = known == null ? 0 : known.process == process ? known.before : known.counter;
            long counted = before < counter ? counter : Long.MAX_VALUE; // a log that went back is refused for good
            boots.put(replica, new Boot(counted, process, before));
            if (lost) {
                answer(asker, process, timeout(), new Event.BootUnavailable());
            } else {
                answer(asker, process, travel(asker), new Event.BootRecorded(before));
            }
        });
    }

    /** A process has started: its watch tells what is there. */
    void started(SimReplica replica) {
        VersionedConfiguration now = newest();
        if (now != null) {
            notify(replica, now);
        }
    }

    private void notify(SimReplica replica, VersionedConfiguration seen) {
        int boot = replica.boot();
        boolean lost = !healed && sim.dice.chance(sim.parameters.watchLoss);
        long delay =
                lost ? sim.dice.after(20 * sim.parameters.registerNanos + 20 * SimParameters.MILLI) : travel(replica);
        sim.after(delay, () -> {
            VersionedConfiguration now = lost ? newest() : seen; // the last one is always seen
            answer(replica, boot, 0, new Event.ConfigurationSeen(now));
            if (!healed && sim.dice.chance(sim.parameters.staleWatch)) {
                answer(
                        replica,
                        boot,
                        sim.dice.after(sim.parameters.registerNanos * 5),
                        new Event.ConfigurationSeen(sim.dice.pick(history)));
            }
        });
    }

    private void answer(SimReplica asker, int boot, long delay, Event event) {
        sim.after(delay, () -> {
            if (asker.boot() == boot) {
                asker.deliver(event);
            }
        });
    }

    // ---- what goes wrong

    private boolean isDown() {
        return sim.now() < outageUntil;
    }

    private boolean lost() {
        return !healed && sim.dice.chance(sim.parameters.registerLoss);
    }

    private long timeout() {
        return sim.dice.between(
                sim.parameters.registerNanos, 6 * sim.parameters.registerNanos + 20 * SimParameters.MILLI);
    }

    private long travel(SimReplica replica) {
        long mean = sim.parameters.registerNanos / 2;
        return sim.dice.after(sim.now() < slowUntil[replica.index()] ? 15 * mean + 10 * SimParameters.MILLI : mean);
    }

    void outage(long nanos) {
        outageUntil = sim.now() + nanos;
    }

    void slowFor(SimReplica replica, long nanos) {
        slowUntil[replica.index()] = sim.now() + nanos;
    }

    void heal() {
        healed = true;
        outageUntil = 0;
        Arrays.fill(slowUntil, 0);
        sim.replicas.forEach(this::started);
    }
}
