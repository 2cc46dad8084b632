package dev.handover.jmh.cluster;

import dev.handover.replication.CommandCallback;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.TooLongFrameException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What stands between a client process and a system that has no client of its own: a frame a command, an int an answer, both written in batches.
 *
 * <pre>
 * to the server    u32 length | u32 slot * 2 + (1: read) | command; or u32 0: who leads?
 * to the client    a u32 per answer: slot * 4 + (0: unknown, 1: done, 2: does not lead), or (1: leads, 0: does not) * 4 + 3
 * </pre>
 */
final class Front {
    static final int UNKNOWN = 0;
    static final int DONE = 1;
    static final int NOT_LEADER = 2;
    static final int LEADERSHIP = 3;
    static final int MAX_FRAME = 16 << 20;

    /** The system behind it. */
    interface Backend {
        boolean leads();

        void submit(byte[] command, Answer answer);

        /** The command lies between position and limit, and only until the method returns. */
        default void submit(ByteBuffer command, Answer answer) {
            byte[] own = new byte[command.remaining()];
            command.get(own);
            submit(own, answer);
        }

        default void read(Answer answer) {
            answer.is(UNKNOWN);
        }
    }

    private Front() {}

    /** Listens until the process ends. */
    static void listen(int port, Backend backend) throws InterruptedException {
        var group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        new ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel.class)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Connection(backend, channel));
                    }
                })
                .bind(Layout.HOST, port)
                .sync();
    }

    /** The way back to one caller. */
    static final class Answer implements BiConsumer<Object, @Nullable Throwable>, CommandCallback {
        private static final byte[] NOTHING = {};

        private final Connection connection;
        private final int slot;

        private Answer(Connection connection, int slot) {
            this.connection = connection;
            this.slot = slot;
        }

        /** Once, on any thread. */
        void is(int status) {
            connection.answer(slot << 2 | status);
        }

        @Override
        public void ended(byte @Nullable [] result, @Nullable Throwable failure) {
            accept(NOTHING, failure);
        }

        /** For futures: a failure leaves open what became of the command. */
        @Override
        public void accept(Object result, @Nullable Throwable failure) {
            is(failure == null ? DONE : UNKNOWN);
        }
    }

    private static final class Connection extends ByteToMessageDecoder {
        private final Backend backend;
        private final Channel channel;
        /** By slot; of the event loop. */
        private @Nullable Answer[] answers = new Answer[64];

        private int[] waiting = new int[64];
        private int count;

        Connection(Backend backend, Channel channel) {
            this.backend = backend;
            this.channel = channel;
        }

        @Override
        protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
            while (in.readableBytes() >= Integer.BYTES) {
                int length = in.getInt(in.readerIndex());
                if (length == 0) {
                    in.skipBytes(Integer.BYTES);
                    answer((backend.leads() ? 1 : 0) << 2 | LEADERSHIP);
                    continue;
                }
                if (length < Integer.BYTES || length > MAX_FRAME) {
                    throw new TooLongFrameException("a frame of " + length + " bytes");
                }
                if (in.readableBytes() < Integer.BYTES + length) {
                    return;
                }
                in.skipBytes(Integer.BYTES);
                take(in, length - Integer.BYTES);
            }
        }

        private void take(ByteBuf in, int bytes) {
            int head = in.readInt();
            Answer answer = answerFor(head >>> 1);
            if ((head & 1) == 1) {
                backend.read(answer);
            } else {
                // the buffer that Netty keeps for itself, where one piece of memory is all: no object for each command
                ByteBuffer command = in.nioBufferCount() == 1
                        ? in.internalNioBuffer(in.readerIndex(), bytes)
                        : in.nioBuffer(in.readerIndex(), bytes);
                in.skipBytes(bytes);
                backend.submit(command, answer);
            }
        }

        /** Always the same object for a slot, in which one command is under way at a time. */
        private Answer answerFor(int slot) {
            if (slot >= answers.length) {
                answers = Arrays.copyOf(answers, Math.max(slot + 1, 2 * answers.length));
            }
            Answer answer = answers[slot];
            if (answer == null) {
                answer = new Answer(this, slot);
                answers[slot] = answer;
            }
            return answer;
        }

        void answer(int word) {
            synchronized (this) {
                if (count == waiting.length) {
                    waiting = Arrays.copyOf(waiting, 2 * count);
                }
                waiting[count++] = word;
                if (count > 1) {
                    return; // somebody has asked for the flush
                }
            }
            channel.eventLoop().execute(this::flush);
        }

        private void flush() {
            ByteBuf answers;
            synchronized (this) {
                answers = channel.alloc().buffer(4 * count);
                for (int i = 0; i < count; i++) {
                    answers.writeInt(waiting[i]);
                }
                count = 0;
            }
            channel.writeAndFlush(answers);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close();
        }
    }
}
