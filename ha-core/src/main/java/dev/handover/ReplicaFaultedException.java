package dev.handover;

/** This replica has stopped itself: its disk failed, its log is damaged, or an invariant is broken. The message says which, and what to do. */
public final class ReplicaFaultedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public ReplicaFaultedException(String message) {
        super(Retry.NEVER, message);
    }
}
