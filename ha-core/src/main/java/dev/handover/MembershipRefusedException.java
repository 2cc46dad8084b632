package dev.handover;

/** A node was not removed from its group, or not admitted again, and nothing has changed: the message says why. Ask again when that is gone. */
public final class MembershipRefusedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group, the reason and the remedy. */
    public MembershipRefusedException(String message) {
        super(Retry.SAFE, message);
    }
}
