package dev.handover.jmh.snapshots;

import dev.handover.replication.Command;
import dev.handover.replication.StateMachine;
import dev.handover.replication.StateSnapshot;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A state of a given size, outside of the heap so that the figures are not those of a garbage collector, and a count of commands. Commands do not change the large part; so a snapshot of it needs no copy.
 */
final class LargeState implements StateMachine {
    private static final int PART = 16 << 20;
    private static final int COPY = 64 << 10;
    private static final byte[] NO_ANSWER = new byte[0];

    private final List<ByteBuffer> parts = new ArrayList<>();
    private final long bytes;
    private volatile long commands;

    LargeState(long bytes) {
        this.bytes = bytes;
        for (long left = bytes; left > 0; left -= PART) {
            parts.add(ByteBuffer.allocateDirect((int) Math.min(PART, left)));
        }
    }

    /** With something in it that no disk or wire could make smaller. */
    LargeState filled() {
        SplittableRandom random = new SplittableRandom(1);
        for (ByteBuffer part : parts) {
            while (part.remaining() >= Long.BYTES) {
                part.putLong(random.nextLong());
            }
            part.clear();
        }
        return this;
    }

    /** How many commands were applied, those in a restored snapshot too. */
    long commands() {
        return commands;
    }

    @Override
    public byte[] apply(Command command) {
        long applied = commands + 1; // written by the applier thread only
        commands = applied;
        return NO_ANSWER;
    }

    @Override
    public StateSnapshot snapshot() {
        long now = commands;
        return (StateSnapshot.Handle) to -> {
            DataOutputStream out = new DataOutputStream(to);
            out.writeLong(now);
            out.writeLong(bytes);
            byte[] copy = new byte[COPY];
            for (ByteBuffer part : parts) {
                ByteBuffer view = part.duplicate().clear();
                while (view.hasRemaining()) {
                    int some = Math.min(COPY, view.remaining());
                    view.get(copy, 0, some);
                    out.write(copy, 0, some);
                }
            }
            out.flush();
        };
    }

    @Override
    public void restore(InputStream from) throws IOException {
        DataInputStream in = new DataInputStream(from);
        long restored = in.readLong();
        long there = in.readLong();
        if (there != bytes) {
            throw new IOException("a state of " + there + " bytes for a machine of " + bytes);
        }
        byte[] copy = new byte[COPY];
        for (ByteBuffer part : parts) {
            ByteBuffer view = part.duplicate().clear();
            while (view.hasRemaining()) {
                int some = Math.min(COPY, view.remaining());
                in.readFully(copy, 0, some);
                view.put(copy, 0, some);
            }
        }
        commands = restored;
    }
}
