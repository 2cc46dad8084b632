package dev.handover.examples.kv.resp;

import dev.handover.HandoverException;
import dev.handover.OverloadedException;
import java.util.concurrent.CompletionException;

/** Errors of the replicated log in the words of the protocol. {@code TRYAGAIN} and {@code OVERLOADED} promise that nothing was executed. */
final class Failures {
    private Failures() {}

    /** Nothing was executed. */
    static Reply tryAgain(String why) {
        return new Reply.Failure("TRYAGAIN " + why);
    }

    /** Nothing was executed, and less would be more. */
    static Reply overloaded(String why) {
        return new Reply.Failure("OVERLOADED " + why);
    }

    /** It may have been executed. */
    static Reply uncertain(String why) {
        return new Reply.Failure("UNCERTAIN " + why);
    }

    /** For a write, which is uncertain unless the exception promises that it was not applied. */
    static Reply ofWrite(Throwable thrown) {
        Throwable cause = unwrap(thrown);
        if (cause instanceof OverloadedException) {
            return overloaded(text(cause));
        } else if (cause instanceof HandoverException e && e.retry() == HandoverException.Retry.SAFE) {
            return tryAgain(text(cause));
        }
        return uncertain(text(cause));
    }

    /** For a read, which changes nothing and may always be asked again. */
    static Reply ofRead(Throwable thrown) {
        Throwable cause = unwrap(thrown);
        return cause instanceof OverloadedException ? overloaded(text(cause)) : tryAgain(text(cause));
    }

    private static Throwable unwrap(Throwable thrown) {
        return thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
    }

    private static String text(Throwable cause) {
        return cause instanceof HandoverException ? String.valueOf(cause.getMessage()) : cause.toString();
    }
}
