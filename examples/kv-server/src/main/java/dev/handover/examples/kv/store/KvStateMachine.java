package dev.handover.examples.kv.store;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import dev.handover.replication.StateSnapshot;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values in memory. The result depends on the commands alone: no clock, no random numbers, and the map's order shows nowhere.
 * {@link #apply} and {@link #answer} run on the replica's applier thread; the counters may be read from any.
 */
public final class KvStateMachine implements StateMachine {
    /** Longest value. */
    public static final int MAX_VALUE_BYTES = 8 * 1024 * 1024;

    /** Longest key. */
    public static final int MAX_KEY_BYTES = 64 * 1024;

    private final Map<Key, byte[]> values = new HashMap<>();
    private final Map<String, String> addresses = new ConcurrentHashMap<>();
    private long bytes;
    private volatile long size;
    private volatile long dataBytes;

    @Override
    public byte[] apply(Command command) {
        List<Write> writes = WriteCodec.decode(command.payload());
        List<Answer> answers = new ArrayList<>(writes.size());
        for (Write write : writes) {
            answers.add(apply(write));
        }
        size = values.size();
        dataBytes = bytes;
        return AnswerCodec.encode(answers);
    }

    /**
     * A copy of the map, which shares keys and values: neither is ever changed. Commands wait while the map is copied, which takes the longer the more keys there are; values are not touched.
     */
    @Override
    public StateSnapshot snapshot() {
        Map<Key, byte[]> frozen = new HashMap<>(values);
        Map<String, String> frozenAddresses = new TreeMap<>(addresses);
        return (StateSnapshot.Handle) out -> KvSnapshot.write(frozen, frozenAddresses, out);
    }

    @Override
    public void restore(InputStream in) throws IOException {
        values.clear();
        addresses.clear();
        bytes = 0;
        KvSnapshot.read(in, this::set, addresses::put);
        size = values.size();
        dataBytes = bytes;
    }

    /** Answers from what has been applied. On the applier thread only. */
    public Answer answer(Read read) {
        if (read instanceof Read.Get get) {
            byte[] value = values.get(new Key(get.key()));
            return value == null ? Answer.Nil.INSTANCE : new Answer.Bytes(value);
        } else if (read instanceof Read.GetAll all) {
            List<byte @Nullable []> found = new ArrayList<>(all.keys().size());
            for (byte[] key : all.keys()) {
                found.add(values.get(new Key(key)));
            }
            return new Answer.Many(found);
        } else if (read instanceof Read.Exists exists) {
            long count = 0;
            for (byte[] key : exists.keys()) {
                count += values.containsKey(new Key(key)) ? 1 : 0;
            }
            return new Answer.Number(count);
        } else if (read instanceof Read.Length length) {
            byte[] value = values.get(new Key(length.key()));
            return new Answer.Number(value == null ? 0 : value.length);
        }
        return new Answer.Number(values.size());
    }

    /**
     * A number that two replicas have in common if and, but for a chance of one in 2^128, only if they hold the same; in hexadecimal. Reads everything; on the applier thread only.
     */
    public String digest() {
        StateDigest digest = new StateDigest();
        values.forEach((key, value) -> digest.add('v', key.bytes(), value));
        addresses.forEach((node, address) ->
                digest.add('a', node.getBytes(StandardCharsets.UTF_8), address.getBytes(StandardCharsets.UTF_8)));
        return digest.hex();
    }

    /** How many keys this replica has applied. */
    public long size() {
        return size;
    }

    /** Bytes of all keys and values that this replica has applied. */
    public long dataBytes() {
        return dataBytes;
    }

    /** Where that node answers clients, {@code host:port}, as it has announced; null if it has not. */
    public @Nullable String addressOf(String node) {
        return addresses.get(node);
    }

    private Answer apply(Write write) {
        if (write instanceof Write.Put put) {
            return put(put);
        } else if (write instanceof Write.Remove remove) {
            long removed = 0;
            for (byte[] key : remove.keys()) {
                removed += remove(new Key(key)) ? 1 : 0;
            }
            return new Answer.Number(removed);
        } else if (write instanceof Write.Add add) {
            return add(add);
        } else if (write instanceof Write.Append append) {
            return append(append);
        } else if (write instanceof Write.PutAll all) {
            for (int i = 0; i < all.keysAndValues().size(); i += 2) {
                set(new Key(all.keysAndValues().get(i)), all.keysAndValues().get(i + 1));
            }
            return Answer.Done.INSTANCE;
        } else if (write instanceof Write.CompareAndSet cas) {
            Key key = new Key(cas.key());
            byte[] value = values.get(key);
            if (value == null || !Arrays.equals(value, cas.expected())) {
                return new Answer.Number(0);
            }
            set(key, cas.value());
            return new Answer.Number(1);
        }
        Write.Announce announce = (Write.Announce) write;
        addresses.put(announce.node(), announce.address());
        return Answer.Done.INSTANCE;
    }

    private Answer put(Write.Put put) {
        Key key = new Key(put.key());
        boolean holds =
                switch (put.condition()) {
                    case ALWAYS -> true;
                    case IF_ABSENT -> !values.containsKey(key);
                    case IF_PRESENT -> values.containsKey(key);
                };
        if (!holds) {
            return Answer.Nil.INSTANCE;
        }
        set(key, put.value());
        return Answer.Done.INSTANCE;
    }

    private Answer add(Write.Add add) {
        Key key = new Key(add.key());
        byte[] text = values.get(key);
        OptionalLong old = text == null ? OptionalLong.of(0) : Decimal.parse(text);
        if (old.isEmpty()) {
            return new Answer.Refused(Answer.Reason.NOT_AN_INTEGER);
        }
        long a = old.getAsLong();
        long sum = a + add.delta();
        if (((a ^ sum) & (add.delta() ^ sum)) < 0) {
            return new Answer.Refused(Answer.Reason.OVERFLOW);
        }
        set(key, Decimal.format(sum));
        return new Answer.Number(sum);
    }

    private Answer append(Write.Append append) {
        Key key = new Key(append.key());
        byte[] old = values.get(key);
        if (old == null) {
            set(key, append.suffix());
            return new Answer.Number(append.suffix().length);
        }
        if (old.length + append.suffix().length > MAX_VALUE_BYTES) {
            return new Answer.Refused(Answer.Reason.TOO_LONG);
        }
        byte[] longer = Arrays.copyOf(old, old.length + append.suffix().length);
        System.arraycopy(append.suffix(), 0, longer, old.length, append.suffix().length);
        set(key, longer);
        return new Answer.Number(longer.length);
    }

    private void set(Key key, byte[] value) {
        byte[] old = values.put(key, value);
        bytes += old == null ? key.length() + value.length : value.length - old.length;
    }

    private boolean remove(Key key) {
        byte[] old = values.remove(key);
        if (old == null) {
            return false;
        }
        bytes -= key.length() + old.length;
        return true;
    }
}
