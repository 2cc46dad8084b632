package dev.handover.netty;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Objects;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What new connections of a port beside the transport's show and check: the JDK's {@link SSLContext} of {@link TlsOptions}, which follows the {@linkplain TlsOptions#checkFilesEvery changes of their files} and
 * {@link #renew}. Certificates of others are checked against the trusted authorities only; whom they name is up to the port. One daemon thread, {@code <port>-tls}. Any thread may ask.
 */
public final class RenewableTls implements Supplier<SSLContext>, Renewable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RenewableTls.class);

    private record InUse(TlsOptions options, SSLContext context) {}

    private final String port;
    private final TlsWatch watch;
    private volatile InUse inUse;

    private RenewableTls(String port, TlsOptions options) throws IOException {
        this.port = port;
        inUse = checked(options);
        watch = new TlsWatch(port, this, options.checkFilesEvery());
    }

    /**
     * Begins to look at the files.
     *
     * @param port what it is for, in a word; for the log
     * @throws IOException if this process's own certificate is not valid now
     */
    public static RenewableTls of(String port, TlsOptions options) throws IOException {
        return new RenewableTls(Objects.requireNonNull(port, "port"), options);
    }

    private InUse checked(TlsOptions options) throws IOException {
        X509Certificate own = options.own();
        String problem = own == null ? null : Tls.invalid(own);
        if (problem != null) {
            throw new IOException(port + " cannot speak TLS: its own " + problem);
        }
        try {
            return new InUse(options, options.context());
        } catch (GeneralSecurityException e) {
            throw new IOException(port + " cannot speak TLS: " + e.getMessage(), e);
        }
    }

    @Override
    public SSLContext get() {
        return inUse.context();
    }

    /**
     * For connections that begin from now on; for certificates that come from elsewhere than files.
     *
     * @throws IOException if this process's own certificate is not valid now; nothing has changed then
     */
    @Override
    public void renew(TlsOptions options) throws IOException {
        inUse = checked(options);
        LOG.info("{}: new connections use other certificates", port);
    }

    @Override
    public TlsOptions options() {
        return inUse.options();
    }

    /** No file is looked at any more; the last context goes on. Closing twice is fine. */
    @Override
    public void close() {
        watch.close();
    }
}
