package dev.handover.leadership;

import dev.handover.Registration;
import java.util.function.Consumer;

/** Something that decides who leads: an election, or the group of a replicated log. */
public interface LeadershipSource {
    /** What is known now. Does not block. */
    Leadership current();

    /**
     * Tells what is known now and every change of it, on a thread of the source, one call at a time, in order. A slow listener misses states in
     * between, never the last one.
     */
    Registration listen(Consumer<? super Leadership> listener);
}
