package dev.handover.netty;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.function.Function;

/** Reads the fields of one frame's body. Nothing is allocated for a length or count before the bytes for it are seen to be there. */
final class WireReader {
    private static final byte[] NOTHING = {};

    private final ByteBuf in;
    private final int start;

    WireReader(ByteBuf body) {
        in = body;
        start = body.readerIndex();
    }

    int u8(String field) throws WireFormatException {
        need(1, field);
        return in.readUnsignedByte();
    }

    int u16(String field) throws WireFormatException {
        need(2, field);
        return in.readUnsignedShort();
    }

    int i32(String field) throws WireFormatException {
        need(4, field);
        return in.readInt();
    }

    long i64(String field) throws WireFormatException {
        need(8, field);
        return in.readLong();
    }

    UUID uuid(String field) throws WireFormatException {
        need(16, field);
        return new UUID(in.readLong(), in.readLong());
    }

    boolean flag(String field) throws WireFormatException {
        int value = u8(field);
        if (value > 1) {
            throw error(field, "flag is " + value + ", must be 0 or 1");
        }
        return value == 1;
    }

    /** How many elements follow, of which each takes at least so many bytes. */
    int count(String field, int leastBytesEach) throws WireFormatException {
        need(4, field);
        long count = in.readUnsignedInt();
        if (count * leastBytesEach > in.readableBytes()) {
            throw error(
                    field,
                    count + " elements of at least " + leastBytesEach + " bytes announced, " + in.readableBytes()
                            + " bytes are left");
        }
        return (int) count;
    }

    byte[] bytes(String field) throws WireFormatException {
        int size = count(field, 1);
        if (size == 0) {
            return NOTHING;
        }
        byte[] bytes = new byte[size];
        in.readBytes(bytes);
        return bytes;
    }

    String text(String field, int maxBytes) throws WireFormatException {
        int size = u16(field);
        if (size > maxBytes) {
            throw error(field, size + " bytes of text announced, at most " + maxBytes + " are allowed");
        }
        need(size, field);
        byte[] bytes = new byte[size];
        in.readBytes(bytes);
        return utf8(field, bytes);
    }

    /** Text behind a four-byte length. */
    String longText(String field) throws WireFormatException {
        return utf8(field, bytes(field));
    }

    private String utf8(String field, byte[] bytes) throws WireFormatException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw error(field, "is no UTF-8");
        }
    }

    /** A name, made by a constructor that refuses bad ones. */
    <T> T name(String field, Function<String, T> constructor) throws WireFormatException {
        String name = text(field, Wire.MAX_NAME_BYTES);
        try {
            return constructor.apply(name);
        } catch (IllegalArgumentException e) {
            throw error(field, String.valueOf(e.getMessage()));
        }
    }

    /** The body must be read to its end. */
    void end() throws WireFormatException {
        if (in.isReadable()) {
            throw error("end of frame", in.readableBytes() + " bytes too many");
        }
    }

    WireFormatException error(String field, String problem) {
        return new WireFormatException(field, in.readerIndex() - start, problem);
    }

    private void need(int bytes, String field) throws WireFormatException {
        if (in.readableBytes() < bytes) {
            throw error(field, "needs " + bytes + " bytes, " + in.readableBytes() + " are left");
        }
    }
}
