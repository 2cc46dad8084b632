package dev.handover;

/** The command may or may not have been applied, and even its session could not tell in time. */
public final class OutcomeUnknownException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group and the remedy. */
    public OutcomeUnknownException(String message) {
        super(Retry.MAY_APPLY_TWICE, message);
    }
}
