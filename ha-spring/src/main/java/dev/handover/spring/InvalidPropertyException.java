package dev.handover.spring;

import java.io.UncheckedIOException;
import java.util.Objects;

/** A property that is missing or makes no sense; the message names it, its value, and what to do. */
final class InvalidPropertyException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String problem;
    private final String remedy;

    InvalidPropertyException(String key, String problem, String remedy) {
        super(key + ": " + problem + ". " + remedy);
        this.problem = key + ": " + problem + ".";
        this.remedy = remedy;
    }

    /** What the library itself has found wrong with the value; its messages name value and remedy. */
    InvalidPropertyException(String key, IllegalArgumentException cause) {
        super(key + ": " + cause.getMessage(), cause);
        this.problem = key + ": " + cause.getMessage();
        this.remedy = "Correct " + key + " in the application's configuration.";
    }

    /** What could not be done where the property says. */
    InvalidPropertyException(String key, UncheckedIOException failure, String remedy) {
        super(key + ": " + cause(failure) + ". " + remedy, failure);
        this.problem = key + ": " + cause(failure);
        this.remedy = remedy;
    }

    private static String cause(UncheckedIOException failure) {
        return String.valueOf(Objects.requireNonNull(failure.getCause()).getMessage());
    }

    String problem() {
        return problem;
    }

    String remedy() {
        return remedy;
    }
}
