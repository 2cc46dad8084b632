package dev.handover.examples.kv.store;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Keys and values in a snapshot.
 *
 * <pre>
 *  format u8 = 1 | addresses i32 x { node str | address str } | keys i32 x { length i32 | key | length i32 | value }
 * </pre>
 */
final class KvSnapshot {
    private static final int FORMAT = 1;

    private KvSnapshot() {}

    static void write(Map<Key, byte[]> values, Map<String, String> addresses, OutputStream to) throws IOException {
        DataOutputStream out = new DataOutputStream(to);
        out.writeByte(FORMAT);
        out.writeInt(addresses.size());
        for (Map.Entry<String, String> address : addresses.entrySet()) {
            out.writeUTF(address.getKey());
            out.writeUTF(address.getValue());
        }
        out.writeInt(values.size());
        for (Map.Entry<Key, byte[]> entry : values.entrySet()) {
            writeBytes(entry.getKey().bytes(), out);
            writeBytes(entry.getValue(), out);
        }
        out.flush();
    }

    static void read(InputStream from, BiConsumer<Key, byte[]> values, BiConsumer<String, String> addresses)
            throws IOException {
        DataInputStream in = new DataInputStream(new BufferedInputStream(from, 64 << 10));
        int format = in.readUnsignedByte();
        if (format != FORMAT) {
            throw new IOException("keys and values of format " + format + ", this release reads " + FORMAT
                    + ": a later release wrote the snapshot; start that one");
        }
        for (int left = in.readInt(); left > 0; left--) {
            addresses.accept(in.readUTF(), in.readUTF());
        }
        for (int left = in.readInt(); left > 0; left--) {
            values.accept(new Key(readBytes(in)), readBytes(in));
        }
    }

    private static void writeBytes(byte[] bytes, DataOutputStream out) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        int length = in.readInt();
        if (length < 0) {
            throw new IOException("a key or value of " + length + " bytes");
        }
        byte[] bytes = in.readNBytes(length); // allocates as it reads
        if (bytes.length < length) {
            throw new EOFException("the snapshot ends in a key or value");
        }
        return bytes;
    }
}
