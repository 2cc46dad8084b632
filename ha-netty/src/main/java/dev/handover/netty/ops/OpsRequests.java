package dev.handover.netty.ops;

import dev.handover.ops.OpsPage;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.WriteTimeoutException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection: a request at a time, each with a time to arrive in. What was sent ahead waits, and nothing more is read until the last is answered. */
final class OpsRequests extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(OpsRequests.class);

    private final OpsRoutes routes;
    private final OpsEvents events;
    private final OpsTls tls;
    private final long timeoutMillis;
    private final Deque<FullHttpRequest> ahead = new ArrayDeque<>();
    private @Nullable ScheduledFuture<?> deadline;
    private boolean busy;

    OpsRequests(OpsRoutes routes, OpsEvents events, OpsTls tls, long timeoutMillis) {
        this.routes = routes;
        this.events = events;
        this.tls = tls;
        this.timeoutMillis = timeoutMillis;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        next(ctx);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        arrived();
        ahead.forEach(FullHttpRequest::release);
        ahead.clear();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (busy) {
            ahead.add(request.retain());
            ctx.channel().config().setAutoRead(false);
        } else {
            begin(ctx, request);
        }
    }

    private void begin(ChannelHandlerContext ctx, FullHttpRequest request) {
        arrived();
        busy = true;
        if (request.decoderResult().isFailure()) {
            answer(ctx, OpsAnswer.text(HttpResponseStatus.BAD_REQUEST, "not a request"), true);
            return;
        }
        boolean events = request.uri().equals("/events");
        OpsAnswer refusal = routes.refuse(request);
        if (refusal != null) {
            answer(ctx, refusal, false);
        } else if (events && request.method().equals(HttpMethod.GET)) {
            follow(ctx, request);
        } else {
            routes.answer(request)
                    .whenComplete((answer, failure) -> ctx.executor().execute(() -> {
                        if (failure != null) {
                            LOG.warn("The operations port could not answer", failure);
                        }
                        OpsAnswer known = answer == null
                                ? OpsAnswer.text(HttpResponseStatus.INTERNAL_SERVER_ERROR, "failed; the log says why")
                                : answer;
                        if (known.delayMillis() == 0) {
                            answer(ctx, known, false);
                        } else {
                            ctx.executor()
                                    .schedule(
                                            () -> answer(ctx, known, false),
                                            known.delayMillis(),
                                            TimeUnit.MILLISECONDS);
                        }
                    }));
        }
    }

    private void follow(ChannelHandlerContext ctx, FullHttpRequest request) {
        if (!request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            answer(ctx, OpsAnswer.text(HttpResponseStatus.HTTP_VERSION_NOT_SUPPORTED, "events need HTTP/1.1"), true);
            return;
        }
        if (!events.add(ctx.channel())) {
            answer(ctx, OpsAnswer.text(HttpResponseStatus.SERVICE_UNAVAILABLE, "too many pages are open"), true);
            return;
        }
        DefaultHttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        head.headers().set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream");
        common(head.headers());
        HttpUtil.setTransferEncodingChunked(head, true);
        ctx.write(head);
        ctx.writeAndFlush(new DefaultHttpContent(OpsEvents.event(routes.model().snapshot())));
    }

    private void answer(ChannelHandlerContext ctx, OpsAnswer answer, boolean last) {
        ByteBuf body = Unpooled.copiedBuffer(answer.body(), StandardCharsets.UTF_8);
        DefaultFullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(), body);
        HttpHeaders headers = response.headers();
        common(headers);
        headers.set(HttpHeaderNames.CONTENT_TYPE, answer.contentType());
        headers.set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
        if (answer.status().equals(HttpResponseStatus.UNAUTHORIZED)) {
            headers.set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer");
        }
        if (answer.status().equals(HttpResponseStatus.METHOD_NOT_ALLOWED)) {
            headers.set(HttpHeaderNames.ALLOW, "GET, HEAD");
        }
        if (last) {
            headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        ctx.writeAndFlush(response).addListener(written -> {
            if (written.isSuccess() && !last) {
                next(ctx);
            }
        });
    }

    private static void common(HttpHeaders headers) {
        headers.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Content-Security-Policy", OpsPage.CONTENT_SECURITY_POLICY);
    }

    private void next(ChannelHandlerContext ctx) {
        busy = false;
        FullHttpRequest waiting = ahead.poll();
        if (waiting != null) {
            try {
                begin(ctx, waiting);
            } finally {
                waiting.release();
            }
        } else if (ctx.channel().isActive()) {
            ctx.channel().config().setAutoRead(true);
            deadline = ctx.executor().schedule(() -> ctx.close(), timeoutMillis, TimeUnit.MILLISECONDS);
        }
    }

    private void arrived() {
        ScheduledFuture<?> pending = deadline;
        if (pending != null) {
            pending.cancel(false);
            deadline = null;
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        boolean known = tls.explains(ctx.channel(), cause);
        if (!known && !(cause instanceof IOException || cause instanceof WriteTimeoutException)) {
            LOG.warn(
                    "The operations port closes the connection of {}",
                    ctx.channel().remoteAddress(),
                    cause);
        }
        ctx.close();
    }
}
