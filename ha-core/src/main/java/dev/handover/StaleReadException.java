package dev.handover;

/** This replica's copy is not, or not provably, as fresh as the read asks for: the message says how far it is. Nothing was changed; another node may do, or a later try. */
public final class StaleReadException extends HandoverException {
    private static final long serialVersionUID = 1L;

    /** With a message that names the group, what was asked for, what there is and the remedy. */
    public StaleReadException(String message) {
        super(Retry.SAFE, message);
    }
}
