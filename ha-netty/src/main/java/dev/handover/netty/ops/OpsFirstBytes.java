package dev.handover.netty.ops;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SslHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Sees by a connection's first bytes whether TLS is spoken, and gives its place to what comes next: TLS, HTTP, or a refusal that both sides understand. */
final class OpsFirstBytes extends ByteToMessageDecoder {
    private static final int RECORD_HEADER = 5;

    private final OpsTls tls;
    private boolean refused;

    OpsFirstBytes(OpsTls tls) {
        this.tls = tls;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        if (refused) {
            in.skipBytes(in.readableBytes());
        } else if (in.readableBytes() >= RECORD_HEADER) {
            boolean spoken = SslHandler.isEncrypted(in, false);
            if (spoken != tls.isOn()) {
                refused = true;
                in.skipBytes(in.readableBytes());
                refuse(ctx);
            } else if (spoken) {
                ctx.pipeline().replace(this, null, tls.handler(ctx.channel()));
            } else {
                ctx.pipeline().remove(this);
            }
        }
    }

    private void refuse(ChannelHandlerContext ctx) {
        String line = tls.refusal(ctx.channel()) + "\n";
        String answer = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
                + line.length() + "\r\nConnection: close\r\n\r\n" + line;
        // closed by the client, or by the time that a request may take to arrive: at once, what it still sends would
        // take the answer away
        ctx.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII))
                .addListener(written -> {
                    if (ctx.channel() instanceof DuplexChannel channel && written.isSuccess()) {
                        channel.shutdownOutput();
                    } else {
                        ctx.close();
                    }
                });
    }
}
