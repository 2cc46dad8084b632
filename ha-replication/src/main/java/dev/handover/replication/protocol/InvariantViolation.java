package dev.handover.replication.protocol;

/** Something that must never be has happened; the replica stops itself. */
final class InvariantViolation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    InvariantViolation(String message) {
        super(message);
    }
}
