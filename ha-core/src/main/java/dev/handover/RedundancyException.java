package dev.handover;

/** Fewer replicas are in sync than minInSync asks for: the write was refused and surely not applied. */
public final class RedundancyException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public RedundancyException(String message) {
        super(Retry.SAFE, message);
    }
}
