package dev.handover;

/** Root of what Handover throws. Every one of them answers the caller's first question: may I retry? */
public abstract class HandoverException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** May the caller send the same command again? */
    public enum Retry {
        /** The command was surely not applied: send it again, best after a moment. */
        SAFE,
        /** The command may have been applied: send it again only if applying it twice does no harm. */
        MAY_APPLY_TWICE,
        /** Sending it again to this instance will fail again; the message says what to do instead. */
        NEVER
    }

    private final Retry retry;

    /** For subclasses. */
    protected HandoverException(Retry retry, String message) {
        super(message);
        this.retry = retry;
    }

    /** For subclasses. */
    protected HandoverException(Retry retry, String message, Throwable cause) {
        super(message, cause);
        this.retry = retry;
    }

    /** May I retry? */
    public final Retry retry() {
        return retry;
    }
}
