package dev.handover.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.replication.transport.Hello;
import dev.handover.replication.transport.Hello.GroupIdentity;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class GreetingTest {
    private static final NodeId B = NodeId.of("b");

    @Provide
    Arbitrary<Hello> hellos() {
        Arbitrary<UUID> uuids =
                Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(UUID::new);
        Arbitrary<String> names =
                Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(64);
        Arbitrary<Map<GroupId, GroupIdentity>> groups = Arbitraries.maps(
                        names.map(GroupId::of),
                        Combinators.combine(uuids, uuids.injectNull(0.3)).as(GroupIdentity::new))
                .ofMaxSize(5);
        Arbitrary<String> clusters = Arbitraries.strings().ascii().ofMaxLength(64);
        return Combinators.combine(clusters, names.map(NodeId::of), uuids, groups)
                .as(Hello::new);
    }

    @Property
    void shouldReadWhatItWrote(@ForAll("hellos") Hello hello) throws WireFormatException {
        Greeting read = Greeting.decode(new WireReader(Unpooled.wrappedBuffer(encoded(hello))));
        assertThat(read.hello()).isEqualTo(hello);
        assertThat(read.speaker()).isEqualTo(hello.node());
        assertThat(read.addressee()).isEqualTo(B);
    }

    @Property(tries = 3000, edgeCases = EdgeCasesMode.NONE)
    void shouldGiveAGreetingOrATypedError(@ForAll("hellos") Hello hello, @ForAll Random random) {
        byte[] bytes = MessageCodecTest.mutated(encoded(hello), random);
        try {
            Greeting greeting = Greeting.decode(new WireReader(Unpooled.wrappedBuffer(bytes)));
            assertThat(greeting.speaker()).isNotNull();
        } catch (WireFormatException e) {
            assertThat(e).hasMessageMatching("(?s).+ at byte \\d+: .+");
        }
    }

    @Example
    void shouldUnderstandTheHeadOfALaterVersion() throws WireFormatException {
        ByteBuf later = Unpooled.buffer();
        later.writeInt(Wire.MAGIC);
        later.writeShort(7);
        later.writeShort(9);
        Greeting.encodeText("a", 64, later);
        Greeting.encodeText("b", 64, later);
        Greeting.encodeText("cluster", 64, later);
        later.writeBytes(new byte[] {1, 2, 3});
        Greeting greeting = Greeting.decode(new WireReader(later));
        assertThat(greeting.hello()).isNull();
        assertThat(greeting.lowestVersion()).isEqualTo(7);
        assertThat(greeting.speaker()).isEqualTo(NodeId.of("a"));
    }

    @Example
    void shouldRefuseToSayAClusterNameThatIsTooLong() {
        Hello hello = new Hello("x".repeat(2000), NodeId.of("a"), new UUID(1, 2), Map.of());
        assertThatThrownBy(() -> encoded(hello))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2000 bytes");
    }

    static byte[] encoded(Hello hello) {
        ByteBuf out = Unpooled.buffer();
        Greeting.encode(hello, B, out);
        return ByteBufUtil.getBytes(out);
    }
}
