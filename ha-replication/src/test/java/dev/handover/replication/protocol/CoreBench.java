package dev.handover.replication.protocol;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.CasOutcome;
import dev.handover.coordination.VersionedConfiguration;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/** One core under test: events go in by hand, effects are kept until a test looks at them. */
final class CoreBench {
    static final UUID LINEAGE = new UUID(7, 7);
    static final ReplicaId A = replica("a");
    static final ReplicaId B = replica("b");
    static final ReplicaId C = replica("c");
    static final long MILLIS = 1_000_000;

    final ReplicaProtocol core;
    final ReplicaId self;
    private final List<Effect> effects = new ArrayList<>();
    private long nowNanos;
    private long lastWriteId;
    private long nextId;

    CoreBench(ReplicaId self, RecoveredReplica recovered, ProtocolOptions options) {
        this.self = self;
        core = new ReplicaProtocol(options, self, recovered, () -> new UUID(self.hashCode(), ++nextId));
        tick(0);
        step(new Event.Start());
    }

    /** A replica that has an empty disk and finds no configuration: it makes the group and leads it alone. */
    static CoreBench leaderAlone(ProtocolOptions options) {
        CoreBench bench = new CoreBench(A, RecoveredReplica.empty(), options);
        bench.boot(null);
        bench.grantCas();
        bench.persist();
        return bench;
    }

    /** A restarted member of an in-sync set whose log holds the epoch's first {@code lastIndex} entries. */
    static CoreBench member(ReplicaId self, Configuration configuration, long lastIndex) {
        CoreBench bench = new CoreBench(
                self,
                new RecoveredReplica(
                        LINEAGE,
                        configuration.epoch(),
                        2,
                        lastIndex,
                        lastIndex == 0 ? List.of() : List.of(new RecoveredReplica.EpochStart(1, 1)),
                        0),
                ProtocolOptions.defaults());
        bench.boot(stored(configuration));
        return bench;
    }

    static ReplicaId replica(String node) {
        return new ReplicaId(NodeId.of(node), new UUID(node.charAt(0), 1));
    }

    static Configuration configuration(long epoch, ReplicaId leader, ReplicaId... inSync) {
        return new Configuration(LINEAGE, epoch, leader, List.of(inSync), 1, 1, new UUID(9, epoch), "test");
    }

    static VersionedConfiguration stored(Configuration configuration) {
        return new VersionedConfiguration(configuration, (int) configuration.epoch());
    }

    void boot(VersionedConfiguration configuration) {
        step(new Event.BootRecorded(0));
        step(new Event.ConfigurationRead(configuration));
    }

    void step(Event event) {
        effects.addAll(core.step(event));
    }

    void tick(long millis) {
        nowNanos += millis * MILLIS;
        step(new Event.Tick(nowNanos, 1000 + nowNanos / MILLIS));
    }

    void receive(ReplicaId from, Message.OfCore message) {
        step(new Event.Received(from, message));
    }

    void connect(ReplicaId peer) {
        step(new Event.PeerConnected(peer.node()));
    }

    /** The disk has done everything that was asked for so far. */
    void persist() {
        for (Effect.Write write : all(Effect.Write.class)) {
            lastWriteId = Math.max(lastWriteId, write.writeId());
        }
        step(new Event.Persisted(lastWriteId));
    }

    /** The store accepts the newest proposal. */
    Configuration grantCas() {
        Effect.CompareAndSet cas = last(Effect.CompareAndSet.class);
        step(new Event.CasCompleted(cas.next().nonce(), new CasOutcome.Applied(stored(cas.next()))));
        return cas.next();
    }

    void propose(String... commands) {
        step(new Event.Propose(Stream.of(commands)
                .map(c ->
                        new Proposal(c.hashCode(), LogEntry.Kind.COMMAND, 0, 0, 0, c.getBytes(StandardCharsets.UTF_8)))
                .toList()));
    }

    /** All since the last time they were forgotten, in their order. */
    List<Effect> effects() {
        return List.copyOf(effects);
    }

    <T extends Effect> List<T> all(Class<T> type) {
        return effects.stream().filter(type::isInstance).map(type::cast).toList();
    }

    <T extends Effect> T last(Class<T> type) {
        List<T> all = all(type);
        if (all.isEmpty()) {
            throw new AssertionError("no " + type.getSimpleName() + " among " + effects);
        }
        return all.get(all.size() - 1);
    }

    <T extends Message> List<T> sent(Class<T> type) {
        return all(Effect.Send.class).stream()
                .map(Effect.Send::message)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }

    /** Forgets the effects so far; the disk keeps its count. */
    void forget() {
        for (Effect.Write write : all(Effect.Write.class)) {
            lastWriteId = Math.max(lastWriteId, write.writeId());
        }
        effects.clear();
    }

    static Message.Append append(long epoch, long prevIndex, long prevEpoch, long commit, LogEntry... entries) {
        return new Message.Append(epoch, prevIndex, prevEpoch, List.of(entries), commit, 0);
    }

    static LogEntry entry(long index, long epoch) {
        return new LogEntry(index, epoch, 1, LogEntry.Kind.COMMAND, 0, 0, 0, new byte[] {(byte) index});
    }
}
