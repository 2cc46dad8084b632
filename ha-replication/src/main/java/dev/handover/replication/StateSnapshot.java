package dev.handover.replication;

import java.io.IOException;
import java.io.OutputStream;

/**
 * The state of a {@link StateMachine} as it was when {@link StateMachine#snapshot} was called, on its way to the disk. Commands go on being applied while it is written; none of their effects may
 * show in it. There are two kinds: {@link Handle} for machines that can keep the old state beside the new one cheaply, {@link Pieces} for those that cannot.
 */
public sealed interface StateSnapshot {
    /** Releases what it holds. Called once, on the applier thread, after the writing has ended, well or not. */
    default void close() {}

    /**
     * A state that stays as it is: a persistent (copy-on-write) map, or a copy of a small one. Written in one go.
     *
     * <pre>{@code
     * public StateSnapshot snapshot() {
     *     PersistentMap frozen = map; // apply() replaces the field and never changes the map
     *     return (StateSnapshot.Handle) out -> frozen.writeTo(out);
     * }
     * }</pre>
     */
    non-sealed interface Handle extends StateSnapshot {
        /** Writes everything that {@link StateMachine#restore} needs. On a thread of its own, while commands are applied; may take its time, and is slowed down by the disk. */
        void write(OutputStream out) throws IOException;
    }

    /**
     * A state that is cut into pieces, each written between two commands. What a command changes before its piece was written must be put aside by the machine, so that the piece shows it as it was.
     *
     * <pre>{@code
     * public boolean writeNext(OutputStream out) throws IOException {
     *     for (int i = 0; i < 256 && next < table.length; i++, next++) {
     *         Row row = changed.getOrDefault(next, table[next]); // apply() puts the old row into 'changed' if index >= next
     *         row.writeTo(out);
     *     }
     *     return next < table.length;
     * }
     * }</pre>
     */
    non-sealed interface Pieces extends StateSnapshot {
        /**
         * Writes the next piece. On the applier thread, between two commands, which wait as long: keep a piece to some hundred kilobytes. {@code out} is memory.
         *
         * @return whether there are more
         */
        boolean writeNext(OutputStream out) throws IOException;
    }
}
