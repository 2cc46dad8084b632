package dev.handover.netty;

import java.io.IOException;

/** Uses certificates, and others when these have changed. */
interface Renewable {
    /** Those in use. */
    TlsOptions options();

    /**
     * For connections that begin from now on.
     *
     * @throws IOException if they cannot be used; nothing has changed then
     */
    void renew(TlsOptions options) throws IOException;
}
