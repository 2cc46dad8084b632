package dev.handover.replication;

import dev.handover.replication.protocol.PayloadMemory;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Where commands go that callers give as buffers: one behind the other into blocks, which are used again when nobody holds them. Blocks begin small and grow with what comes, so that a group with
 * few commands has little. Any thread.
 */
final class PayloadPool {
    private static final int SMALLEST = 4 << 10;
    /** Well below what a garbage collector takes for huge. */
    private static final int LARGEST = PayloadMemory.MAX_BYTES;
    /** Longer commands would leave much of a block unused; they get arrays of their own. */
    private static final int LONGEST = PayloadMemory.MAX_PART;
    /** As many wait at most to be used again; what comes beyond goes. */
    private static final int MAX_FREE = 8;

    private final ArrayDeque<byte[]> free = new ArrayDeque<>();
    private @Nullable PayloadBlock open;
    private int capacity;
    private int used;
    private boolean poisons;
    private long reused;
    private boolean closed;

    /** Copies the command to where it stays, for the submission, which is a holder of it from now on. */
    void place(ByteBuffer command, Submission submission) {
        int length = command.remaining();
        if (length > LONGEST) {
            byte[] own = new byte[length];
            command.get(command.position(), own);
            submission.payload(own);
            return;
        }
        synchronized (this) {
            PayloadBlock block = open;
            if (block == null || capacity - used < length) {
                if (block != null) {
                    block.release();
                }
                block = next(length);
            }
            block.retain();
            command.get(command.position(), block.bytes(), used, length);
            submission.payload(block, PayloadMemory.place(used, length));
            used += (length + PayloadMemory.ALIGNMENT - 1) / PayloadMemory.ALIGNMENT * PayloadMemory.ALIGNMENT;
        }
    }

    private PayloadBlock next(int length) {
        capacity = Math.min(LARGEST, Math.max(SMALLEST, 2 * capacity));
        while (capacity < length) {
            capacity *= 2;
        }
        byte[] array = capacity == LARGEST ? free.poll() : null;
        if (array == null) {
            array = new byte[capacity];
        } else {
            reused++;
        }
        PayloadBlock block = new PayloadBlock(array, this::takeBack, poisons);
        open = block;
        used = 0;
        return block;
    }

    private synchronized void takeBack(byte[] array) {
        if (!closed && array.length == LARGEST && free.size() < MAX_FREE) {
            free.push(array);
        }
    }

    /** Nothing is used again from now on. */
    synchronized void close() {
        closed = true;
        free.clear();
    }

    /** For tests: what is let go of is overwritten from now on. */
    synchronized void poison() {
        poisons = true;
    }

    /** How often a block was used again. */
    synchronized long reused() {
        return reused;
    }
}
