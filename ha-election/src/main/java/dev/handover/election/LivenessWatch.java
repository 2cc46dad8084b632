package dev.handover.election;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the leader's {@link LivenessPort}. The evidence that its process is gone: a connection on which it had said who it is was closed, and then its
 * port refused several times in a row. A host that does not answer, or a connection that was never made, is no evidence.
 */
final class LivenessWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LivenessWatch.class);
    private static final int REFUSALS = 3;
    private static final long BETWEEN_MILLIS = 2;
    private static final long AGAIN_MILLIS = 250;
    private static final int CONNECT_MILLIS = 1000;
    private static final int HELLO_MILLIS = 10_000;

    private final String name;
    private final Consumer<UUID> gone;
    private final @Nullable Supplier<SSLContext> tls;
    private @Nullable Watch current;

    LivenessWatch(String name, @Nullable Supplier<SSLContext> tls, Consumer<UUID> gone) {
        this.name = name;
        this.tls = tls;
        this.gone = gone;
    }

    /** Watches this leader, or nobody; goes on if it is the same as before. */
    synchronized void watch(Records.@Nullable LeaderNode leader) {
        Watch before = current;
        boolean wanted = leader != null && !leader.address().isEmpty();
        if (before != null && wanted && before.leader.equals(leader)) {
            return;
        }
        if (before != null) {
            before.close();
            current = null;
        }
        if (wanted && leader != null) {
            Watch watch = new Watch(leader);
            current = watch;
            Thread thread = new Thread(watch, name);
            thread.setDaemon(true);
            thread.start();
        }
    }

    @Override
    public void close() {
        watch(null);
    }

    private final class Watch implements Runnable {
        private final Records.LeaderNode leader;
        private @Nullable Socket socket;
        private boolean closed;
        private boolean said;

        Watch(Records.LeaderNode leader) {
            this.leader = leader;
        }

        @Override
        public void run() {
            boolean known = false;
            int refusals = 0;
            while (!isClosed()) {
                try {
                    if (read()) {
                        known = true;
                        refusals = 0;
                    }
                } catch (ConnectException e) {
                    refusals++;
                    if (known && refusals == REFUSALS) {
                        LOG.info(
                                "{}: the process of leader {} is gone: its connection was closed and {} refused {} times",
                                name,
                                leader.name(),
                                leader.address(),
                                REFUSALS);
                        gone.accept(leader.instance());
                        return;
                    }
                } catch (IOException e) {
                    refusals = 0;
                    noEvidence(e);
                }
                pause(!known ? AGAIN_MILLIS : refusals > 0 ? BETWEEN_MILLIS : 0);
            }
        }

        private void noEvidence(IOException e) {
            if (!said
                    && !isClosed()
                    && (tls != null || e instanceof SocketTimeoutException || e instanceof EOFException)) {
                said = true;
                LOG.warn(
                        "{}: leader {} cannot be watched at {}: {}; TLS is for all candidates or for none, with certificates of authorities that they trust. Until then only the end of its session tells that it is gone",
                        name,
                        leader.name(),
                        leader.address(),
                        e instanceof EOFException ? "it hangs up before it says who it is" : e.getMessage());
            }
            LOG.debug("{}: no evidence about {}", name, leader.name(), e);
        }

        /** Connects and reads until the end; whether it was the leader's process that answered. */
        private boolean read() throws IOException {
            try (Socket dialled = new Socket()) {
                open(dialled);
                int colon = leader.address().lastIndexOf(':');
                dialled.connect(
                        new InetSocketAddress(
                                leader.address().substring(0, colon),
                                Integer.parseInt(leader.address().substring(colon + 1))),
                        CONNECT_MILLIS);
                dialled.setSoTimeout(HELLO_MILLIS);
                DataInputStream in = new DataInputStream(secured(dialled).getInputStream());
                UUID answered = new UUID(in.readLong(), in.readLong());
                if (!answered.equals(leader.instance())) {
                    pause(AGAIN_MILLIS);
                    return false;
                }
                dialled.setSoTimeout(0);
                try {
                    while (in.read() >= 0) {
                        LOG.trace("{}: the port says more than it should", name);
                    }
                } catch (IOException e) {
                    LOG.debug("{}: the connection to {} is lost", name, leader.name(), e);
                }
                return true;
            }
        }

        /** What is heard on it is of somebody whom an authority has certified; its end may be anybody's work, with TLS as without. */
        private Socket secured(Socket dialled) throws IOException {
            if (tls == null) {
                return dialled;
            }
            SSLSocket secured = (SSLSocket) tls.get().getSocketFactory().createSocket(dialled, null, 0, true);
            secured.setEnabledProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
            secured.startHandshake();
            return secured;
        }

        private synchronized void open(Socket dialled) throws IOException {
            if (closed) {
                throw new IOException("no longer watched");
            }
            socket = dialled;
        }

        private synchronized boolean isClosed() {
            return closed;
        }

        private synchronized void pause(long millis) {
            try {
                long end = System.nanoTime() + millis * 1_000_000;
                for (long left = millis; !closed && left > 0; left = (end - System.nanoTime()) / 1_000_000) {
                    wait(left);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                closed = true;
            }
        }

        synchronized void close() {
            closed = true;
            notifyAll();
            Socket open = socket;
            if (open != null) {
                try {
                    open.close();
                } catch (IOException e) {
                    LOG.debug("{}: cannot close", name, e);
                }
            }
        }
    }
}
