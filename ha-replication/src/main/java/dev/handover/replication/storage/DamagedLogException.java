package dev.handover.replication.storage;

import java.io.IOException;

/** What was once forced is not there any more. The message says what and where. */
final class DamagedLogException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String what;

    DamagedLogException(String what) {
        super(what);
        this.what = what;
    }

    String what() {
        return what;
    }
}
