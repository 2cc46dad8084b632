package dev.handover.examples.kv.resp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.redis.ArrayHeaderRedisMessage;
import io.netty.handler.codec.redis.BulkStringHeaderRedisMessage;
import io.netty.handler.codec.redis.BulkStringRedisContent;
import io.netty.handler.codec.redis.FullBulkStringRedisMessage;
import io.netty.handler.codec.redis.InlineCommandRedisMessage;
import io.netty.handler.codec.redis.LastBulkStringRedisContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Puts the pieces that Netty's {@code RedisDecoder} cuts a client's bytes into together to commands, and passes on {@link Incoming}. Memory grows with the
 * bytes that have arrived, never with a length that was announced, and is charged to the {@link MemoryBudget} as it grows: a command that finds it
 * used up is read to its end and dropped. After anything malformed it passes nothing on any more.
 *
 * <p>Netty's own aggregators are not used: they would build arrays within arrays and take what no command may be.
 */
final class CommandAssembler extends ChannelInboundHandlerAdapter {
    private static final int FIRST_ALLOCATION = 16;
    private static final int OVERHEAD_PER_COMMAND = 128;
    private static final int OVERHEAD_PER_ARGUMENT = 48;
    private static final int MAX_REASON = 120;

    private final MemoryBudget budget;
    private List<byte[]> arguments = List.of();
    private int missing;
    private long announcedBytes;
    private byte[] buffer = {};
    private int filled;
    private int expected;
    private long charge;
    private boolean dropping;
    private boolean broken;

    CommandAssembler(MemoryBudget budget) {
        this.budget = budget;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (!broken) {
                accept(ctx, message);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (!(cause instanceof DecoderException)) {
            ctx.fireExceptionCaught(cause);
        } else if (!broken) {
            malformed(ctx, String.valueOf(cause.getMessage()));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        giveUp();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        giveUp();
    }

    private void accept(ChannelHandlerContext ctx, Object message) {
        if (message instanceof BulkStringRedisContent content && !(message instanceof FullBulkStringRedisMessage)) {
            append(content.content());
            if (message instanceof LastBulkStringRedisContent) {
                endOfArgument(ctx);
            }
        } else if (message instanceof ArrayHeaderRedisMessage header) {
            begin(ctx, header);
        } else if (message instanceof InlineCommandRedisMessage inline && missing == 0) {
            inline(ctx, inline.content());
        } else if (missing == 0) {
            malformed(ctx, "expected '*'");
        } else if (message instanceof BulkStringHeaderRedisMessage header) {
            beginArgument(ctx, header.bulkStringLength());
        } else if (message instanceof FullBulkStringRedisMessage full) {
            if (full.isNull()) {
                malformed(ctx, "invalid bulk length");
            } else {
                beginArgument(ctx, 0);
                endOfArgument(ctx);
            }
        } else {
            malformed(ctx, "expected '$'");
        }
    }

    private void begin(ChannelHandlerContext ctx, ArrayHeaderRedisMessage header) {
        if (missing > 0) {
            malformed(ctx, "expected '$', got '*'");
        } else if (header.length() > Limits.MAX_ARGUMENTS) {
            malformed(ctx, "invalid multibulk length: at most " + Limits.MAX_ARGUMENTS + " arguments");
        } else if (header.length() > 0) {
            missing = (int) header.length();
            announcedBytes = 0;
            arguments = new ArrayList<>(Math.min(missing, FIRST_ALLOCATION));
            dropping = false;
            take(OVERHEAD_PER_COMMAND);
        }
    }

    private void beginArgument(ChannelHandlerContext ctx, int length) {
        announcedBytes += length;
        if (length > Limits.MAX_ARGUMENT_BYTES) {
            malformed(ctx, "invalid bulk length: at most " + Limits.MAX_ARGUMENT_BYTES + " bytes");
        } else if (announcedBytes > Limits.MAX_COMMAND_BYTES) {
            malformed(ctx, "command too long: at most " + Limits.MAX_COMMAND_BYTES + " bytes");
        } else {
            expected = length;
            filled = 0;
            buffer = new byte[0];
            take(OVERHEAD_PER_ARGUMENT);
        }
    }

    private void append(ByteBuf bytes) {
        int more = bytes.readableBytes();
        if (dropping || more == 0 || !grow(filled + more)) {
            return;
        }
        bytes.getBytes(bytes.readerIndex(), buffer, filled, more);
        filled += more;
    }

    /** Doubles, up to what was announced: at most twice the bytes that are there. */
    private boolean grow(int needed) {
        if (needed <= buffer.length) {
            return true;
        }
        int size = Math.min(expected, Math.max(needed, 2 * buffer.length));
        if (!take(size - buffer.length)) {
            return false;
        }
        buffer = buffer.length == 0 ? new byte[size] : Arrays.copyOf(buffer, size);
        return true;
    }

    private void endOfArgument(ChannelHandlerContext ctx) {
        if (!dropping) {
            arguments.add(buffer);
        }
        missing--;
        if (missing == 0) {
            complete(ctx);
        }
    }

    private void complete(ChannelHandlerContext ctx) {
        if (dropping) {
            dropping = false;
            ctx.fireChannelRead(new Incoming.Dropped());
            return;
        }
        Incoming.CommandLine line = new Incoming.CommandLine(arguments, charge);
        charge = 0; // the receiver's from here on
        arguments = List.of();
        buffer = new byte[0];
        ctx.fireChannelRead(line);
    }

    private void inline(ChannelHandlerContext ctx, String text) {
        List<byte[]> words;
        try {
            words = InlineCommand.split(text.getBytes(StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            malformed(ctx, String.valueOf(e.getMessage()));
            return;
        }
        if (words.isEmpty()) {
            return;
        }
        arguments = words;
        take(OVERHEAD_PER_COMMAND + text.length() + (long) OVERHEAD_PER_ARGUMENT * words.size());
        complete(ctx);
    }

    private boolean take(long bytes) {
        if (dropping) {
            return false;
        }
        if (budget.take(bytes)) {
            charge += bytes;
            return true;
        }
        giveUp();
        dropping = true;
        return false;
    }

    private void giveUp() {
        budget.giveBack(charge);
        charge = 0;
        arguments = List.of();
        buffer = new byte[0];
    }

    private void malformed(ChannelHandlerContext ctx, String reason) {
        broken = true;
        giveUp();
        StringBuilder printable = new StringBuilder();
        for (int i = 0; i < Math.min(reason.length(), MAX_REASON); i++) {
            char c = reason.charAt(i);
            printable.append(c >= ' ' && c < 127 ? c : '?');
        }
        ctx.fireChannelRead(new Incoming.Malformed("ERR Protocol error: " + printable));
    }
}
