package dev.handover.examples.kv.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.handover.examples.kv.store.Write.Condition;
import dev.handover.replication.Command;
import dev.handover.replication.StateSnapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The store beside a naive twin on strings, and the bytes of its entries. */
class KvStateMachineTest {
    @Property(tries = 500)
    void shouldDoWhatANaiveTwinDoes(@ForAll("histories") List<List<Write>> history) {
        KvStateMachine store = new KvStateMachine();
        Twin twin = new Twin();
        long index = 0;
        for (List<Write> writes : history) {
            byte[] result = store.apply(new Command(++index, 1, 0, WriteCodec.encode(writes)));
            List<String> expected = writes.stream().map(twin::apply).toList();
            assertThat(AnswerCodec.decode(result).stream().map(KvStateMachineTest::text))
                    .isEqualTo(expected);
        }
        assertThat(store.size()).isEqualTo(twin.values.size());
        assertThat(store.dataBytes())
                .isEqualTo(twin.values.entrySet().stream()
                        .mapToLong(e -> e.getKey().length() + e.getValue().length())
                        .sum());
        for (String key : List.of("", "a", "b", "c")) {
            String value = twin.values.get(key);
            assertThat(text(store.answer(new Read.Get(bytes(key))))).isEqualTo(value == null ? "nil" : value);
            assertThat(store.answer(new Read.Length(bytes(key))))
                    .isEqualTo(new Answer.Number(value == null ? 0 : value.length()));
        }
    }

    @Property(tries = 500)
    void shouldRestoreTheStateOfTheMomentWhateverWasAppliedBeforeItWasWritten(
            @ForAll("histories") List<List<Write>> before, @ForAll("histories") List<List<Write>> after)
            throws IOException {
        KvStateMachine store = new KvStateMachine();
        KvStateMachine twin = new KvStateMachine();
        before.forEach(writes -> store.apply(new Command(1, 1, 0, WriteCodec.encode(writes))));
        before.forEach(writes -> twin.apply(new Command(1, 1, 0, WriteCodec.encode(writes))));
        StateSnapshot.Handle snapshot = (StateSnapshot.Handle) store.snapshot();
        after.forEach(writes -> store.apply(new Command(2, 1, 0, WriteCodec.encode(writes))));
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        snapshot.write(written);
        KvStateMachine restored = new KvStateMachine();
        after.forEach(writes -> restored.apply(new Command(2, 1, 0, WriteCodec.encode(writes))));
        restored.restore(new ByteArrayInputStream(written.toByteArray()));
        assertThat(restored.size()).isEqualTo(twin.size());
        assertThat(restored.dataBytes()).isEqualTo(twin.dataBytes());
        assertThat(restored.digest()).isEqualTo(twin.digest());
        for (String key : List.of("", "a", "b", "c")) {
            assertThat(text(restored.answer(new Read.Get(bytes(key)))))
                    .isEqualTo(text(twin.answer(new Read.Get(bytes(key)))));
        }
        for (String node : List.of("a", "b", "c", "n", "node")) {
            assertThat(restored.addressOf(node)).isEqualTo(twin.addressOf(node));
        }
    }

    @Property(tries = 500)
    void shouldHaveTheDigestOfItsContentAlone(
            @ForAll("histories") List<List<Write>> one, @ForAll("histories") List<List<Write>> other) {
        KvStateMachine store = new KvStateMachine();
        KvStateMachine second = new KvStateMachine();
        Twin twin = new Twin();
        Twin secondTwin = new Twin();
        for (List<Write> writes : one) {
            store.apply(new Command(1, 1, 0, WriteCodec.encode(writes)));
            writes.forEach(twin::apply);
        }
        for (List<Write> writes : other) {
            second.apply(new Command(1, 1, 0, WriteCodec.encode(writes)));
            writes.forEach(secondTwin::apply);
        }
        boolean same = twin.values.equals(secondTwin.values) && addresses(store).equals(addresses(second));
        assertThat(store.digest().equals(second.digest())).isEqualTo(same);
    }

    private static List<String> addresses(KvStateMachine store) {
        return Stream.of("a", "b", "c", "n", "node")
                .map(node -> String.valueOf(store.addressOf(node)))
                .toList();
    }

    @Property(tries = 500)
    void shouldReadBackTheEntriesItWrites(@ForAll("histories") List<List<Write>> history) {
        for (List<Write> writes : history) {
            byte[] entry = WriteCodec.encode(writes);
            assertThat(entry)
                    .hasSize(
                            1 + 1 + writes.stream().mapToInt(WriteCodec::sizeOf).sum());
            assertThat(WriteCodec.decode(entry)).usingRecursiveComparison().isEqualTo(writes);
        }
    }

    @Property(tries = 2000)
    void shouldRefuseDamagedEntriesWithoutAllocatingWhatTheyAnnounce(
            @ForAll("histories") List<List<Write>> history, @ForAll int position, @ForAll byte damage) {
        byte[] entry = WriteCodec.encode(history.get(0));
        entry[Math.floorMod(position, entry.length)] = damage;
        try {
            WriteCodec.decode(entry);
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageMatching("(?s).+");
        }
    }

    @Example
    void shouldRefuseEntriesOfAnotherVersion() {
        assertThatThrownBy(() -> WriteCodec.decode(new byte[] {2, 0}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("version 1");
        assertThatThrownBy(() -> WriteCodec.decode(new byte[0])).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> WriteCodec.decode(new byte[] {1, 1, 99})).hasMessageContaining("unknown write 99");
        assertThatThrownBy(() -> WriteCodec.decode(new byte[] {1, 0, 0})).hasMessageContaining("after the last");
    }

    @Property
    void shouldReadNumbersAsTheyAreWritten(@ForAll long number) {
        assertThat(Decimal.parse(Decimal.format(number))).hasValue(number);
    }

    @Property
    void shouldReadOnlyNumbersThatWriteBackTheSame(@ForAll("almostNumbers") String text) {
        boolean number = text.matches("0|-?[1-9][0-9]{0,30}") && new BigInteger(text).bitLength() < Long.SIZE;
        assertThat(Decimal.parse(bytes(text)).isPresent()).as(text).isEqualTo(number);
    }

    @Provide
    Arbitrary<String> almostNumbers() {
        return Arbitraries.oneOf(
                Arbitraries.strings().withChars("-+0129 x").ofMaxLength(4),
                Arbitraries.bigIntegers()
                        .between(new BigInteger("-9223372036854775900"), new BigInteger("-9223372036854775700"))
                        .map(BigInteger::toString),
                Arbitraries.bigIntegers()
                        .between(new BigInteger("9223372036854775700"), new BigInteger("92233720368547759000"))
                        .map(BigInteger::toString));
    }

    @Provide
    Arbitrary<List<List<Write>>> histories() {
        Arbitrary<byte[]> keys = Arbitraries.of("", "a", "b", "c").map(KvStateMachineTest::bytes);
        Arbitrary<byte[]> values = Arbitraries.oneOf(
                        Arbitraries.of("", "0", "-1", "9223372036854775807", "-9223372036854775808", "x", "12"),
                        Arbitraries.strings().ascii().ofMaxLength(200))
                .map(KvStateMachineTest::bytes);
        Arbitrary<Write> writes = Arbitraries.oneOf(
                Combinators.combine(keys, values, Arbitraries.of(Condition.class))
                        .as(Write.Put::new),
                keys.list().ofMinSize(1).ofMaxSize(3).map(Write.Remove::new),
                Combinators.combine(keys, Arbitraries.longs()).as(Write.Add::new),
                Combinators.combine(keys, values).as(Write.Append::new),
                Combinators.combine(keys, values, keys, values)
                        .as((a, b, c, d) -> new Write.PutAll(List.of(a, b, c, d))),
                Combinators.combine(keys, values, values).as(Write.CompareAndSet::new));
        return writes.list().ofMinSize(1).ofMaxSize(20).list().ofMinSize(1).ofMaxSize(5);
    }

    private static String text(Answer answer) {
        if (answer instanceof Answer.Number number) {
            return Long.toString(number.value());
        } else if (answer instanceof Answer.Bytes bytes) {
            return new String(bytes.value(), StandardCharsets.ISO_8859_1);
        } else if (answer instanceof Answer.Refused refused) {
            return refused.reason().name();
        }
        return answer instanceof Answer.Done ? "ok" : "nil";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** The same on strings, as plainly as it goes. */
    private static final class Twin {
        private final Map<String, String> values = new TreeMap<>();

        String apply(Write write) {
            if (write instanceof Write.Put put) {
                boolean there = values.containsKey(string(put.key()));
                if (put.condition() == Condition.IF_ABSENT && there
                        || put.condition() == Condition.IF_PRESENT && !there) {
                    return "nil";
                }
                values.put(string(put.key()), string(put.value()));
                return "ok";
            } else if (write instanceof Write.Remove remove) {
                List<String> removed = new ArrayList<>();
                remove.keys().forEach(key -> {
                    if (values.remove(string(key)) != null) {
                        removed.add(string(key));
                    }
                });
                return Integer.toString(removed.size());
            } else if (write instanceof Write.Add add) {
                String old = values.getOrDefault(string(add.key()), "0");
                if (!old.matches("0|-?[1-9][0-9]*") || new BigInteger(old).bitLength() >= Long.SIZE) {
                    return "NOT_AN_INTEGER";
                }
                BigInteger sum = new BigInteger(old).add(BigInteger.valueOf(add.delta()));
                if (sum.bitLength() >= Long.SIZE) {
                    return "OVERFLOW";
                }
                values.put(string(add.key()), sum.toString());
                return sum.toString();
            } else if (write instanceof Write.Append append) {
                values.merge(string(append.key()), string(append.suffix()), String::concat);
                return Integer.toString(values.get(string(append.key())).length());
            } else if (write instanceof Write.PutAll all) {
                for (int i = 0; i < all.keysAndValues().size(); i += 2) {
                    values.put(
                            string(all.keysAndValues().get(i)),
                            string(all.keysAndValues().get(i + 1)));
                }
                return "ok";
            }
            Write.CompareAndSet cas = (Write.CompareAndSet) write;
            return values.replace(string(cas.key()), string(cas.expected()), string(cas.value())) ? "1" : "0";
        }

        private static String string(byte[] bytes) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }
}
