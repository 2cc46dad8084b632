package dev.handover;

/** This replica or its node was closed. */
public final class ReplicaClosedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public ReplicaClosedException(String message) {
        super(Retry.NEVER, message);
    }
}
