package dev.handover;

/** No leader took the command in time; it was surely not applied. */
public final class NotLeaderException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public NotLeaderException(String message) {
        super(Retry.SAFE, message);
    }
}
