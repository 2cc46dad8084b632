package dev.handover.election;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where other candidates see that this process is there: it accepts connections, says which instance it is (16 bytes) and keeps them open. When the
 * process dies, the kernel closes them and refuses new ones. With TLS only to those who show a certificate of a trusted authority.
 */
final class LivenessPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LivenessPort.class);
    private static final int MAX_CONNECTIONS = 256;
    private static final long SWEEP_MILLIS = 1000;
    static final long HANDSHAKE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Selector selector;
    private final ServerSocketChannel server;
    private final UUID instance;
    private final @Nullable Supplier<SSLContext> tls;
    private final String address;
    private final Thread thread;
    private int refusals; // of the thread
    private final Map<SocketChannel, Optional<LivenessTls>> open = new HashMap<>(); // of the thread

    LivenessPort(InetSocketAddress bind, UUID instance, String name, @Nullable Supplier<SSLContext> tls)
            throws IOException {
        this.instance = instance;
        this.tls = tls;
        selector = Selector.open();
        server = ServerSocketChannel.open();
        try {
            server.bind(bind);
            server.configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
        } catch (IOException e) {
            server.close();
            selector.close();
            throw new IOException(
                    "cannot listen at " + bind + " for the liveness of candidate '" + name
                            + "'; choose another port, or 0 for a free one",
                    e);
        }
        address = bind.getHostString() + ":" + server.socket().getLocalPort();
        thread = new Thread(this::loop, "handover-election-" + name + "-port");
        thread.setDaemon(true);
        thread.start();
    }

    /** Host as configured and the port in fact. */
    String address() {
        return address;
    }

    @Override
    public void close() {
        try {
            selector.close();
            server.close();
            thread.join(1000);
        } catch (IOException e) {
            LOG.warn("Cannot close the liveness port {}", address, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void loop() {
        while (selector.isOpen()) {
            try {
                if (tls == null) {
                    selector.select(this::ready);
                } else {
                    selector.select(this::ready, SWEEP_MILLIS);
                    sweep();
                }
            } catch (IOException e) {
                LOG.warn("The liveness port {} failed; the others fall back to the session time-out", address, e);
                break;
            } catch (ClosedSelectorException e) {
                LOG.debug("The liveness port {} is closed", address, e);
            }
        }
        closeAll();
    }

    private void closeAll() {
        // closing the selector has cancelled the keys, but not closed their channels
        for (SocketChannel channel : List.copyOf(open.keySet())) {
            closeQuietly(channel);
        }
    }

    private void ready(SelectionKey key) {
        if (key.isAcceptable()) {
            accept();
        } else {
            SocketChannel channel = (SocketChannel) key.channel();
            LivenessTls secured = open.getOrDefault(channel, Optional.empty()).orElse(null);
            try {
                if (secured == null) {
                    if (channel.read(ByteBuffer.allocate(64)) < 0) {
                        closeQuietly(channel);
                    }
                } else if (secured.go()) {
                    key.interestOps(
                            secured.hasMoreToWrite()
                                    ? SelectionKey.OP_READ | SelectionKey.OP_WRITE
                                    : SelectionKey.OP_READ);
                } else {
                    closeQuietly(channel);
                }
            } catch (SSLException | RuntimeException e) {
                refuse(channel, String.valueOf(e.getMessage()));
            } catch (IOException e) {
                LOG.debug("A watcher of {} has gone", address, e);
                closeQuietly(channel);
            }
        }
    }

    private void accept() {
        try {
            SocketChannel channel = server.accept();
            if (channel == null) {
                return;
            }
            if (open.size() >= MAX_CONNECTIONS) {
                channel.close();
                return;
            }
            open.put(channel, Optional.empty());
            channel.configureBlocking(false);
            ByteBuffer hello = ByteBuffer.allocate(16);
            hello.putLong(instance.getMostSignificantBits())
                    .putLong(instance.getLeastSignificantBits())
                    .flip();
            Supplier<SSLContext> contexts = tls;
            if (contexts != null) {
                try {
                    open.put(channel, Optional.of(new LivenessTls(channel, contexts.get(), hello)));
                    channel.register(selector, SelectionKey.OP_READ);
                } catch (RuntimeException e) {
                    refuse(channel, "this process's own TLS cannot be used: " + e.getMessage());
                }
                return;
            }
            channel.write(hello); // 16 bytes always fit into the buffer of a new connection
            channel.register(selector, SelectionKey.OP_READ);
        } catch (IOException e) {
            LOG.debug("A watcher of {} has gone at once", address, e);
        }
    }

    /** A handshake that is not finished takes a place, but not for ever. */
    private void sweep() {
        for (Map.Entry<SocketChannel, Optional<LivenessTls>> each : List.copyOf(open.entrySet())) {
            if (each.getValue()
                    .filter(secured -> secured.isLate(HANDSHAKE_NANOS))
                    .isPresent()) {
                refuse(each.getKey(), "its handshake was not finished in time");
            }
        }
    }

    private void refuse(SocketChannel channel, String why) {
        if (refusals++ == 0) { // others are most likely of the same kind
            LOG.warn(
                    "The liveness port {} refuses {}: {}; TLS, with a certificate of a trusted authority, is for all candidates or for none",
                    address,
                    channel.socket().getRemoteSocketAddress(),
                    why);
        }
        closeQuietly(channel);
    }

    private void closeQuietly(SocketChannel channel) {
        open.remove(channel);
        try {
            channel.close();
        } catch (IOException e) {
            LOG.debug("Cannot close a connection of {}", address, e);
        }
    }
}
