package dev.handover.replication.transport;

import dev.handover.NodeId;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;

/**
 * Connections between the nodes of a cluster: one per pair, kept up by itself. A lost connection is dialled again at once, by both sides, so that
 * {@link TransportListener#refused} tells within milliseconds that the other process is gone.
 */
public interface Transport extends AutoCloseable {
    /** Begins to listen. Called once. */
    void start(NodeId self, TransportListener listener) throws IOException;

    /** Where other nodes can dial this one; known after {@link #start}. */
    InetSocketAddress address();

    /** Highest version of the wire protocol that it speaks. */
    int protocolVersion();

    /** Largest message that it carries, in bytes, all included. */
    default int maxFrameBytes() {
        return Integer.MAX_VALUE;
    }

    /** The peers to be connected with, and where; replaces what was said before (a peer that is no longer named is disconnected). */
    void connectTo(Map<NodeId, InetSocketAddress> peers);

    /**
     * Sends without blocking. Messages to one peer arrive in order, or the connection is lost.
     *
     * @return false if there is no connection, or too much waits to be written already: the message is dropped
     */
    boolean send(NodeId to, Envelope envelope);

    /**
     * As {@link #send(NodeId, Envelope)}, and says when the memory of the message may be used for something else. Commands share memory, see {@link
     * dev.handover.replication.protocol.PayloadMemory}; a transport that passes this on gives it back sooner than the garbage collector would.
     *
     * @param copied to be run once, on any thread, when neither this side nor the receiver looks at the message again: after it was turned into bytes, say. In doubt, and if the message is dropped,
     *     it need not be run; the default never does
     */
    default boolean send(NodeId to, Envelope envelope, Runnable copied) {
        return send(to, envelope);
    }

    /**
     * Runs a short task soon on the thread that sends, which what the task sends then need not wake. Any thread; never runs it before it returns, unless called on that thread.
     *
     * @return false if it will not be run: the transport has no such thread (the default), or is closed
     */
    default boolean execute(Runnable task) {
        return false;
    }

    /** Closes connections first and the listening port last, then ends all threads. Closing twice is fine. */
    @Override
    void close();
}
