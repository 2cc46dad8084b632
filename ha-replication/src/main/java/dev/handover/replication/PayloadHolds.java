package dev.handover.replication;

import dev.handover.replication.protocol.LogEntry;
import dev.handover.replication.protocol.PayloadMemory;
import dev.handover.replication.protocol.Proposed;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * While this replica leads: holds the memory of commands ({@link PayloadPool}) for whoever may read them through the log. Belongs to the loop.
 *
 * <p>A command has three kinds of holders. Its {@link Submission}, until it is answered, because it may have to be sent again. Its entry, from before the core gets it until it is on disk and applied
 * here and the core has forgotten it; that is one hold for all that was proposed together. And each message that carries its entry, until the transport says that it has copied that. In doubt a hold is
 * never given up, and the garbage collector has the memory: when the leadership ends, all that the entries have; and all of a transport that does not say when it has copied.
 */
final class PayloadHolds {
    private record Run(long lastIndex, PayloadBlock[] blocks) {}

    /** Releases once, however often it is told that the copy is made. */
    private static final class Copied extends AtomicReference<PayloadBlock @Nullable []> implements Runnable {
        private static final long serialVersionUID = 1;

        Copied(PayloadBlock[] blocks) {
            super(blocks);
        }

        @Override
        public void run() {
            PayloadBlock[] blocks = getAndSet(null);
            if (blocks != null) {
                release(blocks);
            }
        }
    }

    private static final PayloadBlock[] NONE = {};

    private final Deque<Run> runs = new ArrayDeque<>();
    private final List<PayloadBlock> proposed = new ArrayList<>();
    private final List<PayloadBlock> sent = new ArrayList<>();
    private long epoch;

    /** The core is about to get these. */
    void proposing(List<? extends Proposed> proposals) {
        proposed.clear(); // of what the core never spoke of again: in doubt
        PayloadBlock last = null;
        for (Proposed proposal : proposals) {
            last = hold(proposal.memory(), last, proposed);
        }
    }

    /** The core has made entries of them. */
    void accepted(int count, long firstIndex, long inEpoch) {
        if (inEpoch != epoch || !runs.isEmpty() && runs.getLast().lastIndex >= firstIndex) {
            runs.clear(); // in doubt
            epoch = inEpoch;
        }
        if (!proposed.isEmpty()) {
            runs.add(new Run(firstIndex + count - 1, proposed.toArray(NONE)));
            proposed.clear();
        }
    }

    /** The core has made no entries of them. */
    void rejected() {
        release(proposed.toArray(NONE));
        proposed.clear();
    }

    /** Nobody gets an entry up to here from the core any more, and the disk and the state machine have done with them. */
    void settled(long index) {
        while (!runs.isEmpty() && runs.getFirst().lastIndex <= index) {
            release(runs.removeFirst().blocks);
        }
    }

    /** The leadership has ended: the entries may be cut off, replaced, and sent by others. */
    void lost() {
        runs.clear();
        proposed.clear();
    }

    /** The entries are about to be sent: what is to be run when they have been copied; null if that is of no interest. */
    @Nullable
    Runnable sending(List<LogEntry> entries) {
        PayloadBlock last = null;
        for (int i = 0; i < entries.size(); i++) {
            last = hold(entries.get(i).memory(), last, sent);
        }
        if (sent.isEmpty()) {
            return null;
        }
        Copied copied = new Copied(sent.toArray(NONE));
        sent.clear();
        return copied;
    }

    /** Neighbours are mostly in one block, which is held once for them. */
    private static @Nullable PayloadBlock hold(
            @Nullable PayloadMemory memory, @Nullable PayloadBlock last, List<PayloadBlock> held) {
        if (memory == last || !(memory instanceof PayloadBlock block)) {
            return last;
        }
        block.retain();
        held.add(block);
        return block;
    }

    private static void release(PayloadBlock[] blocks) {
        for (PayloadBlock block : blocks) {
            block.release();
        }
    }
}
