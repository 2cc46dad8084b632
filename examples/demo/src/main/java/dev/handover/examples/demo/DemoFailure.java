package dev.handover.examples.demo;

/** The demo cannot go on; the message says why in words for whoever looks at the terminal. */
final class DemoFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DemoFailure(String message) {
        super(message);
    }

    DemoFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
