package dev.handover.netty;

import java.io.IOException;

/** The peer sent bytes that are no frame of this protocol. The connection they came on cannot be used any more. */
final class WireFormatException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * @param what the frame or field
     * @param where offset in the frame's body, in bytes
     * @param problem with the offending value
     */
    WireFormatException(String what, int where, String problem) {
        super(what + " at byte " + where + ": " + problem);
    }
}
