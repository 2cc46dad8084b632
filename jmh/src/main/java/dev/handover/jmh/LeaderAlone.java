package dev.handover.jmh;

import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.Role;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.Effect;
import dev.handover.replication.protocol.Event;
import dev.handover.replication.protocol.Proposal;
import dev.handover.replication.protocol.ProtocolOptions;
import dev.handover.replication.protocol.RecoveredReplica;
import dev.handover.replication.protocol.ReplicaProtocol;
import java.util.ArrayDeque;
import java.util.List;
import java.util.UUID;

/**
 * A core that leads a group of its own, with a disk, a configuration store and a state machine that do nothing, at once. Every write is answered
 * before the next event, as by a disk without latency.
 */
final class LeaderAlone {
    private final ReplicaProtocol core;
    private final ArrayDeque<Event> waiting = new ArrayDeque<>();
    private long nextId;
    private long nowNanos;
    private long appliedIndex;

    LeaderAlone() {
        core = new ReplicaProtocol(
                ProtocolOptions.defaults(),
                new ReplicaId(NodeId.of("a"), new UUID(1, 1)),
                RecoveredReplica.empty(),
                () -> new UUID(2, ++nextId));
        run(new Event.Tick(nowNanos, 0));
        run(new Event.Start());
        if (core.role() != Role.LEADER) {
            throw new IllegalStateException("does not lead after its start, but is " + core.role());
        }
    }

    /**
     * Appends, persists, commits and applies the commands.
     *
     * @return up to which index everything is applied
     */
    long submit(List<Proposal> commands) {
        nowNanos += 10_000;
        run(new Event.Tick(nowNanos, nowNanos / 1_000_000));
        run(new Event.Propose(commands));
        return appliedIndex;
    }

    private void run(Event event) {
        handle(core.step(event));
        for (Event next = waiting.poll(); next != null; next = waiting.poll()) {
            handle(core.step(next));
        }
    }

    private void handle(List<Effect> effects) {
        for (Effect effect : effects) {
            if (effect instanceof Effect.Write write) {
                waiting.add(new Event.Persisted(write.writeId()));
            } else if (effect instanceof Effect.Apply apply) {
                appliedIndex = apply.entries().get(apply.entries().size() - 1).index();
                waiting.add(new Event.Applied(appliedIndex));
            } else if (effect instanceof Effect.RecordBoot) {
                waiting.add(new Event.BootRecorded(0));
            } else if (effect instanceof Effect.ReadConfiguration) {
                waiting.add(new Event.ConfigurationRead(null));
            } else if (effect instanceof Effect.CompareAndSet cas) {
                waiting.add(new Event.CasCompleted(
                        cas.next().nonce(), new CasOutcome.Applied(new VersionedConfiguration(cas.next(), 0))));
            } else if (effect instanceof Effect.Rejected || effect instanceof Effect.Faulted) {
                throw new IllegalStateException("measures nothing: " + effect);
            }
        }
    }
}
