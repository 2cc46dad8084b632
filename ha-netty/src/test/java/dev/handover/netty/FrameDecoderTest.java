package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DecoderException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

class FrameDecoderTest {
    private final List<String> frames = new ArrayList<>();

    private EmbeddedChannel channel(int limit) {
        frames.clear();
        return new EmbeddedChannel(
                new FrameDecoder((type, body) -> frames.add(type + ":" + ByteBufUtil.hexDump(body)), limit));
    }

    @Property
    void shouldCutFramesWhereverTheStreamIsCut(@ForAll @Size(max = 10) List<byte[]> bodies, @ForAll Random random) {
        EmbeddedChannel channel = channel(1 << 20);
        ByteBuf stream = Unpooled.buffer();
        List<String> expected = new ArrayList<>();
        for (byte[] body : bodies) {
            stream.writeInt(body.length + 1);
            stream.writeByte(200);
            stream.writeBytes(body);
            expected.add("200:" + ByteBufUtil.hexDump(body));
        }
        while (stream.isReadable()) {
            int some = 1 + random.nextInt(stream.readableBytes());
            channel.writeInbound(stream.readRetainedSlice(some));
        }
        assertThat(frames).isEqualTo(expected);
        channel.finishAndReleaseAll();
    }

    @Property(tries = 3000)
    void shouldGiveFramesOrATypedErrorForAnyBytes(@ForAll byte[] bytes) {
        EmbeddedChannel channel = channel(64);
        try {
            channel.writeInbound(Unpooled.copiedBuffer(bytes));
            channel.finishAndReleaseAll();
        } catch (DecoderException e) {
            assertThat(e).hasCauseInstanceOf(WireFormatException.class);
        }
    }

    @Example
    void shouldRefuseALengthAboveTheLimitBeforeTheBytesCome() {
        EmbeddedChannel channel = channel(1024);
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.buffer().writeInt(1025)))
                .hasCauseInstanceOf(WireFormatException.class)
                .hasMessageContaining("1025 is not in 1..1024");
    }

    @Example
    void shouldRefuseAnEmptyFrame() {
        EmbeddedChannel channel = channel(1024);
        assertThatThrownBy(() -> channel.writeInbound(Unpooled.buffer().writeInt(0)))
                .hasCauseInstanceOf(WireFormatException.class);
    }

    @Example
    void shouldNotKeepMoreMemoryThanHasCome() {
        EmbeddedChannel channel = channel(1 << 30);
        long before = usedDirectAndHeap(channel);
        channel.writeInbound(Unpooled.buffer().writeInt(1 << 29).writeBytes(new byte[10]));
        channel.writeInbound(Unpooled.buffer().writeBytes(new byte[10]));
        assertThat(usedDirectAndHeap(channel) - before).isLessThan(8 << 20);
        assertThat(frames).isEmpty();
        channel.finishAndReleaseAll();
    }

    private static long usedDirectAndHeap(EmbeddedChannel channel) {
        io.netty.buffer.ByteBufAllocatorMetric metric =
                ((io.netty.buffer.ByteBufAllocatorMetricProvider) channel.alloc()).metric();
        return metric.usedDirectMemory() + metric.usedHeapMemory();
    }

    @Example
    void shouldThrowAwayWhatComesAfterStop() {
        frames.clear();
        FrameDecoder[] decoder = new FrameDecoder[1];
        decoder[0] = new FrameDecoder(
                (type, body) -> {
                    frames.add("" + type);
                    decoder[0].stop();
                },
                100);
        EmbeddedChannel channel = new EmbeddedChannel(decoder[0]);
        ByteBuf two = Unpooled.buffer().writeInt(1).writeByte(7).writeInt(1).writeByte(8);
        channel.writeInbound(two);
        assertThat(frames).containsExactly("7");
        channel.finishAndReleaseAll();
    }
}
