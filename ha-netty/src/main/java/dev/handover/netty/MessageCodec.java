package dev.handover.netty;

import dev.handover.Configuration;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.VersionedConfiguration;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import dev.handover.replication.protocol.Message.Ack;
import dev.handover.replication.protocol.Message.AdminReply;
import dev.handover.replication.protocol.Message.AdminRequest;
import dev.handover.replication.protocol.Message.AdminVerb;
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
import dev.handover.replication.protocol.Message.SnapshotAck;
import dev.handover.replication.protocol.Message.SnapshotAnswer;
import dev.handover.replication.protocol.Message.SnapshotChunk;
import dev.handover.replication.protocol.Message.SnapshotOffer;
import dev.handover.replication.protocol.Message.Stale;
import dev.handover.replication.protocol.Message.Status;
import dev.handover.replication.protocol.Message.Supports;
import dev.handover.replication.protocol.Message.Transferred;
import dev.handover.replication.protocol.Proposal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** The fields of messages, as drawn in {@link Wire}. Checks the form only; what the numbers mean is for the receiver to judge. */
final class MessageCodec {
    private static final int ENTRY_BYTES = 3 * 8 + 1 + 3 * 8 + 4;
    private static final int PROPOSAL_BYTES = 8 + 1 + 3 * 8 + 4;
    private static final int REPLY_BYTES = 8 + 1 + 4 + 8;
    private static final int MEMBER_BYTES = 2 + 16;

    private MessageCodec() {}

    /** Number of the message's type. */
    static int type(Message message) {
        if (message instanceof Append) {
            return Wire.APPEND;
        } else if (message instanceof Ack) {
            return Wire.ACK;
        } else if (message instanceof Forward) {
            return Wire.FORWARD;
        } else if (message instanceof Replies) {
            return Wire.REPLIES;
        } else if (message instanceof ReadIndexRequest) {
            return Wire.READ_INDEX_REQUEST;
        } else if (message instanceof ReadIndexReply) {
            return Wire.READ_INDEX_REPLY;
        } else if (message instanceof Mismatch) {
            return Wire.MISMATCH;
        } else if (message instanceof Stale) {
            return Wire.STALE;
        } else if (message instanceof Join) {
            return Wire.JOIN;
        } else if (message instanceof Goodbye) {
            return Wire.GOODBYE;
        } else if (message instanceof Supports) {
            return Wire.SUPPORTS;
        } else if (message instanceof Message.LacksRoom) {
            return Wire.LACKS_ROOM;
        } else if (message instanceof Message.Rest) {
            return Wire.REST;
        } else if (message instanceof Message.Resting) {
            return Wire.RESTING;
        } else if (message instanceof Message.Beat) {
            return Wire.BEAT;
        } else if (message instanceof SnapshotChunk) {
            return Wire.SNAPSHOT_CHUNK;
        } else if (message instanceof SnapshotAck) {
            return Wire.SNAPSHOT_ACK;
        } else if (message instanceof SnapshotOffer) {
            return Wire.SNAPSHOT_OFFER;
        } else if (message instanceof Transferred) {
            return Wire.TRANSFERRED;
        } else if (message instanceof LeaseRequest) {
            return Wire.LEASE_REQUEST;
        } else if (message instanceof LeaseGranted) {
            return Wire.LEASE_GRANTED;
        } else if (message instanceof AdminRequest) {
            return Wire.ADMIN_REQUEST;
        } else if (message instanceof AdminReply) {
            return Wire.ADMIN_REPLY;
        }
        throw unknown(message);
    }

    /** Exactly what {@link #encode} will write, in bytes. */
    static long size(Message message) {
        if (message instanceof Append append) {
            long size = 5 * 8 + 4;
            for (LogEntry entry : append.entries()) {
                size += ENTRY_BYTES + entry.payloadLength();
            }
            return size;
        } else if (message instanceof Ack || message instanceof LeaseRequest) {
            return 3 * 8;
        } else if (message instanceof Forward forward) {
            long size = 4;
            for (Proposal proposal : forward.proposals()) {
                size += PROPOSAL_BYTES + proposal.payload().length;
            }
            return size;
        } else if (message instanceof Replies replies) {
            long size = 4;
            for (Reply reply : replies.replies()) {
                size += REPLY_BYTES + reply.result().length;
            }
            return size;
        } else if (message instanceof ReadIndexReply
                || message instanceof LeaseGranted
                || message instanceof Message.Rest
                || message instanceof Message.Resting) {
            return 2 * 8;
        } else if (message instanceof Message.Beat beat) {
            return 8 + 1 + 2 * 4 + 8L * (beat.led().size() + beat.followed().size());
        } else if (message instanceof Mismatch) {
            return 5 * 8;
        } else if (message instanceof Join) {
            return 8 + 16 + 8 + 8 + 4 + 1;
        } else if (message instanceof Supports) {
            return 8 + 4;
        } else if (message instanceof Stale
                || message instanceof Goodbye
                || message instanceof Message.LacksRoom
                || message instanceof ReadIndexRequest) {
            return 8;
        } else if (message instanceof SnapshotChunk chunk) {
            return 16L + 8 + 4 + chunk.data().length;
        } else if (message instanceof SnapshotAck) {
            return 16 + 8 + 1;
        } else if (message instanceof SnapshotOffer) {
            return 8 + 16 + 3 * 8 + 16 + 4 + 8 + 8 + 4;
        } else if (message instanceof Transferred transferred) {
            Configuration configuration = transferred.configuration().configuration();
            long size = 4L + 16 + 8 + 4 + 4 + 4 + 16 + 2 + 8 + ByteBufUtil.utf8Bytes(configuration.reason());
            size += MEMBER_BYTES
                    + ByteBufUtil.utf8Bytes(configuration.leader().node().value());
            for (ReplicaId member : configuration.inSync()) {
                size += MEMBER_BYTES + ByteBufUtil.utf8Bytes(member.node().value());
            }
            size += 4;
            for (NodeId removed : configuration.removed()) {
                size += 2 + ByteBufUtil.utf8Bytes(removed.value());
            }
            return size;
        } else if (message instanceof AdminRequest request) {
            return 8 + 1 + 4L + ByteBufUtil.utf8Bytes(request.argument());
        } else if (message instanceof AdminReply reply) {
            return 8 + 1 + 4L + ByteBufUtil.utf8Bytes(reply.text());
        }
        throw unknown(message);
    }

    static void encode(Message message, ByteBuf out) {
        if (message instanceof Append append) {
            out.writeLong(append.epoch());
            out.writeLong(append.prevIndex());
            out.writeLong(append.prevEpoch());
            out.writeLong(append.commitIndex());
            out.writeLong(append.round());
            encodeEntries(append.entries(), out);
        } else if (message instanceof Ack ack) {
            out.writeLong(ack.epoch());
            out.writeLong(ack.durableIndex());
            out.writeLong(ack.round());
        } else if (message instanceof Mismatch mismatch) {
            out.writeLong(mismatch.epoch());
            out.writeLong(mismatch.prevIndex());
            out.writeLong(mismatch.hintIndex());
            out.writeLong(mismatch.hintEpoch());
            out.writeLong(mismatch.round());
        } else if (message instanceof Stale stale) {
            out.writeLong(stale.epoch());
        } else if (message instanceof Join join) {
            out.writeLong(join.epoch());
            out.writeLong(join.lineage().getMostSignificantBits());
            out.writeLong(join.lineage().getLeastSignificantBits());
            out.writeLong(join.lastIndex());
            out.writeLong(join.lastEpoch());
            out.writeInt(join.featureLevel());
            out.writeByte(join.learner() ? 1 : 0);
        } else if (message instanceof Message.Rest rest) {
            out.writeLong(rest.epoch());
            out.writeLong(rest.lastIndex());
        } else if (message instanceof Message.Resting resting) {
            out.writeLong(resting.epoch());
            out.writeLong(resting.lastIndex());
        } else if (message instanceof Message.Beat beat) {
            out.writeLong(beat.number());
            out.writeBoolean(beat.listed());
            encodeNumbers(beat.led(), out);
            encodeNumbers(beat.followed(), out);
        } else if (message instanceof Goodbye goodbye) {
            out.writeLong(goodbye.epoch());
        } else if (message instanceof Message.LacksRoom lack) {
            out.writeLong(lack.epoch());
        } else if (message instanceof Supports supports) {
            out.writeLong(supports.epoch());
            out.writeInt(supports.featureLevel());
        } else if (message instanceof ReadIndexRequest request) {
            out.writeLong(request.requestId());
        } else if (message instanceof ReadIndexReply reply) {
            out.writeLong(reply.requestId());
            out.writeLong(reply.readIndex());
        } else if (message instanceof LeaseRequest request) {
            out.writeLong(request.epoch());
            out.writeLong(request.sentNanos());
            out.writeLong(request.periodNanos());
        } else if (message instanceof LeaseGranted granted) {
            out.writeLong(granted.epoch());
            out.writeLong(granted.sentNanos());
        } else if (message instanceof Forward forward) {
            encodeProposals(forward.proposals(), out);
        } else if (message instanceof Replies replies) {
            encodeReplies(replies.replies(), out);
        } else if (message instanceof SnapshotChunk chunk) {
            encodeUuid(chunk.id(), out);
            out.writeLong(chunk.offset());
            encodeBytes(chunk.data(), out);
        } else if (message instanceof SnapshotAck ack) {
            encodeUuid(ack.id(), out);
            out.writeLong(ack.position());
            out.writeByte(code(ack.answer()));
        } else if (message instanceof SnapshotOffer offer) {
            out.writeLong(offer.epoch());
            encodeUuid(offer.id(), out);
            out.writeLong(offer.index());
            out.writeLong(offer.indexEpoch());
            out.writeLong(offer.timestamp());
            encodeUuid(offer.lineage(), out);
            out.writeInt(offer.featureLevel());
            out.writeLong(offer.createdAtMillis());
            out.writeLong(offer.bytes());
            out.writeInt(offer.contentChecksum());
        } else if (message instanceof Transferred transferred) {
            encodeConfiguration(transferred.configuration(), out);
        } else if (message instanceof AdminRequest request) {
            out.writeLong(request.requestId());
            out.writeByte(code(request.verb()));
            encodeBytes(request.argument().getBytes(StandardCharsets.UTF_8), out);
        } else if (message instanceof AdminReply reply) {
            out.writeLong(reply.requestId());
            out.writeBoolean(reply.done());
            encodeBytes(reply.text().getBytes(StandardCharsets.UTF_8), out);
        } else {
            throw unknown(message);
        }
    }

    /** Reads the message to the end of the frame. */
    private static void encodeNumbers(List<Long> numbers, ByteBuf out) {
        out.writeInt(numbers.size());
        for (long number : numbers) {
            out.writeLong(number);
        }
    }

    private static List<Long> decodeNumbers(WireReader in, String field) throws WireFormatException {
        int count = in.count(field, Long.BYTES);
        List<Long> numbers = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            numbers.add(in.i64(field));
        }
        return numbers;
    }

    static Message decode(int type, WireReader in) throws WireFormatException {
        Message message =
                switch (type) {
                    case Wire.APPEND -> decodeAppend(in);
                    case Wire.ACK -> new Ack(in.i64("ack.epoch"), in.i64("ack.durableIndex"), in.i64("ack.round"));
                    case Wire.MISMATCH ->
                        new Mismatch(
                                in.i64("mismatch.epoch"),
                                in.i64("mismatch.prevIndex"),
                                in.i64("mismatch.hintIndex"),
                                in.i64("mismatch.hintEpoch"),
                                in.i64("mismatch.round"));
                    case Wire.STALE -> new Stale(in.i64("stale.epoch"));
                    case Wire.JOIN ->
                        new Join(
                                in.i64("join.epoch"),
                                in.uuid("join.lineage"),
                                in.i64("join.lastIndex"),
                                in.i64("join.lastEpoch"),
                                in.i32("join.featureLevel"),
                                in.flag("join.learner"));
                    case Wire.REST -> new Message.Rest(in.i64("rest.epoch"), in.i64("rest.lastIndex"));
                    case Wire.RESTING -> new Message.Resting(in.i64("resting.epoch"), in.i64("resting.lastIndex"));
                    case Wire.LACKS_ROOM -> new Message.LacksRoom(in.i64("lacksRoom.epoch"));
                    case Wire.BEAT ->
                        new Message.Beat(
                                in.i64("beat.number"),
                                in.flag("beat.listed"),
                                decodeNumbers(in, "beat.led"),
                                decodeNumbers(in, "beat.followed"));
                    case Wire.GOODBYE -> new Goodbye(in.i64("goodbye.epoch"));
                    case Wire.SUPPORTS -> new Supports(in.i64("supports.epoch"), in.i32("supports.featureLevel"));
                    case Wire.READ_INDEX_REQUEST -> new ReadIndexRequest(in.i64("readIndexRequest.requestId"));
                    case Wire.READ_INDEX_REPLY ->
                        new ReadIndexReply(in.i64("readIndexReply.requestId"), in.i64("readIndexReply.readIndex"));
                    case Wire.LEASE_REQUEST ->
                        new LeaseRequest(
                                in.i64("leaseRequest.epoch"),
                                in.i64("leaseRequest.sentNanos"),
                                in.i64("leaseRequest.periodNanos"));
                    case Wire.LEASE_GRANTED ->
                        new LeaseGranted(in.i64("leaseGranted.epoch"), in.i64("leaseGranted.sentNanos"));
                    case Wire.FORWARD -> decodeForward(in);
                    case Wire.REPLIES -> decodeReplies(in);
                    case Wire.SNAPSHOT_CHUNK ->
                        new SnapshotChunk(
                                in.uuid("snapshotChunk.id"),
                                in.i64("snapshotChunk.offset"),
                                in.bytes("snapshotChunk.data"));
                    case Wire.SNAPSHOT_ACK ->
                        new SnapshotAck(in.uuid("snapshotAck.id"), in.i64("snapshotAck.position"), answer(in));
                    case Wire.SNAPSHOT_OFFER ->
                        new SnapshotOffer(
                                in.i64("snapshotOffer.epoch"),
                                in.uuid("snapshotOffer.id"),
                                in.i64("snapshotOffer.index"),
                                in.i64("snapshotOffer.indexEpoch"),
                                in.i64("snapshotOffer.timestamp"),
                                in.uuid("snapshotOffer.lineage"),
                                in.i32("snapshotOffer.featureLevel"),
                                in.i64("snapshotOffer.createdAtMillis"),
                                in.i64("snapshotOffer.bytes"),
                                in.i32("snapshotOffer.contentChecksum"));
                    case Wire.TRANSFERRED -> new Transferred(decodeConfiguration(in));
                    case Wire.ADMIN_REQUEST ->
                        new AdminRequest(
                                in.i64("adminRequest.requestId"), verb(in), in.longText("adminRequest.argument"));
                    case Wire.ADMIN_REPLY ->
                        new AdminReply(
                                in.i64("adminReply.requestId"),
                                in.flag("adminReply.done"),
                                in.longText("adminReply.text"));
                    default -> throw in.error("frame type", "is " + type + ", which is no message");
                };
        in.end();
        return message;
    }

    private static void encodeEntries(List<LogEntry> entries, ByteBuf out) {
        out.writeInt(entries.size());
        for (LogEntry entry : entries) {
            out.writeLong(entry.index());
            out.writeLong(entry.epoch());
            out.writeLong(entry.timestamp());
            out.writeByte(code(entry.kind()));
            out.writeLong(entry.sessionId());
            out.writeLong(entry.sequence());
            out.writeLong(entry.answeredBelow());
            out.writeInt(entry.payloadLength());
            out.writeBytes(entry.payloadArray(), entry.payloadOffset(), entry.payloadLength());
        }
    }

    private static Append decodeAppend(WireReader in) throws WireFormatException {
        long epoch = in.i64("append.epoch");
        long prevIndex = in.i64("append.prevIndex");
        long prevEpoch = in.i64("append.prevEpoch");
        long commitIndex = in.i64("append.commitIndex");
        long round = in.i64("append.round");
        int count = in.count("append.entries", ENTRY_BYTES);
        List<LogEntry> entries = new ArrayList<>(count);
        LogEntry last = null;
        for (int i = 0; i < count; i++) {
            last = LogEntry.after(
                    last,
                    in.i64("entry.index"),
                    in.i64("entry.epoch"),
                    in.i64("entry.timestamp"),
                    kind(in),
                    in.i64("entry.sessionId"),
                    in.i64("entry.sequence"),
                    in.i64("entry.answeredBelow"),
                    in.bytes("entry.payload"));
            entries.add(last);
        }
        return new Append(epoch, prevIndex, prevEpoch, entries, commitIndex, round);
    }

    private static void encodeProposals(List<Proposal> proposals, ByteBuf out) {
        out.writeInt(proposals.size());
        for (Proposal proposal : proposals) {
            out.writeLong(proposal.tag());
            out.writeByte(code(proposal.kind()));
            out.writeLong(proposal.sessionId());
            out.writeLong(proposal.sequence());
            out.writeLong(proposal.answeredBelow());
            encodeBytes(proposal.payload(), out);
        }
    }

    private static Forward decodeForward(WireReader in) throws WireFormatException {
        int count = in.count("forward.proposals", PROPOSAL_BYTES);
        List<Proposal> proposals = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            proposals.add(new Proposal(
                    in.i64("proposal.tag"),
                    kind(in),
                    in.i64("proposal.sessionId"),
                    in.i64("proposal.sequence"),
                    in.i64("proposal.answeredBelow"),
                    in.bytes("proposal.payload")));
        }
        return new Forward(proposals);
    }

    private static void encodeReplies(List<Reply> replies, ByteBuf out) {
        out.writeInt(replies.size());
        for (Reply reply : replies) {
            out.writeLong(reply.tag());
            out.writeByte(code(reply.status()));
            encodeBytes(reply.result(), out);
            out.writeLong(reply.index());
        }
    }

    private static Replies decodeReplies(WireReader in) throws WireFormatException {
        int count = in.count("replies", REPLY_BYTES);
        List<Reply> replies = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            replies.add(new Reply(in.i64("reply.tag"), status(in), in.bytes("reply.result"), in.i64("reply.index")));
        }
        return new Replies(replies);
    }

    private static void encodeConfiguration(VersionedConfiguration stored, ByteBuf out) {
        Configuration configuration = stored.configuration();
        out.writeInt(stored.version());
        encodeUuid(configuration.lineage(), out);
        out.writeLong(configuration.epoch());
        encodeMember(configuration.leader(), out);
        out.writeInt(configuration.inSync().size());
        for (ReplicaId member : configuration.inSync()) {
            encodeMember(member, out);
        }
        out.writeInt(configuration.minInSync());
        out.writeInt(configuration.featureLevel());
        encodeUuid(configuration.nonce(), out);
        encodeText(configuration.reason(), out);
        out.writeLong(configuration.leaseNanos());
        out.writeInt(configuration.removed().size());
        for (NodeId removed : configuration.removed()) {
            encodeText(removed.value(), out);
        }
    }

    private static VersionedConfiguration decodeConfiguration(WireReader in) throws WireFormatException {
        int version = in.i32("transferred.version");
        UUID lineage = in.uuid("transferred.lineage");
        long epoch = in.i64("transferred.epoch");
        ReplicaId leader = decodeMember(in);
        int count = in.count("transferred.inSync", MEMBER_BYTES);
        List<ReplicaId> inSync = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            inSync.add(decodeMember(in));
        }
        int minInSync = in.i32("transferred.minInSync");
        int featureLevel = in.i32("transferred.featureLevel");
        UUID nonce = in.uuid("transferred.nonce");
        String reason = in.text("transferred.reason", Wire.MAX_TEXT_BYTES);
        long leaseNanos = in.i64("transferred.leaseNanos");
        int gone = in.count("transferred.removed", 2);
        List<NodeId> removed = new ArrayList<>(gone);
        for (int i = 0; i < gone; i++) {
            removed.add(in.name("transferred.removed", NodeId::of));
        }
        try {
            Configuration configuration = new Configuration(
                    lineage, epoch, leader, inSync, minInSync, featureLevel, nonce, reason, leaseNanos, removed);
            if (!configuration.inSync().equals(inSync)
                    || !configuration.removed().equals(removed)) {
                throw in.error("transferred", inSync + " or " + removed + " is not in ascending order");
            }
            return new VersionedConfiguration(configuration, version);
        } catch (IllegalArgumentException e) {
            throw in.error("transferred", String.valueOf(e.getMessage()));
        }
    }

    private static void encodeMember(ReplicaId member, ByteBuf out) {
        encodeText(member.node().value(), out);
        encodeUuid(member.logId(), out);
    }

    private static ReplicaId decodeMember(WireReader in) throws WireFormatException {
        return new ReplicaId(in.name("member.node", NodeId::of), in.uuid("member.logId"));
    }

    private static void encodeUuid(UUID uuid, ByteBuf out) {
        out.writeLong(uuid.getMostSignificantBits());
        out.writeLong(uuid.getLeastSignificantBits());
    }

    private static void encodeText(String text, ByteBuf out) {
        out.writeShort(ByteBufUtil.utf8Bytes(text));
        ByteBufUtil.writeUtf8(out, text);
    }

    private static void encodeBytes(byte[] bytes, ByteBuf out) {
        out.writeInt(bytes.length);
        out.writeBytes(bytes);
    }

    private static int code(LogEntry.Kind kind) {
        return switch (kind) {
            case BARRIER -> 1;
            case COMMAND -> 2;
            case OPEN_SESSION -> 3;
        };
    }

    private static LogEntry.Kind kind(WireReader in) throws WireFormatException {
        int code = in.u8("kind");
        return switch (code) {
            case 1 -> LogEntry.Kind.BARRIER;
            case 2 -> LogEntry.Kind.COMMAND;
            case 3 -> LogEntry.Kind.OPEN_SESSION;
            default -> throw in.error("kind", code + " is unknown");
        };
    }

    private static int code(SnapshotAnswer answer) {
        return switch (answer) {
            case GO_ON -> 1;
            case AGAIN -> 2;
            case DONE -> 3;
            case REFUSED -> 4;
        };
    }

    private static SnapshotAnswer answer(WireReader in) throws WireFormatException {
        int code = in.u8("snapshotAck.answer");
        return switch (code) {
            case 1 -> SnapshotAnswer.GO_ON;
            case 2 -> SnapshotAnswer.AGAIN;
            case 3 -> SnapshotAnswer.DONE;
            case 4 -> SnapshotAnswer.REFUSED;
            default -> throw in.error("snapshotAck.answer", code + " is unknown");
        };
    }

    private static int code(AdminVerb verb) {
        return switch (verb) {
            case STATUS -> 1;
            case TRANSFER -> 2;
            case SNAPSHOT -> 3;
            case REMOVE -> 4;
            case ADMIT -> 5;
        };
    }

    private static AdminVerb verb(WireReader in) throws WireFormatException {
        int code = in.u8("adminRequest.verb");
        return switch (code) {
            case 1 -> AdminVerb.STATUS;
            case 2 -> AdminVerb.TRANSFER;
            case 3 -> AdminVerb.SNAPSHOT;
            case 4 -> AdminVerb.REMOVE;
            case 5 -> AdminVerb.ADMIT;
            default -> throw in.error("adminRequest.verb", code + " is unknown");
        };
    }

    private static int code(Status status) {
        return switch (status) {
            case APPLIED -> 1;
            case NOT_LEADER -> 2;
            case OVERLOADED -> 3;
            case TOO_FEW_IN_SYNC -> 4;
            case SESSION_EXPIRED -> 5;
        };
    }

    private static Status status(WireReader in) throws WireFormatException {
        int code = in.u8("status");
        return switch (code) {
            case 1 -> Status.APPLIED;
            case 2 -> Status.NOT_LEADER;
            case 3 -> Status.OVERLOADED;
            case 4 -> Status.TOO_FEW_IN_SYNC;
            case 5 -> Status.SESSION_EXPIRED;
            default -> throw in.error("status", code + " is unknown");
        };
    }

    private static IllegalStateException unknown(Message message) {
        return new IllegalStateException(message.getClass() + " has no form on the wire");
    }
}
