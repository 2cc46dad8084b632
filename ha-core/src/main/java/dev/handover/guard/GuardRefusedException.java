package dev.handover.guard;

import dev.handover.HandoverException;
import java.time.Duration;

/** A guard did not let the call through: it was surely not carried out. Says which guard, and when to come back. */
public abstract class GuardRefusedException extends HandoverException {
    private static final long serialVersionUID = 1L;

    private final String guard;
    private final Duration retryAfter;

    GuardRefusedException(String guard, Duration retryAfter, String message) {
        super(Retry.SAFE, message);
        this.guard = guard;
        this.retryAfter = retryAfter;
    }

    /** Name of the guard, or of the group of endpoints. */
    public final String guard() {
        return guard;
    }

    /** How long to stay away; an estimate where nobody can know. */
    public final Duration retryAfter() {
        return retryAfter;
    }

    /** A refusal is an answer and no accident; under overload there are many of them, so they carry no stack trace. */
    @Override
    public final synchronized Throwable fillInStackTrace() {
        return this;
    }
}
