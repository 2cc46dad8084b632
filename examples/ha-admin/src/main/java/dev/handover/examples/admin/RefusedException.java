package dev.handover.examples.admin;

/** The situation does not call for what was asked; nothing has changed, and the message says why. */
final class RefusedException extends Exception {
    private static final long serialVersionUID = 1L;

    RefusedException(String message) {
        super(message);
    }
}
