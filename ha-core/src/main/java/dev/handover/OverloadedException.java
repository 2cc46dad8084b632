package dev.handover;

/** A bounded queue is full; the command was surely not applied. Come back later, or slow down. */
public final class OverloadedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public OverloadedException(String message) {
        super(Retry.SAFE, message);
    }
}
