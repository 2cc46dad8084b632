package dev.handover.examples.kv.store;

import dev.handover.examples.kv.store.Write.Condition;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes as bytes of one log entry. One entry carries all writes that a client had sent together:
 *
 * <pre>
 *   version (1 byte, now 1) | count (number) | write | write | ...
 *   write = code (1 byte) | its parts, each length (number) + bytes; of lists their count before
 * </pre>
 *
 * Numbers as in {@link Binary}. What the log holds must stay readable: codes are never given a new meaning.
 */
public final class WriteCodec {
    private static final byte VERSION = 1;
    private static final byte PUT = 1;
    private static final byte PUT_IF_ABSENT = 2;
    private static final byte PUT_IF_PRESENT = 3;
    private static final byte REMOVE = 4;
    private static final byte ADD = 5;
    private static final byte APPEND = 6;
    private static final byte PUT_ALL = 7;
    private static final byte COMPARE_AND_SET = 8;
    private static final byte ANNOUNCE = 9;

    private WriteCodec() {}

    /** Bytes that the write needs within an entry. */
    public static int sizeOf(Write write) {
        if (write instanceof Write.Put put) {
            return 1 + Binary.sizeOf(put.key()) + Binary.sizeOf(put.value());
        } else if (write instanceof Write.Remove remove) {
            return 1 + sizeOf(remove.keys());
        } else if (write instanceof Write.Add add) {
            return 1 + Binary.sizeOf(add.key()) + Binary.sizeOf(Binary.zigzag(add.delta()));
        } else if (write instanceof Write.Append append) {
            return 1 + Binary.sizeOf(append.key()) + Binary.sizeOf(append.suffix());
        } else if (write instanceof Write.PutAll all) {
            return 1 + sizeOf(all.keysAndValues());
        } else if (write instanceof Write.CompareAndSet cas) {
            return 1 + Binary.sizeOf(cas.key()) + Binary.sizeOf(cas.expected()) + Binary.sizeOf(cas.value());
        }
        Write.Announce announce = (Write.Announce) write;
        return 1 + Binary.sizeOf(utf8(announce.node())) + Binary.sizeOf(utf8(announce.address()));
    }

    /** All the writes as one entry. */
    public static byte[] encode(List<? extends Write> writes) {
        int size = 1 + Binary.sizeOf(writes.size());
        for (Write write : writes) {
            size = Math.addExact(size, sizeOf(write));
        }
        ByteBuffer out = ByteBuffer.allocate(size);
        out.put(VERSION);
        Binary.putNumber(out, writes.size());
        for (Write write : writes) {
            put(out, write);
        }
        return out.array();
    }

    /**
     * The writes of an entry.
     *
     * @throws IllegalArgumentException if these are not the bytes of an entry, or of one from a newer version
     */
    public static List<Write> decode(byte[] entry) {
        ByteBuffer in = ByteBuffer.wrap(entry);
        if (!in.hasRemaining() || in.get() != VERSION) {
            throw new IllegalArgumentException("entry of " + entry.length + " bytes does not begin with version "
                    + VERSION + ": was it written by a newer kv-server, or by another application in the same group?");
        }
        int count = Binary.length(in);
        List<Write> writes = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            writes.add(write(in));
        }
        if (in.hasRemaining()) {
            throw new IllegalArgumentException(in.remaining() + " bytes after the last write");
        }
        return writes;
    }

    private static void put(ByteBuffer out, Write write) {
        if (write instanceof Write.Put put) {
            out.put(
                    switch (put.condition()) {
                        case ALWAYS -> PUT;
                        case IF_ABSENT -> PUT_IF_ABSENT;
                        case IF_PRESENT -> PUT_IF_PRESENT;
                    });
            Binary.putBytes(out, put.key());
            Binary.putBytes(out, put.value());
        } else if (write instanceof Write.Remove remove) {
            putList(out.put(REMOVE), remove.keys());
        } else if (write instanceof Write.Add add) {
            Binary.putBytes(out.put(ADD), add.key());
            Binary.putNumber(out, Binary.zigzag(add.delta()));
        } else if (write instanceof Write.Append append) {
            Binary.putBytes(out.put(APPEND), append.key());
            Binary.putBytes(out, append.suffix());
        } else if (write instanceof Write.PutAll all) {
            putList(out.put(PUT_ALL), all.keysAndValues());
        } else if (write instanceof Write.CompareAndSet cas) {
            Binary.putBytes(out.put(COMPARE_AND_SET), cas.key());
            Binary.putBytes(out, cas.expected());
            Binary.putBytes(out, cas.value());
        } else if (write instanceof Write.Announce announce) {
            Binary.putBytes(out.put(ANNOUNCE), utf8(announce.node()));
            Binary.putBytes(out, utf8(announce.address()));
        }
    }

    private static Write write(ByteBuffer in) {
        byte code = in.hasRemaining() ? in.get() : 0;
        return switch (code) {
            case PUT -> new Write.Put(Binary.bytes(in), Binary.bytes(in), Condition.ALWAYS);
            case PUT_IF_ABSENT -> new Write.Put(Binary.bytes(in), Binary.bytes(in), Condition.IF_ABSENT);
            case PUT_IF_PRESENT -> new Write.Put(Binary.bytes(in), Binary.bytes(in), Condition.IF_PRESENT);
            case REMOVE -> new Write.Remove(list(in));
            case ADD -> new Write.Add(Binary.bytes(in), Binary.unzigzag(Binary.number(in)));
            case APPEND -> new Write.Append(Binary.bytes(in), Binary.bytes(in));
            case PUT_ALL -> new Write.PutAll(pairs(in));
            case COMPARE_AND_SET -> new Write.CompareAndSet(Binary.bytes(in), Binary.bytes(in), Binary.bytes(in));
            case ANNOUNCE -> new Write.Announce(text(in), text(in));
            default ->
                throw new IllegalArgumentException(
                        "unknown write " + code + ": was the entry written by a newer kv-server?");
        };
    }

    private static int sizeOf(List<byte[]> list) {
        int size = Binary.sizeOf(list.size());
        for (byte[] bytes : list) {
            size = Math.addExact(size, Binary.sizeOf(bytes));
        }
        return size;
    }

    private static void putList(ByteBuffer out, List<byte[]> list) {
        Binary.putNumber(out, list.size());
        for (byte[] bytes : list) {
            Binary.putBytes(out, bytes);
        }
    }

    private static List<byte[]> list(ByteBuffer in) {
        int count = Binary.length(in);
        List<byte[]> list = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            list.add(Binary.bytes(in));
        }
        return list;
    }

    private static List<byte[]> pairs(ByteBuffer in) {
        List<byte[]> list = list(in);
        if (list.size() % 2 != 0) {
            throw new IllegalArgumentException(list.size() + " keys and values do not make pairs");
        }
        return list;
    }

    private static String text(ByteBuffer in) {
        return new String(Binary.bytes(in), StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
