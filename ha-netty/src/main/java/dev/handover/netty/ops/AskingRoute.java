package dev.handover.netty.ops;

import dev.handover.GroupId;
import dev.handover.Registration;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the nodes' operations ports in turn, the last known leader first, on one daemon thread. */
final class AskingRoute implements LeaderRoute {
    private static final Logger LOG = LoggerFactory.getLogger(AskingRoute.class);
    private static final int CONNECT_MILLIS = 300;
    private static final int ANSWER_MILLIS = 1000;
    private static final byte[] YES = "HTTP/1.1 200 ".getBytes(StandardCharsets.US_ASCII);

    private final byte[] question;
    private final Map<InetSocketAddress, InetSocketAddress> nodes;
    private final Duration interval;
    private final @Nullable Supplier<SSLContext> tls;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean closed;
    private volatile @Nullable Socket asked;
    private volatile @Nullable InetSocketAddress leader;
    private @Nullable InetSocketAddress lastPort;
    private final Set<InetSocketAddress> saidOf = new HashSet<>();

    AskingRoute(
            GroupId group,
            Map<InetSocketAddress, InetSocketAddress> nodes,
            Duration interval,
            @Nullable Supplier<SSLContext> tls) {
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException("no nodes are given to ask for the leader of group " + group);
        }
        if (interval.toMillis() < 10 || interval.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("interval " + interval + " is not between 10 ms and 1 min");
        }
        this.nodes = new LinkedHashMap<>(nodes);
        this.interval = interval;
        this.tls = tls;
        question = ("GET /leader?group=" + URLEncoder.encode(group.value(), StandardCharsets.UTF_8)
                        + " HTTP/1.0\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII);
        thread = new Thread(this::run, "leader-route-" + group);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public @Nullable InetSocketAddress leader() {
        return leader;
    }

    @Override
    public Registration listen(Runnable changed) {
        listeners.add(changed);
        return () -> listeners.remove(changed);
    }

    @Override
    public void close() {
        closed = true;
        listeners.clear();
        thread.interrupt();
        Socket open = asked;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                LOG.debug("cannot close a connection to an operations port", e);
            }
        }
        if (Thread.currentThread() != thread) {
            try {
                thread.join(2L * ANSWER_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        try {
            while (!closed) {
                InetSocketAddress found = find();
                if (!Objects.equals(found, leader) && !closed) {
                    leader = found;
                    listeners.forEach(Runnable::run);
                }
                Thread.sleep(interval.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        }
    }

    private @Nullable InetSocketAddress find() {
        InetSocketAddress first = lastPort;
        if (first != null && leads(first)) {
            return nodes.get(first);
        }
        for (InetSocketAddress port : nodes.keySet()) {
            if (!port.equals(first) && !closed && leads(port)) {
                lastPort = port;
                return nodes.get(port);
            }
        }
        return null;
    }

    private boolean leads(InetSocketAddress port) {
        try (Socket socket = new Socket()) {
            asked = socket;
            socket.setSoTimeout(ANSWER_MILLIS);
            socket.connect(port, CONNECT_MILLIS);
            return isYes(secured(socket, port));
        } catch (SSLException e) {
            if (saidOf.add(port)) {
                LOG.warn(
                        "{} cannot be asked who leads: {}; it must speak TLS with a certificate that names this host, of an authority that is trusted here",
                        port,
                        e.getMessage());
            }
            return false;
        } catch (IOException e) {
            LOG.trace("{} does not say whether it leads", port, e);
            return false;
        } finally {
            asked = null;
        }
    }

    private Socket secured(Socket socket, InetSocketAddress port) throws IOException {
        Supplier<SSLContext> contexts = tls;
        if (contexts == null) {
            return socket;
        }
        SSLSocket secured = (SSLSocket)
                contexts.get().getSocketFactory().createSocket(socket, port.getHostString(), port.getPort(), true);
        SSLParameters parameters = secured.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        secured.setSSLParameters(parameters);
        secured.startHandshake();
        return secured;
    }

    private boolean isYes(Socket socket) throws IOException {
        socket.getOutputStream().write(question);
        return Arrays.equals(socket.getInputStream().readNBytes(YES.length), YES);
    }
}
