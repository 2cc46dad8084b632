package dev.handover;

/** A newer epoch exists: whoever used this one is no longer the leader. */
public final class FencedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public FencedException(String message) {
        super(Retry.NEVER, message);
    }
}
