package dev.handover.netty;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.Ack;
import dev.handover.replication.protocol.Message.Append;
import dev.handover.replication.protocol.Message.Forward;
import dev.handover.replication.protocol.Message.Goodbye;
import dev.handover.replication.protocol.Message.Join;
import dev.handover.replication.protocol.Message.LeaseGranted;
import dev.handover.replication.protocol.Message.LeaseRequest;
import dev.handover.replication.protocol.Message.Mismatch;
import dev.handover.replication.protocol.Message.ReadIndexReply;
import dev.handover.replication.protocol.Message.ReadIndexRequest;
import dev.handover.replication.protocol.Message.Replies;
import dev.handover.replication.protocol.Message.Reply;
import dev.handover.replication.protocol.Message.Stale;
import dev.handover.replication.protocol.Message.Status;
import dev.handover.replication.protocol.Message.Supports;
import dev.handover.replication.protocol.Message.Transferred;
import dev.handover.replication.protocol.Proposal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Arbitrary messages. */
final class Messages {
    private Messages() {}

    static Arbitrary<Message> any() {
        return Arbitraries.oneOf(append(), forward(), replies(), snapshots(), transferred(), admin(), small());
    }

    private static Arbitrary<Long> number() {
        return Arbitraries.longs();
    }

    private static Arbitrary<byte[]> payload() {
        return Arbitraries.bytes().array(byte[].class).ofMaxSize(100);
    }

    private static Arbitrary<Message> append() {
        Arbitrary<LogEntry> entry = Combinators.combine(
                        number(),
                        number(),
                        number(),
                        Arbitraries.of(LogEntry.Kind.class),
                        number(),
                        number(),
                        number(),
                        payload())
                .as(LogEntry::new);
        return Combinators.combine(number(), number(), number(), entry.list().ofMaxSize(10), number(), number())
                .as(Append::new);
    }

    private static Arbitrary<Message> forward() {
        return Combinators.combine(
                        number(), Arbitraries.of(LogEntry.Kind.class), number(), number(), number(), payload())
                .as(Proposal::new)
                .list()
                .ofMaxSize(10)
                .map(Forward::new);
    }

    private static Arbitrary<Message> replies() {
        return Combinators.combine(number(), Arbitraries.of(Status.class), payload(), number())
                .as(Reply::new)
                .list()
                .ofMaxSize(10)
                .map(Replies::new);
    }

    private static Arbitrary<Message> transferred() {
        Arbitrary<UUID> uuid = Combinators.combine(number(), number()).as(UUID::new);
        Arbitrary<List<ReplicaId>> members = Combinators.combine(
                        Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(64), uuid)
                .as((node, log) -> new ReplicaId(NodeId.of(node), log))
                .list()
                .ofMinSize(1)
                .ofMaxSize(5)
                .uniqueElements(ReplicaId::node);
        Arbitrary<Integer> positive = Arbitraries.integers().greaterOrEqual(1);
        return Combinators.combine(
                        uuid,
                        Arbitraries.longs().greaterOrEqual(1),
                        members,
                        positive,
                        positive,
                        uuid,
                        Arbitraries.of("", "transfer from a", "Übergabe"),
                        Arbitraries.integers())
                .as((lineage, epoch, inSync, minInSync, level, nonce, reason, version) ->
                        new Transferred(new VersionedConfiguration(
                                new Configuration(
                                        lineage,
                                        epoch,
                                        inSync.get(inSync.size() - 1),
                                        inSync,
                                        minInSync,
                                        level,
                                        nonce,
                                        reason,
                                        level % 2 == 0 ? 0 : level,
                                        level % 2 == 0 ? List.of() : List.of(NodeId.of("gone-1"), NodeId.of("gone-2"))),
                                version)));
    }

    private static Arbitrary<Message> snapshots() {
        return Combinators.combine(
                        number().list().ofSize(10),
                        payload(),
                        Arbitraries.of(Message.SnapshotAnswer.class),
                        Arbitraries.of(0, 1, 2))
                .as((n, data, answer, kind) -> {
                    UUID id = new UUID(n.get(0), n.get(1));
                    return switch (kind) {
                        case 0 -> new Message.SnapshotChunk(id, n.get(2), data);
                        case 1 -> new Message.SnapshotAck(id, n.get(2), answer);
                        default ->
                            new Message.SnapshotOffer(
                                    n.get(2),
                                    id,
                                    n.get(3),
                                    n.get(4),
                                    n.get(5),
                                    new UUID(n.get(6), n.get(7)),
                                    n.get(8).intValue(),
                                    n.get(9),
                                    n.get(0),
                                    n.get(1).intValue());
                    };
                });
    }

    private static Arbitrary<Message> admin() {
        return Combinators.combine(
                        number(),
                        Arbitraries.of(Message.AdminVerb.class),
                        Arbitraries.of("", "b", "role=LEADER\nepoch=7", "Übergabe", "x".repeat(3000)),
                        Arbitraries.of(true, false),
                        Arbitraries.of(true, false))
                .as((id, verb, text, done, request) ->
                        request ? new Message.AdminRequest(id, verb, text) : new Message.AdminReply(id, done, text));
    }

    private static Arbitrary<Message> small() {
        return number().list().ofSize(6).map(n -> {
            List<Message> one = List.of(
                    new Ack(n.get(0), n.get(1), n.get(2)),
                    new Mismatch(n.get(0), n.get(1), n.get(2), n.get(3), n.get(4)),
                    new Stale(n.get(0)),
                    new Join(
                            n.get(0),
                            new UUID(n.get(1), n.get(2)),
                            n.get(3),
                            n.get(4),
                            n.get(5).intValue()),
                    new Goodbye(n.get(0)),
                    new Message.LacksRoom(n.get(0)),
                    new Supports(n.get(0), n.get(1).intValue()),
                    new Message.Rest(n.get(0), n.get(1)),
                    new Message.Resting(n.get(0), n.get(1)),
                    new Message.Beat(n.get(0), n.get(1) > 0, n.subList(2, 4), n.subList(3, 6)),
                    new ReadIndexRequest(n.get(0)),
                    new ReadIndexReply(n.get(0), n.get(1)),
                    new LeaseRequest(n.get(0), n.get(1), n.get(2)),
                    new LeaseGranted(n.get(0), n.get(1)));
            return one.get((int) Long.remainderUnsigned(n.get(5), one.size()));
        });
    }

    static byte[] encoded(Message message) {
        ByteBuf out = Unpooled.buffer();
        MessageCodec.encode(message, out);
        return ByteBufUtil.getBytes(out);
    }
}
