package dev.handover.election;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where other candidates see that this process is there: it accepts connections, says which instance it is (16 bytes) and keeps them open. When the
 * process dies, the kernel closes them and refuses new ones.
 */
final class LivenessPort implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LivenessPort.class);
    private static final int MAX_CONNECTIONS = 256;

    private final Selector selector;
    private final ServerSocketChannel server;
    private final UUID instance;
    private final String address;
    private final Thread thread;
    private final Set<SocketChannel> open = new HashSet<>(); // of the thread

    LivenessPort(InetSocketAddress bind, UUID instance, String name) throws IOException {
        this.instance = instance;
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
                selector.select(this::ready);
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
        for (SocketChannel channel : List.copyOf(open)) {
            closeQuietly(channel);
        }
    }

    private void ready(SelectionKey key) {
        if (key.isAcceptable()) {
            accept();
        } else {
            SocketChannel channel = (SocketChannel) key.channel();
            try {
                if (channel.read(ByteBuffer.allocate(64)) < 0) {
                    closeQuietly(channel);
                }
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
            open.add(channel);
            channel.configureBlocking(false);
            ByteBuffer hello = ByteBuffer.allocate(16);
            hello.putLong(instance.getMostSignificantBits())
                    .putLong(instance.getLeastSignificantBits())
                    .flip();
            channel.write(hello); // 16 bytes always fit into the buffer of a new connection
            channel.register(selector, SelectionKey.OP_READ);
        } catch (IOException e) {
            LOG.debug("A watcher of {} has gone at once", address, e);
        }
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
