package dev.handover.election.zookeeper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.Configuration;
import dev.handover.GroupId;
import dev.handover.NodeId;
import dev.handover.ReplicaId;
import dev.handover.coordination.Member;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ContentTest {
    private static final String SAMPLE =
            """
            format=1
            lineage=5f0c2d4e-0000-4000-8000-000000000001
            epoch=7
            leader=b/00000000-0000-4000-8000-00000000000b
            inSync=a/00000000-0000-4000-8000-00000000000a,b/00000000-0000-4000-8000-00000000000b
            minInSync=1
            featureLevel=2
            nonce=00000000-0000-4000-8000-000000000007
            reason=a does not answer\\u000a\\\\ für 5 s = all
            """;

    private static final Configuration READ = new Configuration(
            Samples.LINEAGE,
            7,
            Samples.B,
            List.of(Samples.A, Samples.B),
            1,
            2,
            UUID.fromString("00000000-0000-4000-8000-000000000007"),
            "a does not answer\n\\ für 5 s = all");

    @Test
    void shouldWriteWhatPeopleCanRead() throws Exception {
        assertThat(new String(ConfigurationCodec.encode(READ), StandardCharsets.UTF_8))
                .isEqualTo(SAMPLE);
        assertThat(ConfigurationCodec.decode(bytes(SAMPLE))).isEqualTo(READ);
    }

    @Test
    void shouldNotCareForTheOrderOfLines() throws Exception {
        List<String> lines = Arrays.asList(SAMPLE.split("\n"));
        java.util.Collections.reverse(lines);
        assertThat(ConfigurationCodec.decode(bytes(String.join("\n", lines) + "\n")))
                .isEqualTo(READ);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "format=1>format=2",
                "format=1\n>",
                "epoch=7>epoch=07",
                "epoch=7>epoch=+7",
                "epoch=7>epoch=0",
                "epoch=7>epoch=99999999999999999999",
                "epoch=7>epoch=",
                "epoch=7>epoch=٧",
                "epoch=7>epoch=7\nepoch=8",
                "epoch=7>Epoch=7",
                "epoch=7>epoch 7",
                "epoch=7>epoch=7\n",
                "epoch=7>epoch=7\nextra=1",
                "minInSync=1>minInSync=0",
                "minInSync=1>minInSync=4294967297",
                "leader=b/>leader=c/",
                "leader=b/>leader=b",
                "inSync=a/>inSync=a b/",
                ",b/>,,b/",
                "inSync=a/00000000-0000-4000-8000-00000000000a,>inSync=b/00000000-0000-4000-8000-00000000000b,",
                "lineage=5f0c2d4e-0000>lineage=5f0c2d4e-0",
                "lineage=5f0c2d4e>lineage=5F0C2D4E",
                "\\\\ für>\\x für",
                "\\u000a>\\u00",
                "\\u000a>\\u00g0",
                "all\n>all"
            })
    void shouldRefuse(String change) {
        String[] fromTo = change.split(">", -1);
        assertThat(SAMPLE).contains(fromTo[0]);
        String changed = SAMPLE.replaceFirst(
                java.util.regex.Pattern.quote(fromTo[0]), java.util.regex.Matcher.quoteReplacement(fromTo[1]));
        assertThatThrownBy(() -> ConfigurationCodec.decode(bytes(changed)))
                .isInstanceOf(MalformedContentException.class)
                .message()
                .isNotBlank();
    }

    @Test
    void shouldRefuseWhatIsNotUtf8OrTooLong() {
        byte[] broken = bytes(SAMPLE);
        broken[broken.length - 3] = (byte) 0xff;
        assertThatThrownBy(() -> ConfigurationCodec.decode(broken)).hasMessageContaining("UTF-8");
        assertThatThrownBy(() -> ConfigurationCodec.decode(new byte[Content.MAX_BYTES + 1]))
                .hasMessageContaining(String.valueOf(Content.MAX_BYTES));
        assertThatThrownBy(() -> ConfigurationCodec.encode(new Configuration(
                        READ.lineage(),
                        1,
                        Samples.A,
                        List.of(Samples.A),
                        1,
                        1,
                        READ.nonce(),
                        "x".repeat(Content.MAX_BYTES))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(String.valueOf(Content.MAX_BYTES));
    }

    @Property
    void shouldReadEveryConfigurationThatItWrites(@ForAll("configurations") Configuration configuration)
            throws Exception {
        assertThat(ConfigurationCodec.decode(ConfigurationCodec.encode(configuration)))
                .isEqualTo(configuration);
    }

    @Property
    void shouldReadEveryMemberThatItWrites(@ForAll("members") Member member, @ForAll Random random) throws Exception {
        Announcement announcement = new Announcement(new UUID(random.nextLong(), random.nextLong()), member);
        assertThat(Announcement.decode(announcement.encode())).isEqualTo(announcement);
    }

    @Property
    void shouldReadEveryBootThatItWrites(
            @ForAll @LongRange(min = 1) long counter, @ForAll @LongRange(min = 0) long previous, @ForAll Random random)
            throws Exception {
        BootRecord boot = new BootRecord(counter, previous, new UUID(random.nextLong(), random.nextLong()));
        assertThat(BootRecord.decode(boot.encode())).isEqualTo(boot);
    }

    @Property(tries = 5000)
    void shouldGiveAValueOrATypedErrorForMutatedBytes(
            @ForAll("configurations") Configuration configuration,
            @ForAll("members") Member member,
            @ForAll @IntRange(min = 1, max = 8) int mutations,
            @ForAll Random random)
            throws Exception {
        byte[] configured = mutate(ConfigurationCodec.encode(configuration), mutations, random);
        valueOrTypedError(() -> {
            Configuration read = ConfigurationCodec.decode(configured);
            return ConfigurationCodec.decode(ConfigurationCodec.encode(read)).equals(read);
        });
        byte[] announced = mutate(new Announcement(Samples.LINEAGE, member).encode(), mutations, random);
        valueOrTypedError(() -> {
            Announcement read = Announcement.decode(announced);
            return Announcement.decode(read.encode()).equals(read);
        });
        byte[] booted = mutate(new BootRecord(3, 2, Samples.LINEAGE).encode(), mutations, random);
        valueOrTypedError(() -> {
            BootRecord read = BootRecord.decode(booted);
            return BootRecord.decode(read.encode()).equals(read);
        });
    }

    @Property
    void shouldGiveATypedErrorForArbitraryBytes(@ForAll byte[] bytes) throws Exception {
        valueOrTypedError(() -> ConfigurationCodec.decode(bytes) != null);
        valueOrTypedError(() -> Announcement.decode(bytes) != null);
        valueOrTypedError(() -> BootRecord.decode(bytes) != null);
    }

    private static void valueOrTypedError(Callable<Boolean> reading) throws Exception {
        try {
            assertThat(reading.call()).isTrue();
        } catch (MalformedContentException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    private static byte[] mutate(byte[] bytes, int mutations, Random random) {
        byte[] mutated = bytes.clone();
        for (int i = 0; i < mutations && mutated.length > 0; i++) {
            int at = random.nextInt(mutated.length);
            switch (random.nextInt(4)) {
                case 0 -> mutated[at] = (byte) random.nextInt(256);
                case 1 -> mutated[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> mutated = Arrays.copyOf(mutated, at);
                default -> {
                    byte[] longer = new byte[mutated.length + 1];
                    System.arraycopy(mutated, 0, longer, 0, at);
                    longer[at] = (byte) "=\n,/\\u0".charAt(random.nextInt(7));
                    System.arraycopy(mutated, at, longer, at + 1, mutated.length - at);
                    mutated = longer;
                }
            }
        }
        return mutated;
    }

    @Provide
    Arbitrary<Configuration> configurations() {
        Arbitrary<List<ReplicaId>> inSync = nodes().list()
                .ofMinSize(1)
                .ofMaxSize(7)
                .uniqueElements()
                .map(nodes -> nodes.stream()
                        .map(node -> new ReplicaId(NodeId.of(node), UUID.nameUUIDFromBytes(bytes(node))))
                        .toList());
        return Combinators.combine(
                        inSync,
                        Arbitraries.integers().greaterOrEqual(0),
                        Arbitraries.longs().greaterOrEqual(1),
                        uuids(),
                        Arbitraries.integers().greaterOrEqual(1),
                        Arbitraries.integers().greaterOrEqual(1),
                        Arbitraries.strings().ofMaxLength(50))
                .as((replicas, leader, epoch, uuid, minInSync, featureLevel, reason) -> new Configuration(
                                uuid,
                                epoch,
                                replicas.get(leader % replicas.size()),
                                replicas,
                                minInSync,
                                featureLevel,
                                new UUID(~uuid.getMostSignificantBits(), uuid.getLeastSignificantBits()),
                                reason)
                        .withLeaseNanos(minInSync % 2 == 0 ? 0 : epoch)
                        .withRemoved(
                                featureLevel % 2 == 0 ? List.of() : List.of(NodeId.of("gone-1"), NodeId.of("gone-2"))));
    }

    @Test
    void shouldReadAndWriteMembersWithoutAttributesAsReleasesDoThatKnowNone() throws Exception {
        String without =
                """
                format=1
                instance=5f0c2d4e-0000-4000-8000-000000000001
                node=a
                host=127.0.0.1
                port=7101
                protocolVersion=1
                featureLevel=1
                logs=orders/00000000-0000-4000-8000-00000000000a
                """;
        Announcement read = Announcement.decode(bytes(without));
        assertThat(read.member()).isEqualTo(Samples.member("a", 7101));
        assertThat(read.encode()).isEqualTo(bytes(without));
    }

    @Test
    void shouldRefuseAttributesThatAMemberCannotHave() {
        Announcement sound = new Announcement(Samples.LINEAGE, Samples.member("a", 7101));
        String text = new String(sound.encode(), StandardCharsets.UTF_8);
        assertThatThrownBy(() -> Announcement.decode(bytes(text + "attribute.a b=c\n")))
                .isInstanceOf(MalformedContentException.class)
                .hasMessageContaining("attribute name 'a b'");
    }

    @Provide
    Arbitrary<Member> members() {
        return Combinators.combine(
                        nodes(),
                        Arbitraries.strings().ofMaxLength(30),
                        Arbitraries.integers().between(1, 65535),
                        Arbitraries.integers(),
                        Arbitraries.integers(),
                        Arbitraries.maps(nodes().map(GroupId::of), uuids()).ofMaxSize(5),
                        Arbitraries.maps(
                                        nodes(),
                                        Arbitraries.strings()
                                                .alpha()
                                                .withChars("=\\ ,ü")
                                                .ofMaxLength(12))
                                .ofMaxSize(5))
                .as((node, host, port, protocol, feature, logs, attributes) ->
                        new Member(NodeId.of(node), host, port, protocol, feature, Map.copyOf(logs), attributes));
    }

    private static Arbitrary<UUID> uuids() {
        return Combinators.combine(Arbitraries.longs(), Arbitraries.longs()).as(UUID::new);
    }

    private static Arbitrary<String> nodes() {
        return Combinators.combine(
                        Arbitraries.strings().alpha().numeric().ofLength(1),
                        Arbitraries.strings().withChars("abcXYZ019-_.").ofMaxLength(20))
                .as(String::concat);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
