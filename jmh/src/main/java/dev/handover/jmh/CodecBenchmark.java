package dev.handover.jmh;

import dev.handover.netty.NettyTransport;
import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.Message;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it takes to bring an append into bytes, and bytes into an append; the score is per message, whatever it holds. The codec is not public and is reached by
 * handles, which the JIT compiler follows as it follows calls.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CodecBenchmark {
    private static final int PAYLOAD_BYTES = 256;
    private static final MethodHandle SIZE;
    private static final MethodHandle TYPE;
    private static final MethodHandle ENCODE;
    private static final MethodHandle DECODE;

    static {
        String home = NettyTransport.class.getPackageName();
        try {
            Class<?> codec = Class.forName(home + ".MessageCodec");
            Class<?> reader = Class.forName(home + ".WireReader");
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(codec, MethodHandles.lookup());
            SIZE = lookup.findStatic(codec, "size", MethodType.methodType(long.class, Message.class));
            TYPE = lookup.findStatic(codec, "type", MethodType.methodType(int.class, Message.class));
            ENCODE =
                    lookup.findStatic(codec, "encode", MethodType.methodType(void.class, Message.class, ByteBuf.class));
            MethodHandle decode =
                    lookup.findStatic(codec, "decode", MethodType.methodType(Message.class, int.class, reader));
            MethodHandle reading = lookup.findConstructor(reader, MethodType.methodType(void.class, ByteBuf.class));
            DECODE = MethodHandles.filterArguments(decode, 1, reading);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** How many entries the message holds. */
    @Param({"1", "64", "1024"})
    public int entries = 1;

    private Message message = new Message.Ack(0, 0, 0);
    private ByteBuf encoded = Unpooled.EMPTY_BUFFER;
    private ByteBuf out = Unpooled.EMPTY_BUFFER;
    private int type;

    /** Makes the message and its bytes. */
    @Setup(Level.Trial)
    public void make() throws Throwable {
        List<LogEntry> batch = new ArrayList<>();
        for (int i = 1; i <= entries; i++) {
            batch.add(new LogEntry(i, 1, 1, LogEntry.Kind.COMMAND, 1, i, i, new byte[PAYLOAD_BYTES]));
        }
        message = new Message.Append(1, 0, 0, batch, 0, 0);
        type = (int) TYPE.invokeExact(message);
        int size = Math.toIntExact((long) SIZE.invokeExact(message));
        out = Unpooled.directBuffer(size);
        encoded = Unpooled.directBuffer(size);
        ENCODE.invokeExact(message, encoded);
    }

    /** To bytes, with the look at how many there will be. */
    @Benchmark
    public long encode() throws Throwable {
        out.clear();
        long size = (long) SIZE.invokeExact(message);
        ENCODE.invokeExact(message, out);
        return size + out.writerIndex();
    }

    /** From bytes. */
    @Benchmark
    public Message decode() throws Throwable {
        encoded.readerIndex(0);
        return (Message) DECODE.invokeExact(type, encoded);
    }
}
