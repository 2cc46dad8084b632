package dev.handover.replication.recovery;

/** A forced recovery was not called for, or could do harm; nothing was changed. The message says why, and what to do instead. */
public final class RecoveryRefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RecoveryRefusedException(String message) {
        super(message);
    }
}
