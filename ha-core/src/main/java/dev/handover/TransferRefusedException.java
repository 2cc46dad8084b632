package dev.handover;

/** The leadership was not given to another replica, and nothing has changed: the message says why. Ask again when that is gone. */
public final class TransferRefusedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group, the reason and the remedy. */
    public TransferRefusedException(String message) {
        super(Retry.SAFE, message);
    }
}
