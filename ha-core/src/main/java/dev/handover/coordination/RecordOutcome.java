package dev.handover.coordination;

import org.jspecify.annotations.Nullable;

/** How a compare-and-set, or a deletion, of a record ended. */
public sealed interface RecordOutcome {
    /**
     * It was done.
     *
     * @param version that the record has now; {@link RecordStore#NOT_EXISTING} after a deletion
     */
    record Applied(int version) implements RecordOutcome {}

    /**
     * The stored version was another one.
     *
     * @param current what was read afterwards, after a sync; null if nothing is stored. It may be the proposal itself, if an attempt whose answer was lost had moved the version and others
     *     have gone on since to the same bytes; whoever must know puts a nonce into each proposal
     */
    record Conflict(@Nullable VersionedRecord current) implements RecordOutcome {}

    /** The answer was lost: it may have been done, or may be done yet. Only a read can tell. */
    record InDoubt(String cause) implements RecordOutcome {}
}
