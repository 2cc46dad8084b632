package dev.handover.netty.ops;

import dev.handover.ops.OpsModel;
import dev.handover.ops.OpsSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The pages that are open. Each gets the whole snapshot at every change; who has not taken the last one yet misses this one and gets the next. Its methods belong to the loop. */
final class OpsEvents {
    private final OpsModel model;
    private final int max;
    private final Set<Channel> viewers = ConcurrentHashMap.newKeySet();

    OpsEvents(OpsModel model, int max) {
        this.model = model;
        this.max = max;
    }

    /** Whether nobody looks. Any thread. */
    boolean isEmpty() {
        return viewers.isEmpty();
    }

    /** False if too many look already. */
    boolean add(Channel channel) {
        if (viewers.size() >= max) {
            return false;
        }
        viewers.add(channel);
        channel.closeFuture().addListener(closed -> viewers.remove(channel));
        return true;
    }

    void send() {
        if (!viewers.isEmpty()) {
            ByteBuf event = event(model.snapshot());
            for (Channel viewer : viewers) {
                if (viewer.isWritable()) {
                    viewer.writeAndFlush(new DefaultHttpContent(event.retainedDuplicate()), viewer.voidPromise());
                }
            }
            event.release();
        }
    }

    /** One server-sent event. */
    static ByteBuf event(OpsSnapshot snapshot) {
        String json = snapshot.toJson(); // without line feeds: they would be escaped
        return ByteBufUtil.encodeString(
                UnpooledByteBufAllocator.DEFAULT, CharBuffer.wrap("data: " + json + "\n\n"), StandardCharsets.US_ASCII);
    }
}
