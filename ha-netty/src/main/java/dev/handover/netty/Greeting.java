package dev.handover.netty;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.Hello.GroupIdentity;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * First frame of either side, as drawn in {@link Wire}.
 *
 * @param addressee whom the speaker believes to speak to
 * @param hello null if the versions do not meet: the rest of the frame is not understood then
 */
record Greeting(
        int lowestVersion,
        int highestVersion,
        NodeId speaker,
        NodeId addressee,
        String cluster,
        @Nullable Hello hello) {
    private static final int GROUP_BYTES = 2 + 1 + 16 + 1;

    static void encode(Hello hello, NodeId addressee, ByteBuf out) {
        out.writeInt(Wire.MAGIC);
        out.writeShort(Wire.LOWEST_VERSION);
        out.writeShort(Wire.HIGHEST_VERSION);
        encodeText(hello.node().value(), Wire.MAX_NAME_BYTES, out);
        encodeText(addressee.value(), Wire.MAX_NAME_BYTES, out);
        encodeText(hello.cluster(), Wire.MAX_TEXT_BYTES, out);
        encodeUuid(hello.incarnation(), out);
        out.writeInt(hello.groups().size());
        hello.groups().forEach((group, identity) -> {
            encodeText(group.value(), Wire.MAX_NAME_BYTES, out);
            encodeUuid(identity.logId(), out);
            UUID lineage = identity.lineage();
            out.writeBoolean(lineage != null);
            if (lineage != null) {
                encodeUuid(lineage, out);
            }
        });
    }

    static Greeting decode(WireReader in) throws WireFormatException {
        int magic = in.i32("hello.magic");
        if (magic != Wire.MAGIC) {
            throw in.error("hello.magic", String.format("is %08x, not %08x", magic, Wire.MAGIC));
        }
        int lowest = in.u16("hello.lowestVersion");
        int highest = in.u16("hello.highestVersion");
        NodeId speaker = in.name("hello.speaker", NodeId::of);
        NodeId addressee = in.name("hello.addressee", NodeId::of);
        String cluster = in.text("hello.cluster", Wire.MAX_TEXT_BYTES);
        if (lowest > Wire.HIGHEST_VERSION || highest < Wire.LOWEST_VERSION) {
            return new Greeting(lowest, highest, speaker, addressee, cluster, null);
        }
        UUID incarnation = in.uuid("hello.incarnation");
        int count = in.count("hello.groups", GROUP_BYTES);
        Map<GroupId, GroupIdentity> groups = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            GroupId group = in.name("hello.group", GroupId::of);
            UUID logId = in.uuid("hello.logId");
            UUID lineage = in.flag("hello.hasLineage") ? in.uuid("hello.lineage") : null;
            if (groups.put(group, new GroupIdentity(logId, lineage)) != null) {
                throw in.error("hello.group", group + " is there twice");
            }
        }
        in.end();
        return new Greeting(
                lowest, highest, speaker, addressee, cluster, new Hello(cluster, speaker, incarnation, groups));
    }

    static void encodeUuid(UUID uuid, ByteBuf out) {
        out.writeLong(uuid.getMostSignificantBits());
        out.writeLong(uuid.getLeastSignificantBits());
    }

    static void encodeText(String text, int maxBytes, ByteBuf out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > maxBytes) {
            throw new IllegalArgumentException("'" + text + "' has " + bytes.length + " bytes in UTF-8; at most "
                    + maxBytes + " can be sent, use a shorter one");
        }
        out.writeShort(bytes.length);
        out.writeBytes(bytes);
    }
}
