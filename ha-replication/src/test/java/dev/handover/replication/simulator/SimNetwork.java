package dev.handover.replication.simulator;

import dev.handover.ReplicaId;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.Message;
import java.util.Arrays;

/**
 * Links between nodes, one for each direction, and the connections that the transport keeps over them. Messages are lost, doubled, overtaken, and
 * delivered very late, also to another process of the node than they were sent to. Of connections each side has its own opinion.
 */
final class SimNetwork {
    private final Simulation sim;
    private final int size;
    private final long[][] cutUntil;
    private final long[][] slowUntil;
    private final long[][] lastArrival;
    /** The process at the other end of the connection that a node believes to have; 0 if it has none. */
    private final int[][] connectedTo;

    private boolean healed;

    SimNetwork(Simulation sim) {
        this.sim = sim;
        size = sim.parameters.replicas;
        cutUntil = new long[size][size];
        slowUntil = new long[size][size];
        lastArrival = new long[size][size];
        connectedTo = new int[size][size];
    }

    // ---- messages

    void send(SimReplica from, SimReplica to, Message.OfCore message) {
        if (connectedTo[from.index()][to.index()] == 0) {
            if (sim.isTalkative()) {
                sim.note(from, "no connection, lost: to " + to.node() + " " + message);
            }
            return;
        }
        SimParameters p = sim.parameters;
        if (!healed && sim.dice.chance(p.loss)) {
            if (sim.isTalkative()) {
                sim.note(from, "lost: to " + to.node() + " " + message);
            }
            return;
        }
        ReplicaId sender = from.id();
        transmit(from, to, sender, message);
        if (message instanceof Message.Goodbye && !healed && sim.dice.chance(8 * p.lateness)) {
            transmit(from, to, sender, message); // last words are rare, and worse the later they come
        }
        if (!healed && sim.dice.chance(p.duplication)) {
            transmit(from, to, sender, message);
        }
    }

    /** From node to node. */
    void beat(SimReplica from, SimReplica to, Message.Beat beat) {
        if (connectedTo[from.index()][to.index()] != 0 && (healed || !sim.dice.chance(sim.parameters.loss))) {
            int boot = to.boot();
            transmit(from, to, beat, () -> {
                if (to.boot() == boot) {
                    to.beat(from.node(), beat);
                }
            });
        }
    }

    private void transmit(SimReplica from, SimReplica to, ReplicaId sender, Message.OfCore message) {
        transmit(from, to, message, () -> to.deliver(new Event.Received(sender, message)));
    }

    private void transmit(SimReplica from, SimReplica to, Message message, Runnable arrived) {
        long mean = sim.parameters.delayNanos;
        long delay = sim.dice.between(mean / 2, 2 * mean);
        if (sim.now() < slowUntil[from.index()][to.index()]) {
            delay = sim.dice.after(20 * mean + 5 * SimParameters.MILLI);
        }
        boolean overtaken = !healed && sim.dice.chance(sim.parameters.reordering);
        double lateness = sim.parameters.lateness * (message instanceof Message.Goodbye ? 4 : 1);
        if (!healed && sim.dice.chance(lateness)) {
            overtaken = true;
            delay = sim.dice.after(100 * SimParameters.MILLI);
        }
        long arrival = sim.now() + delay;
        if (!overtaken) {
            arrival = Math.max(arrival, lastArrival[from.index()][to.index()] + 1);
            lastArrival[from.index()][to.index()] = arrival;
        }
        sim.after(arrival - sim.now(), () -> {
            if (sim.now() >= cutUntil[from.index()][to.index()]) {
                arrived.run();
            }
        });
    }

    /** Whether a connection stands, as the sender believes, and something would get through now. */
    boolean carries(SimReplica from, SimReplica to) {
        return connectedTo[from.index()][to.index()] != 0
                && sim.now() >= cutUntil[from.index()][to.index()]
                && (healed || !sim.dice.chance(sim.parameters.loss));
    }

    // ---- connections

    void started(SimReplica node) {
        for (SimReplica other : sim.replicas) {
            if (other != node) {
                sim.after(sim.dice.after(sim.parameters.delayNanos), () -> dial(node, other));
            }
        }
    }

    /** The process is gone: the others see the connection close, and dial. */
    void ended(SimReplica node) {
        for (SimReplica other : sim.replicas) {
            connectedTo[node.index()][other.index()] = 0;
            if (other != node && connectedTo[other.index()][node.index()] != 0 && sim.dice.chance(0.8)) {
                sim.after(sim.dice.after(2 * sim.parameters.delayNanos), () -> dial(other, node));
            }
        }
    }

    /** Once in a while every pair looks at its connection. */
    void lookAround() {
        for (SimReplica from : sim.replicas) {
            for (SimReplica to : sim.replicas) {
                if (from != to) {
                    dial(from, to);
                }
            }
        }
        sim.after(sim.dice.between(10, 40) * SimParameters.MILLI, this::lookAround);
    }

    private void dial(SimReplica from, SimReplica to) {
        int f = from.index();
        int t = to.index();
        if (!from.isRunning() || sim.now() < cutUntil[f][t] || sim.now() < cutUntil[t][f]) {
            return;
        }
        if (connectedTo[f][t] != 0 && (!to.isRunning() || connectedTo[f][t] != to.boot())) {
            disconnect(from, to);
        }
        if (!to.isRunning()) {
            if (sim.dice.chance(0.7)) {
                from.deliver(new Event.PeerRefused(to.node()));
            }
        } else if (connectedTo[f][t] == 0) {
            if (connectedTo[t][f] != 0) {
                disconnect(to, from);
            }
            connectedTo[f][t] = to.boot();
            connectedTo[t][f] = from.boot();
            from.deliver(new Event.PeerConnected(to.node()));
            to.deliver(new Event.PeerConnected(from.node()));
        }
    }

    private void disconnect(SimReplica from, SimReplica to) {
        connectedTo[from.index()][to.index()] = 0;
        if (from.isRunning()) {
            from.deliver(new Event.PeerDisconnected(to.node()));
        }
    }

    // ---- what goes wrong

    void cut(SimReplica from, SimReplica to, long nanos) {
        cutUntil[from.index()][to.index()] = sim.now() + nanos;
        if (sim.dice.chance(0.3)) { // somebody notices before it is over
            SimReplica one = sim.dice.chance(0.5) ? from : to;
            SimReplica other = one == from ? to : from;
            sim.after(sim.dice.after(nanos / 2 + 1), () -> disconnect(one, other));
        }
    }

    void slow(SimReplica from, SimReplica to, long nanos) {
        slowUntil[from.index()][to.index()] = sim.now() + nanos;
    }

    void breakConnection(SimReplica from, SimReplica to) {
        disconnect(from, to);
        if (sim.dice.chance(0.7)) {
            disconnect(to, from);
        }
    }

    void heal() {
        healed = true;
        for (int i = 0; i < size; i++) {
            Arrays.fill(cutUntil[i], 0);
            Arrays.fill(slowUntil[i], 0);
        }
    }
}
