package dev.handover.spring;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/**
 * A command with what a trace needs to go on at another node. The log knows nothing of it; {@link ObservedStateMachine} takes the command out again.
 *
 * <pre>
 * 8 bytes    HO-TRACE
 * 2 bytes    number of entries
 * entries    key and value, each as 2 bytes length and modified UTF-8
 * the rest   the command
 * </pre>
 *
 * <p>A command that happens to begin with these 8 bytes is always put into an envelope, so that nothing else is ever taken for one.
 */
record CommandEnvelope(Map<String, String> trace, byte[] command) {
    private static final byte[] MAGIC = "HO-TRACE".getBytes(StandardCharsets.US_ASCII);

    /** Whether this is one. */
    static boolean is(byte[] bytes) {
        return bytes.length >= MAGIC.length && Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length);
    }

    /** What to submit: the command itself if there is no trace. */
    static byte[] seal(Map<String, String> trace, byte[] command) {
        if (trace.isEmpty() && !is(command)) {
            return command;
        }
        ByteArrayOutputStream wrapped = new ByteArrayOutputStream(command.length + 128);
        try (DataOutputStream out = new DataOutputStream(wrapped)) {
            out.write(MAGIC);
            out.writeShort(trace.size());
            for (Map.Entry<String, String> entry : trace.entrySet()) {
                out.writeUTF(entry.getKey());
                out.writeUTF(entry.getValue());
            }
            out.write(command);
        } catch (IOException e) {
            throw new UncheckedIOException("a trace context cannot be written: " + e.getMessage(), e);
        }
        return wrapped.toByteArray();
    }

    /** Reads one; for bytes that {@link #is} has accepted. */
    static CommandEnvelope open(byte[] wrapped) {
        ByteArrayInputStream bytes = new ByteArrayInputStream(wrapped, MAGIC.length, wrapped.length - MAGIC.length);
        try (DataInputStream in = new DataInputStream(bytes)) {
            Map<String, String> trace = new TreeMap<>();
            for (int left = in.readUnsignedShort(); left > 0; left--) {
                trace.put(in.readUTF(), in.readUTF());
            }
            return new CommandEnvelope(trace, in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException("the command is no whole envelope: " + e.getMessage(), e);
        }
    }
}
