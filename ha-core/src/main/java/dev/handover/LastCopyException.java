package dev.handover;

/** A planned stop was refused, and nothing has changed: this node holds the last in-sync copy of a group, which would be down without it. */
public final class LastCopyException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the groups and the remedy. */
    public LastCopyException(String message) {
        super(Retry.NEVER, message);
    }
}
