package dev.handover.coordination;

import org.jspecify.annotations.Nullable;

/** How a compare-and-set ended. */
public sealed interface CasOutcome {
    /** The proposal is the stored configuration. */
    record Applied(VersionedConfiguration stored) implements CasOutcome {}

    /**
     * The stored version was another one.
     *
     * @param current what was read afterwards, after a sync; null if nothing is stored. It may be the proposal itself (compare the
     *     nonce): an attempt whose answer was lost can be what moved the version
     */
    record Conflict(@Nullable VersionedConfiguration current) implements CasOutcome {}

    /** The answer was lost: the proposal may have been stored, or may be stored yet. Only a read can tell (R10). */
    record InDoubt(String cause) implements CasOutcome {}
}
