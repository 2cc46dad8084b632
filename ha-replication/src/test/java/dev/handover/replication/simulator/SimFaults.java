package dev.handover.replication.simulator;

import dev.handover.Configuration;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.Event;

/** Makes things go wrong, one after the other, of the kinds that are enabled in this world. */
final class SimFaults {
    private final Simulation sim;

    SimFaults(Simulation sim) {
        this.sim = sim;
    }

    void start() {
        sim.after(sim.dice.after(sim.parameters.faultEveryNanos), this::strike);
    }

    private void strike() {
        if (sim.isHealing()) {
            return;
        }
        Fault fault = sim.parameters.nextFault(sim.dice);
        if (fault == null) {
            return;
        }
        SimReplica one = victim();
        SimReplica other = sim.dice.pick(sim.replicas);
        long time = sim.dice.scale(SimParameters.MILLI, 4 * sim.parameters.options.failureTimeoutNanos());
        if (sim.isTalkative()) {
            sim.note(
                    one,
                    "---- " + fault + " for " + time / SimParameters.MICRO + " us"
                            + (one == other ? "" : ", " + other.node()));
        }
        if (canStrike(fault, one, other)) {
            sim.counts.count(fault);
        }
        strike(fault, one, other, time);
        start();
    }

    /** Leaders suffer more than others: that is where it matters. */
    private SimReplica victim() {
        VersionedConfiguration newest = sim.register.newest();
        return newest != null && sim.dice.chance(0.35)
                ? sim.replica(newest.configuration().leader().node())
                : sim.dice.pick(sim.replicas);
    }

    /** Whether it makes a difference; a disk that goes back is counted when it has. */
    private boolean canStrike(Fault fault, SimReplica one, SimReplica other) {
        return switch (fault) {
            case ROLL_BACK -> false;
            case WIPE, DAMAGED_LOG -> isSpare(one);
            case KILL, KILL_IN_STEP, STOP, PAUSE, SLOW_APPLIER, DISK_FAILURE, DAMAGED_SNAPSHOT -> one.isRunning();
            case TRANSFER -> sim.replicas.stream().anyMatch(SimReplica::leads);
            case CUT_ONE_WAY, SLOW_LINK, BROKEN_CONNECTION -> one != other;
            case FALSE_REFUSAL, SPLIT -> one != other && other.isRunning();
            default -> true;
        };
    }

    private void strike(Fault fault, SimReplica one, SimReplica other, long time) {
        switch (fault) {
            case KILL -> {
                one.kill();
                restartAfter(one, time);
            }
            case KILL_IN_STEP -> {
                one.killAfterEffects(sim.dice.below(6));
                restartAfter(one, time + 2 * SimParameters.MILLI);
            }
            case KILL_ALL -> {
                sim.replicas.forEach(SimReplica::kill);
                sim.replicas.forEach(r -> restartAfter(r, sim.dice.after(time)));
            }
            case STOP -> {
                if (one.isRunning()) {
                    one.stop();
                }
                restartAfter(one, time);
            }
            case TRANSFER -> transfer(one, other, time);
            case MEMBERS -> changeMembers(other, time);
            case PAUSE -> one.pause(time);
            case ISOLATE -> {
                for (SimReplica each : sim.replicas) {
                    if (each != one) {
                        sim.network.cut(one, each, time);
                        sim.network.cut(each, one, time);
                    }
                }
            }
            case CUT_ONE_WAY -> {
                if (one != other) {
                    sim.network.cut(one, other, time);
                }
            }
            case SLOW_LINK -> sim.network.slow(one, other, time);
            case STORE_OUTAGE -> sim.register.outage(time);
            case SLOW_STORE -> sim.register.slowFor(one, time);
            case SLOW_DISK -> one.disk().slowFor(time);
            case DAMAGED_SNAPSHOT -> {
                one.kill();
                one.disk().damageNewestSnapshot();
                restartAfter(one, time);
            }
            case STALLED_DISK -> one.disk().stallFor(time);
            case DAMAGED_LOG -> {
                if (isSpare(one)) {
                    one.disk().damage();
                    restartAfter(one, time);
                }
            }
            case DISK_FAILURE -> {
                one.disk().failNext();
                restartAfter(one, time + 20 * SimParameters.MILLI);
            }
            case WIPE -> {
                if (isSpare(one)) {
                    one.kill();
                    one.disk().wipe();
                    restartAfter(one, time);
                }
            }
            case ROLL_BACK -> {
                if (isSpare(one) && one.id() != null) {
                    one.kill();
                    if (one.disk().rollBack(sim.register.recordedBoot(one.id()))) {
                        sim.counts.count(fault);
                        if (sim.isTalkative()) {
                            sim.note(one, "---- rolled back");
                        }
                    }
                    restartAfter(one, time);
                }
            }
            case FALSE_REFUSAL -> {
                if (one != other && other.isRunning()) {
                    sim.network.breakConnection(other, one);
                    other.deliver(new Event.PeerRefused(one.node()));
                }
            }
            case SPLIT -> {
                if (one != other && other.isRunning()) {
                    for (SimReplica each : sim.replicas) {
                        if (each == one || (each != other && sim.dice.chance(0.6))) {
                            sim.network.breakConnection(other, each);
                            sim.network.cut(each, other, time);
                            sim.network.cut(other, each, time);
                        }
                    }
                    other.deliver(new Event.PeerRefused(one.node()));
                }
            }
            case BROKEN_CONNECTION -> {
                if (one != other) {
                    sim.network.breakConnection(one, other);
                }
            }
            case CLOCK_JUMP -> one.jumpWallClock(sim.dice.between(-500, 500));
            case SLOW_APPLIER -> {
                if (one.isRunning()) {
                    one.shell().slowFor(time);
                }
            }
        }
    }

    private void changeMembers(SimReplica target, long time) {
        VersionedConfiguration newest = sim.register.newest();
        if (newest == null) {
            return;
        }
        Configuration configuration = newest.configuration();
        SimReplica leader = sim.replica(configuration.leader().node());
        leader.changeMembers(target.node(), !configuration.isRemoved(target.node()), time);
        long soon = sim.dice.after(2 * sim.parameters.registerNanos);
        switch (sim.dice.below(8)) {
            case 0 ->
                sim.after(soon, () -> {
                    leader.killAfterEffects(sim.dice.below(6));
                    restartAfter(leader, time);
                });
            case 1 ->
                sim.after(soon, () -> {
                    target.kill();
                    restartAfter(target, time);
                });
            case 2 -> leader.pause(time);
            case 3 -> sim.register.outage(soon);
            case 4 -> sim.after(soon, () -> leader.changeMembers(target.node(), sim.dice.chance(0.5), time));
            case 5 -> { // it has left: its disk is used for something else
                if (configuration.isRemoved(target.node()) && isSpare(target)) {
                    target.kill();
                    target.disk().wipe();
                    restartAfter(target, time);
                }
            }
            default -> {}
        }
    }

    private void transfer(SimReplica one, SimReplica other, long time) {
        VersionedConfiguration newest = sim.register.newest();
        SimReplica leader = newest == null || sim.dice.chance(0.1)
                ? one
                : sim.replica(newest.configuration().leader().node());
        if (!leader.isRunning()) {
            return;
        }
        leader.transfer(sim.dice.chance(0.3) ? null : other.node(), time);
        SimReplica struck = sim.dice.pick(sim.replicas);
        long soon = sim.dice.after(2 * sim.parameters.registerNanos);
        switch (sim.dice.below(12)) {
            case 0, 1 ->
                sim.after(soon, () -> {
                    other.kill();
                    restartAfter(other, time);
                });
            case 2 ->
                sim.after(soon, () -> {
                    leader.killAfterEffects(sim.dice.below(6));
                    restartAfter(leader, time);
                });
            case 3 ->
                sim.after(soon, () -> {
                    other.killAfterEffects(sim.dice.below(6));
                    restartAfter(other, time);
                });
            case 4 -> struck.pause(time);
            case 5 -> sim.network.cut(leader, other, time);
            case 6 -> sim.register.outage(soon);
            case 7 -> { // a third one takes over at the same time
                if (struck != leader && struck.isRunning()) {
                    struck.deliver(new Event.PeerRefused(leader.node()));
                }
            }
            case 8 -> {
                if (leader.isRunning()) {
                    leader.stop();
                }
                restartAfter(leader, time);
            }
            default -> {}
        }
    }

    /** Without it there are still enough members of the newest in-sync set whose disks are what they were. */
    private boolean isSpare(SimReplica victim) {
        VersionedConfiguration newest = sim.register.newest();
        if (newest == null) {
            return false;
        }
        Configuration configuration = newest.configuration();
        long others = 0;
        for (ReplicaId member : configuration.inSync()) {
            if (!member.node().equals(victim.node()) && sim.isTrusted(member)) {
                others++;
            }
        }
        return others >= configuration.minInSync();
    }

    private void restartAfter(SimReplica replica, long time) {
        sim.after(time, () -> {
            if (sim.isHealing()) {
                return;
            } else if (replica.isDoomed()) {
                restartAfter(replica, time); // or nobody would be there when it has ended
            } else if (!replica.isRunning()) {
                restart(replica);
            }
        });
    }

    private void restart(SimReplica replica) {
        replica.start();
        if (replica.disk().isRolledBack()) {
            replica.expectFault();
        }
    }

    /** As an operator would do it in the end. */
    void restore(SimReplica replica) {
        if (replica.disk().isRolledBack()) {
            replica.kill();
            replica.disk().wipe();
        } else if (replica.disk().isDamaged()) {
            replica.kill();
        }
        if (!replica.isRunning()) {
            replica.start();
        }
    }
}
