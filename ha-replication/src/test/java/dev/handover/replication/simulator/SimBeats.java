package dev.handover.replication.simulator;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.protocol.Beats;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.ProtocolOptions;
import dev.handover.replication.protocol.ReplicaProtocol;
import java.util.List;

/**
 * The heartbeats of one process of a node for what rests there (R21), in two of five worlds; in the others nothing ever rests. Draws nothing of the world's chance,
 * so that those are what they were.
 */
final class SimBeats {
    private static final GroupId GROUP = GroupId.of("g");

    private final Simulation sim;
    private final SimReplica replica;
    private final ReplicaProtocol core;
    private final boolean used;
    private final long patience;
    private final Beats beats;
    private long lastLook = Long.MIN_VALUE;

    SimBeats(Simulation sim, SimReplica replica, ReplicaProtocol core) {
        this.sim = sim;
        this.replica = replica;
        this.core = core;
        ProtocolOptions options = sim.parameters.options;
        int kind = Math.floorMod(sim.seed(), 5);
        used = kind == 0 || kind == 4;
        patience = options.failureTimeoutNanos() / 2;
        beats = new Beats(options.heartbeatNanos(), options.failureTimeoutNanos());
        if (used) {
            core.mayRestAfter(kind == 0 ? options.heartbeatNanos() / 4 : options.heartbeatNanos());
        }
    }

    /** Whether nobody ticks the core. */
    boolean rests() {
        return used && core.rests();
    }

    /** After every step of the core. */
    void stepped(long now) {
        if (used) {
            beats.rests(GROUP, core.epoch(), core.restsWith(), core.restsUnder(), now);
            core.keepInMemory(core.rests() ? 0 : sim.parameters.options.tailBytes());
        }
    }

    void before(Event event, long now) {
        if (event instanceof Event.PeerConnected peer) {
            beats.disconnected(peer.peer(), now);
        } else if (event instanceof Event.PeerDisconnected peer) {
            beats.disconnected(peer.peer(), now);
        }
    }

    void received(NodeId from, Message.Beat beat, long now) {
        beats.received(from, beat, now);
    }

    /** Gives what has to be told to the core. */
    List<Event> look(long now) {
        if (!used) {
            return List.of();
        }
        if (lastLook != Long.MIN_VALUE && now - lastLook > patience) {
            beats.paused(now);
        }
        lastLook = now;
        for (Beats.Send send : beats.due(now)) {
            sim.network.beat(replica, sim.replica(send.to()), send.beat());
        }
        return beats.wakes(now).stream()
                .map(wake -> (Event) new Event.Unvouched(wake.peer(), wake.heardNanos()))
                .toList();
    }
}
