package dev.handover.replication;

import dev.handover.replication.protocol.Sessions;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The sessions in a snapshot (R17). Equal tables give equal bytes.
 *
 * <pre>
 *  format u8 = 1 | count i32 | count x, by ascending id:
 *      id i64 | time-out i64 | deadline i64 | answered below i64 | number of results i32
 *      | for each result: sequence i64 | length i32 | bytes
 * </pre>
 */
final class SessionsCodec {
    private static final int FORMAT = 1;

    private SessionsCodec() {}

    static void write(List<Sessions.Kept> sessions, DataOutput out) throws IOException {
        out.writeByte(FORMAT);
        out.writeInt(sessions.size());
        for (Sessions.Kept session : sessions) {
            out.writeLong(session.id());
            out.writeLong(session.timeoutMillis());
            out.writeLong(session.deadlineMillis());
            out.writeLong(session.answeredBelow());
            out.writeInt(session.results().size());
            for (Map.Entry<Long, byte[]> result : session.results().entrySet()) {
                out.writeLong(result.getKey());
                out.writeInt(result.getValue().length);
                out.write(result.getValue());
            }
        }
    }

    /** @throws IOException if it is something else, or of a later release */
    static Sessions read(DataInput in) throws IOException {
        int format = in.readUnsignedByte();
        if (format != FORMAT) {
            throw new IOException("sessions of format " + format + ", this release reads " + FORMAT
                    + ": a later release wrote the snapshot; start that one");
        }
        int count = in.readInt();
        List<Sessions.Kept> sessions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long id = in.readLong();
            long timeout = in.readLong();
            long deadline = in.readLong();
            long answeredBelow = in.readLong();
            int size = in.readInt();
            TreeMap<Long, byte[]> results = new TreeMap<>();
            for (int r = 0; r < size; r++) {
                long sequence = in.readLong();
                int length = in.readInt();
                if (length < 0) {
                    throw new IOException("a result of " + length + " bytes in session " + id);
                }
                byte[] result = new byte[length];
                in.readFully(result);
                results.put(sequence, result);
            }
            sessions.add(new Sessions.Kept(id, timeout, deadline, answeredBelow, results));
        }
        return Sessions.of(sessions);
    }
}
