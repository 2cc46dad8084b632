package dev.handover.examples.kv.resp;

import dev.handover.examples.kv.store.Answer;
import dev.handover.examples.kv.store.AnswerCodec;
import dev.handover.examples.kv.store.Read;
import dev.handover.examples.kv.store.Write;
import dev.handover.examples.kv.store.WriteCodec;
import dev.handover.replication.Consistency;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client. Its commands take effect in the order it sent them and are answered in that order: what it has pipelined is cut into runs of writes and runs of
 * reads, and one run is under way at a time. A run of writes is one entry of the log, so that a deep pipeline costs one round and not one per command;
 * a run of reads begins when the writes before it were answered, and sees them.
 *
 * <p>Bounded: the server stops reading from a client that has {@link Limits#MAX_WAITING} commands waiting, or does not take its answers. Every
 * command is answered within {@link ServerSettings#timeout} of its arrival. All on the connection's event loop.
 */
final class ClientConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
    private static final int RENDER_BYTES = 64 * 1024;
    private static final int MAX_UNRENDERED = 1024;
    private static final long LINGER_MILLIS = 1000;
    private static final long LINGER_WHILE_DRAINING_MILLIS = 100;

    private record Waiting(Request request, long deadlineNanos, long charge) {}

    private final RespServer server;
    private final ClientState state;
    private final Deque<Waiting> queue = new ArrayDeque<>();
    private final ReplyRenderer replies = new ReplyRenderer();
    private final List<Waiting> run = new ArrayList<>();
    private final Channel channel;
    private long queuedBytes;
    private long runNumber;
    private boolean inputEnded;
    private boolean clientEnded;
    private boolean closing;
    private boolean pumping;

    ClientConnection(RespServer server, ClientState state, Channel channel) {
        this.server = server;
        this.state = state;
        this.channel = channel;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof Incoming.CommandLine line) {
            if (closing || inputEnded) {
                server.budget().giveBack(line.charge());
                return;
            }
            Request request = server.commands().parse(line.arguments());
            boolean late =
                    server.isLeaving() && (request instanceof Request.Mutate || request instanceof Request.Query);
            enqueue(
                    late
                            ? Request.Immediate.of(Failures.tryAgain(
                                    "this server is stopping, use another node; nothing was executed"))
                            : request,
                    line.charge());
        } else if (!closing && message instanceof Incoming.Dropped) {
            enqueue(
                    Request.Immediate.of(Failures.overloaded("the commands of all clients that wait need more than "
                            + server.budget().limit() + " bytes; nothing was executed, come back later")),
                    0);
        } else if (!closing && message instanceof Incoming.Malformed malformed) {
            server.info().protocolErrors.increment();
            enqueue(new Request.Final(new Reply.Failure(malformed.message())), 0);
            inputEnded = true;
            pump(); // an error in the decoder is not followed by channelReadComplete at once
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        pump();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        pump();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true; // what was sent before is still answered
            clientEnded = true;
            if (closing) {
                ctx.close();
            }
            pump();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        server.forget(this);
        dropWaiting();
        finishRun();
        replies.clear();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("Client {} is gone", channel.remoteAddress(), cause);
        } else {
            LOG.warn("Connection of client {} failed and is closed", channel.remoteAddress(), cause);
        }
        ctx.close();
    }

    ClientState state() {
        return state;
    }

    boolean isOn(Object eventLoop) {
        return channel.eventLoop() == eventLoop;
    }

    /** Nothing waits and nothing is under way. */
    boolean isIdle() {
        return run.isEmpty() && queue.isEmpty() && replies.isEmpty();
    }

    /** Answers what has waited too long. Called now and then. */
    void expire(long nowNanos) {
        if (!run.isEmpty() && nowNanos - run.get(0).deadlineNanos() >= 0) {
            boolean writes = !(run.get(0).request() instanceof Request.Query);
            Reply reply = writes
                    ? Failures.uncertain("no answer within " + server.timeoutText()
                            + "; the command may or may not have been executed")
                    : Failures.tryAgain("no answer within " + server.timeoutText());
            complete(runNumber, repeat(reply, run.size()));
        } else if (!queue.isEmpty()) {
            pump();
        }
    }

    /** Takes no more commands; answers what has arrived. From any thread. */
    void drain() {
        channel.eventLoop().execute(() -> {
            inputEnded = true;
            pump();
        });
    }

    void abort() {
        channel.close();
    }

    private void enqueue(Request request, long charge) {
        queue.add(new Waiting(request, System.nanoTime() + server.timeoutNanos(), charge));
        queuedBytes += charge;
        server.info().commands.increment();
    }

    /** Does all that can be done now: starts runs, renders replies, and decides whether to read on. */
    private void pump() {
        if (pumping) {
            return; // writing told us at once that the channel is full, or no longer: the loop below sees it
        }
        pumping = true;
        try {
            boolean wrote = true;
            while (wrote && !closing) {
                execute();
                wrote = render();
                if (wrote) {
                    channel.flush();
                }
            }
            if (!closing && inputEnded && isIdle()) {
                closeAfterLastReply();
            }
            throttle();
        } finally {
            pumping = false;
        }
    }

    /** Takes commands from the queue until a run is under way, or enough replies wait. */
    private void execute() {
        while (run.isEmpty()
                && !queue.isEmpty()
                && !closing
                && channel.isWritable()
                && replies.size() < MAX_UNRENDERED) {
            Request request = queue.element().request();
            if (request instanceof Request.Immediate immediate) {
                reply(immediate.answer().apply(state));
                dequeue();
            } else if (request instanceof Request.Later later) {
                run.add(unqueue());
                start(() -> later.answer().get(), (reply, thrown) -> {
                    if (thrown != null) {
                        throw new CompletionException(thrown);
                    }
                    return List.of(reply);
                });
            } else if (request instanceof Request.Final last) {
                reply(last.reply());
                dropWaiting();
                inputEnded = true;
            } else if (System.nanoTime() - queue.element().deadlineNanos() >= 0) {
                reply(Failures.tryAgain(
                        "waited " + server.timeoutText() + " for the commands before it; nothing was executed"));
                dequeue();
            } else if (server.refusal() != null) {
                reply(Failures.tryAgain(server.refusal()));
                dequeue();
            } else if (request instanceof Request.Mutate) {
                startWrites();
            } else {
                startReads();
            }
        }
    }

    private void startWrites() {
        List<Write> writes = new ArrayList<>();
        int bytes = 0;
        while (!queue.isEmpty()
                && writes.size() < Limits.MAX_RUN
                && queue.element().request() instanceof Request.Mutate mutate) {
            int size = WriteCodec.sizeOf(mutate.write());
            if (!writes.isEmpty() && bytes + size > Limits.MAX_RUN_BYTES) {
                break;
            }
            bytes += size;
            writes.add(mutate.write());
            run.add(unqueue());
        }
        start(() -> server.log().submit(WriteCodec.encode(writes)), (result, thrown) -> {
            if (thrown != null) {
                return repeat(Failures.ofWrite(thrown), writes.size());
            }
            List<Answer> answers = AnswerCodec.decode(result);
            if (answers.size() != writes.size()) {
                throw new IllegalStateException(answers.size() + " answers to " + writes.size() + " writes");
            }
            return answers.stream().map(ClientConnection::toReply).toList();
        });
    }

    private void startReads() {
        List<Read> reads = new ArrayList<>();
        while (!queue.isEmpty()
                && reads.size() < Limits.MAX_RUN
                && queue.element().request() instanceof Request.Query query) {
            reads.add(query.read());
            run.add(unqueue());
        }
        Consistency consistency = state.readOnly() ? Consistency.LOCAL : Consistency.LINEARIZABLE;
        start(
                () -> server.log().read(consistency, () -> {
                    List<Answer> answers = new ArrayList<>(reads.size());
                    for (Read read : reads) {
                        answers.add(server.store().answer(read));
                    }
                    return answers;
                }),
                (answers, thrown) -> thrown != null
                        ? repeat(Failures.ofRead(thrown), reads.size())
                        : answers.stream().map(ClientConnection::toReply).toList());
    }

    private interface Start<T> {
        CompletableFuture<T> get();
    }

    private <T> void start(Start<T> start, BiFunction<T, Throwable, List<Reply>> toReplies) {
        long number = ++runNumber;
        CompletableFuture<T> future;
        try {
            future = start.get();
        } catch (RuntimeException e) {
            future = CompletableFuture.failedFuture(e);
        }
        future.handle(toReplies).whenComplete((all, thrown) -> {
            if (thrown != null) {
                LOG.error("The answer of the log cannot be understood", thrown);
            }
            channel.eventLoop()
                    .execute(() -> complete(
                            number,
                            all != null
                                    ? all
                                    : repeat(Failures.uncertain("the answer was not understood"), run.size())));
        });
    }

    private void complete(long number, List<Reply> all) {
        if (number != runNumber || run.isEmpty()) {
            return; // answered by time-out, or the client is gone
        }
        all.forEach(this::reply);
        finishRun();
        pump();
    }

    private void reply(Reply reply) {
        if (reply instanceof Reply.Failure) {
            server.info().count(reply);
        }
        replies.add(reply, state.protocol());
    }

    private boolean render() {
        boolean wrote = false;
        while (!replies.isEmpty() && channel.isWritable()) {
            ByteBuf out = channel.alloc().buffer();
            replies.render(out, RENDER_BYTES);
            channel.write(out, channel.voidPromise());
            wrote = true;
        }
        return wrote;
    }

    /**
     * If bytes that nobody has read were left when the socket is closed, TCP would reset the connection, and the client might lose the last reply. So what still
     * comes is read and thrown away until the client closes its side, for a moment.
     */
    private void closeAfterLastReply() {
        closing = true;
        ChannelFuture written = channel.writeAndFlush(channel.alloc().buffer(0));
        if (clientEnded || !(channel instanceof DuplexChannel duplex)) {
            written.addListener(ChannelFutureListener.CLOSE);
            return;
        }
        written.addListener(done -> duplex.shutdownOutput());
        channel.config().setAutoRead(true);
        long millis = server.isDraining() ? LINGER_WHILE_DRAINING_MILLIS : LINGER_MILLIS;
        Future<?> end = channel.eventLoop().schedule(() -> channel.close(), millis, TimeUnit.MILLISECONDS);
        channel.closeFuture().addListener(closed -> end.cancel(false));
    }

    private void throttle() {
        boolean full = queue.size() >= Limits.MAX_WAITING || queuedBytes >= Limits.MAX_WAITING_BYTES;
        if (closing) {
            return;
        }
        boolean read = !full && !inputEnded && channel.isWritable();
        if (channel.config().isAutoRead() != read && channel.isActive()) {
            channel.config().setAutoRead(read);
        }
    }

    private Waiting unqueue() {
        Waiting waiting = queue.remove();
        queuedBytes -= waiting.charge();
        return waiting;
    }

    private void dequeue() {
        server.budget().giveBack(unqueue().charge());
    }

    private void dropWaiting() {
        while (!queue.isEmpty()) {
            dequeue();
        }
    }

    private void finishRun() {
        for (Waiting waiting : run) {
            server.budget().giveBack(waiting.charge());
        }
        run.clear();
    }

    private static List<Reply> repeat(Reply reply, int times) {
        List<Reply> all = new ArrayList<>(times);
        for (int i = 0; i < times; i++) {
            all.add(reply);
        }
        return all;
    }

    private static Reply toReply(Answer answer) {
        if (answer instanceof Answer.Done) {
            return Reply.OK;
        } else if (answer instanceof Answer.Number number) {
            return new Reply.Number(number.value());
        } else if (answer instanceof Answer.Bytes bytes) {
            return new Reply.Bulk(bytes.value());
        } else if (answer instanceof Answer.Many many) {
            List<Reply> items = new ArrayList<>(many.values().size());
            for (byte[] value : many.values()) {
                items.add(value == null ? Reply.NIL : new Reply.Bulk(value));
            }
            return new Reply.Items(items);
        } else if (answer instanceof Answer.Refused refused) {
            return switch (refused.reason()) {
                case NOT_AN_INTEGER -> Reply.error("value is not an integer or out of range");
                case OVERFLOW -> Reply.error("increment or decrement would overflow");
                case TOO_LONG ->
                    Reply.error("string exceeds maximum allowed size (" + Limits.MAX_ARGUMENT_BYTES + " bytes)");
            };
        }
        return Reply.NIL;
    }
}
