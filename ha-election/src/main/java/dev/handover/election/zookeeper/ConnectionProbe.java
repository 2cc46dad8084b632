package dev.handover.election.zookeeper;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Duration;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.apache.zookeeper.client.ConnectStringParser;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.common.ClientX509Util;
import org.apache.zookeeper.common.X509Exception;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out why there is no session although a server accepts connections. ZooKeeper's client tries again for ever and tells nobody but its log; so after a while without a session this dials the servers itself, with the client's settings, and says in an operator's words
 * what is wrong with TLS. One daemon thread while there is no session. Nothing is decided by it.
 */
public final class ConnectionProbe implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionProbe.class);
    private static final int DIAL_MILLIS = 2000;
    private static final int HANDSHAKE_MILLIS = 10_000; // for each message
    private static final int ALERT_MILLIS = 500;
    private static final Duration FIRST = Duration.ofSeconds(2);
    private static final Duration NOTHING_FOUND = Duration.ofSeconds(5);
    private static final Duration AGAIN = Duration.ofSeconds(30);

    private static final String SPEAKS_TLS =
            "speaks TLS there, and this client does not: set tls(ZooKeeperTls), or dial its clientPort instead of its secureClientPort";

    /** Where the client's settings come from; asked on the probe's thread, may fail while there is no client. */
    public interface Settings {
        ZKClientConfig get() throws Exception;
    }

    private final String servers;
    private final Settings settings;
    private final Duration first;
    private final Consumer<String> finding;
    private boolean everConnected;
    private boolean connected;
    private boolean closed;
    private @Nullable Thread thread;
    private @Nullable Socket socket;

    /**
     * Of one client.
     *
     * @param servers {@code host:port}, separated by commas
     * @param finding is called on the probe's thread with each other thing that is found
     */
    public ConnectionProbe(String servers, Settings settings, Consumer<String> finding) {
        this(servers, settings, FIRST, finding);
    }

    ConnectionProbe(String servers, Settings settings, Duration first, Consumer<String> finding) {
        this.servers = servers;
        this.settings = settings;
        this.first = first;
        this.finding = finding;
    }

    /** There is no session now. */
    public synchronized void disconnected() {
        connected = false;
        if (thread == null && !closed) {
            Thread created = new Thread(this::run, "handover-zookeeper-probe");
            created.setDaemon(true);
            thread = created;
            created.start();
        }
    }

    /** There is one. */
    public synchronized void connected() {
        connected = true;
        everConnected = true;
        notifyAll();
    }

    /** Ends the thread; waits for it. Closing twice is fine. */
    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            closed = true;
            notifyAll();
            running = thread;
            Socket dialling = socket;
            if (dialling != null) {
                try {
                    dialling.close();
                } catch (IOException e) {
                    LOG.debug("cannot close a connection to ZooKeeper", e);
                }
            }
        }
        if (running != null && running != Thread.currentThread()) {
            try {
                running.join(DIAL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        String last = "";
        Duration pause = first;
        while (pause(pause)) {
            String found = look();
            pause = found == null ? NOTHING_FOUND : AGAIN;
            if (found != null && !found.equals(last) && isWanted()) {
                last = found;
                LOG.warn("There is no session with ZooKeeper at {}: {}", servers, found);
                finding.accept(found);
            }
        }
    }

    /** False, and the thread's end, when there is nothing to look for any more. */
    private synchronized boolean pause(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        try {
            for (long left = time.toMillis();
                    !connected && !closed && left > 0;
                    left = (end - System.nanoTime()) / 1_000_000) {
                wait(left);
            }
        } catch (InterruptedException e) {
            closed = true; // whoever interrupts it wants its end
        }
        if (connected || closed) {
            thread = null;
            return false;
        }
        return true;
    }

    private synchronized boolean isWanted() {
        return !connected && !closed;
    }

    private @Nullable String look() {
        try {
            ZKClientConfig config = settings.get();
            boolean secure = config.getBoolean(ZKClientConfig.SECURE_CLIENT);
            synchronized (this) {
                if (!secure && everConnected) {
                    return null; // it is not TLS
                }
            }
            for (InetSocketAddress server : new ConnectStringParser(servers).getServerAddresses()) {
                String found = isWanted() ? look(server, secure ? config : null) : null;
                if (found != null) {
                    return server.getHostString() + ":" + server.getPort() + " " + found;
                }
            }
            return null;
        } catch (X509Exception e) {
            return "this client's own TLS settings cannot be used: "
                    + ZooKeeperTls.rootOf(e).getMessage();
        } catch (Exception e) {
            LOG.debug("nothing is found out about ZooKeeper at {}", servers, e);
            return null;
        }
    }

    /** What is wrong there; null if nothing is, or nobody accepts connections. */
    private @Nullable String look(InetSocketAddress server, @Nullable ZKClientConfig config)
            throws X509Exception, GeneralSecurityException {
        SSLContext context;
        boolean checkHost = false;
        if (config == null) {
            context = SSLContext.getDefault();
        } else {
            try (ClientX509Util util = new ClientX509Util()) {
                context = util.createSSLContext(config);
                checkHost = util.isServerHostnameVerificationEnabled(config);
            }
        }
        try (Socket dialled = new Socket()) {
            synchronized (this) {
                socket = dialled;
            }
            dialled.setSoTimeout(HANDSHAKE_MILLIS);
            dialled.connect(new InetSocketAddress(server.getHostString(), server.getPort()), DIAL_MILLIS);
            SSLSocket secured = (SSLSocket)
                    context.getSocketFactory().createSocket(dialled, server.getHostString(), server.getPort(), true);
            if (checkHost) {
                SSLParameters parameters = secured.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                secured.setSSLParameters(parameters);
            }
            try {
                secured.startHandshake();
                return config == null ? SPEAKS_TLS : afterHandshake(secured);
            } catch (SSLException e) {
                return config == null ? (isFromTls(e) ? SPEAKS_TLS : null) : explain(e);
            }
        } catch (IOException e) {
            LOG.debug("{} says nothing", server, e);
            return null;
        } finally {
            synchronized (this) {
                socket = null;
            }
        }
    }

    /** With TLS 1.3 a server refuses the client's certificate only then. */
    private static @Nullable String afterHandshake(SSLSocket secured) throws IOException {
        secured.setSoTimeout(ALERT_MILLIS);
        try {
            int ignored = secured.getInputStream().read();
            LOG.trace("a server speaks first: {}", ignored);
            return null;
        } catch (SocketTimeoutException e) {
            LOG.trace("the server waits for the client, as it should", e);
            return null;
        } catch (SSLException e) {
            return explain(e);
        }
    }

    private static boolean isFromTls(SSLException failure) {
        return ZooKeeperTls.rootOf(failure) instanceof CertPathBuilderException || isAlert(failure);
    }

    private static boolean isAlert(SSLException failure) {
        return String.valueOf(failure.getMessage()).contains("fatal alert");
    }

    static String explain(SSLException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertPathBuilderException) {
                return "shows a certificate of no authority in the trust store: add that authority's certificate (keytool -importcert -alias ca -file ca.crt -keystore FILE)";
            }
            if (cause instanceof CertificateExpiredException) {
                return "shows a certificate that has expired (" + cause.getMessage() + "): renew it there";
            }
            if (cause instanceof CertificateNotYetValidException) {
                return "shows a certificate that is not valid yet (" + cause.getMessage() + "): do the clocks agree?";
            }
            if (cause.getCause() == null && cause instanceof CertificateException) {
                return "shows a certificate that is not accepted (" + cause.getMessage()
                        + "): it must name the host in the connect string";
            }
        }
        String text = String.valueOf(failure.getMessage());
        if (isAlert(failure)) {
            return "does not accept this client's certificate, or misses it (" + text
                    + "): set ZooKeeperTls.key with one of an authority in the server's trust store";
        }
        if (text.contains("Unsupported or unrecognized SSL message")
                || failure instanceof SSLHandshakeException && failure.getCause() instanceof EOFException) {
            return "does not speak TLS there: dial its secureClientPort, not its clientPort";
        }
        return "does not agree on TLS: " + text;
    }
}
