package dev.handover;

/** A blue-green switch was not begun, approved or aborted, and nothing has changed: the message says why. Ask again when that is gone. */
public final class SwitchRefusedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the service, the reason and the remedy. */
    public SwitchRefusedException(String message) {
        super(Retry.SAFE, message);
    }
}
