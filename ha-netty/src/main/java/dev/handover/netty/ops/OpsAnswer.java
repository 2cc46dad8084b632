package dev.handover.netty.ops;

import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * What is answered.
 *
 * @param delayMillis it is held back for so long
 */
record OpsAnswer(HttpResponseStatus status, String contentType, String body, long delayMillis) {
    private static final String TEXT = "text/plain; charset=utf-8";

    static OpsAnswer of(String contentType, String body) {
        return new OpsAnswer(HttpResponseStatus.OK, contentType, body, 0);
    }

    /** One line. */
    static OpsAnswer text(HttpResponseStatus status, String line) {
        return new OpsAnswer(status, TEXT, line + "\n", 0);
    }

    OpsAnswer after(long millis) {
        return new OpsAnswer(status, contentType, body, millis);
    }
}
