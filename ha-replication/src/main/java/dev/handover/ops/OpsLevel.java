package dev.handover.ops;

/** How much something asks for attention. */
public enum OpsLevel {
    /** As it should be. */
    OK,
    /** Works, but somebody should look at it soon. */
    WARN,
    /** Somebody should look at it now. */
    BAD
}
