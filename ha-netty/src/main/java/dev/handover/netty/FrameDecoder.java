package dev.handover.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/** Cuts the stream into frames. What waits for its end is kept in a buffer that grows with the bytes that came, never with those announced. */
final class FrameDecoder extends ByteToMessageDecoder {
    /** Takes frames one at a time. */
    interface Sink {
        /** The body is valid during the call only. */
        void frame(int type, ByteBuf body) throws WireFormatException;
    }

    /** A record of TLS begins with its type and the version's major number, 3 (RFC 8446, 5.1); no frame is so long. */
    private static final int TLS_HANDSHAKE = 0x1603;

    private static final int TLS_ALERT = 0x1503;
    private static final int VERSION_SHIFT = 16;

    private final Sink sink;
    private int maxFrameBytes;
    private boolean stopped;

    FrameDecoder(Sink sink, int maxFrameBytes) {
        this.sink = sink;
        this.maxFrameBytes = maxFrameBytes;
    }

    /** From the next frame on. */
    void limit(int bytes) {
        maxFrameBytes = bytes;
    }

    /** Whatever comes now is thrown away. */
    void stop() {
        stopped = true;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) throws WireFormatException {
        if (stopped) {
            in.skipBytes(in.readableBytes());
            return;
        }
        if (in.readableBytes() < Wire.LENGTH_BYTES) {
            return;
        }
        long length = in.getUnsignedInt(in.readerIndex());
        if (length < 1 || length > maxFrameBytes) {
            int version = (int) (length >> VERSION_SHIFT);
            if (version == TLS_HANDSHAKE || version == TLS_ALERT) {
                throw new WireFormatException(
                        "frame length",
                        0,
                        "is the beginning of TLS, which this node does not speak: switch it on for all nodes or for none");
            }
            throw new WireFormatException("frame length", 0, length + " is not in 1.." + maxFrameBytes);
        }
        if (in.readableBytes() < Wire.LENGTH_BYTES + length) {
            return;
        }
        in.skipBytes(Wire.LENGTH_BYTES);
        int type = in.readUnsignedByte();
        sink.frame(type, in.readSlice((int) length - 1));
    }
}
